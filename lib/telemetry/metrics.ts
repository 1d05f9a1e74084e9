/** The metrics port over prom-client, with a registry of its own. Bound series are kept, so that counting is one addition. */
import {
  Counter as PromCounter,
  Gauge as PromGauge,
  Histogram as PromHistogram,
  Registry,
} from "prom-client";
import { METRIC_DESCRIPTIONS, type MetricName } from "./names.ts";
import type { Counter, Gauge, Histogram, Metrics } from "./port.ts";

/** Buckets of durations in seconds: a signature takes 50 us, a slow client a second. */
const SECONDS_BUCKETS = [
  0.0001,
  0.00025,
  0.0005,
  0.001,
  0.0025,
  0.005,
  0.01,
  0.025,
  0.05,
  0.1,
  0.25,
  0.5,
  1,
  2.5,
  10,
];
/** Series of one metric; label values come from signet's own tables, so more is a bug. */
const MAX_SERIES = 1000;

type Labels = Readonly<Record<string, string>>;

/** Makes an empty set of metrics. */
export function createMetrics(): Metrics {
  const registry = new Registry();
  const bound = new Map<string, Counter | Gauge | Histogram>();

  const bind = <T extends Counter | Gauge | Histogram>(
    name: string,
    labels: Labels,
    make: () => T,
  ): T => {
    const key = name + JSON.stringify(labels);
    const known = bound.get(key);
    if (known !== undefined) return known as T;
    if (bound.size >= MAX_SERIES) {
      throw new RangeError(`Cannot add series ${key}: there are ${MAX_SERIES} already`);
    }
    const made = make();
    bound.set(key, made);
    return made;
  };

  const options = (name: string) => {
    const { help, labels } = METRIC_DESCRIPTIONS[name as MetricName];
    return { name, help, labelNames: [...labels], registers: [registry] };
  };

  return {
    counter: (name, labels = {}) =>
      bind(name, labels, () => {
        const metric =
          (registry.getSingleMetric(name) ?? new PromCounter(options(name))) as PromCounter;
        const child = metric.labels(labels);
        return { inc: (by = 1) => child.inc(by) };
      }),
    histogram: (name, labels = {}) =>
      bind(name, labels, () => {
        const metric = (registry.getSingleMetric(name) ??
          new PromHistogram({ ...options(name), buckets: SECONDS_BUCKETS })) as PromHistogram;
        const child = metric.labels(labels);
        return { observe: (value: number) => child.observe(value) };
      }),
    gauge: (name, labels = {}) =>
      bind(name, labels, () => {
        const metric =
          (registry.getSingleMetric(name) ?? new PromGauge(options(name))) as PromGauge;
        const child = metric.labels(labels);
        return { set: (value: number) => child.set(value) };
      }),
    computedGauge(name, compute) {
      new PromGauge({
        ...options(name),
        collect() {
          const value = compute();
          if (value === undefined) this.remove();
          else this.set(value);
        },
      });
    },
    expose: async () => ({ contentType: registry.contentType, body: await registry.metrics() }),
  };
}
