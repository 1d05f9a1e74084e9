/**
 * The metrics port. Counting is an addition and observing a short search: the values live here, and prom-client writes them as text when
 * they are scraped (its own counters join the labels to a key on every call, which costs more than a tenth of a microsecond each).
 */
import type { Metric as PromMetric } from "prom-client";
import { METRIC_DESCRIPTIONS, type MetricName } from "./names.ts";
import type {
  Counter,
  Gauge,
  Histogram,
  HistogramValue,
  MetricFamily,
  Metrics,
  MetricSample,
} from "./port.ts";

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
/** Series of all metrics; label values come from signet's own tables, so more is a bug. */
export const MAX_SERIES = 1000;

type Labels = Readonly<Record<string, string>>;
type Kind = MetricFamily["type"];

/** One series: what callers hold, and what it shows. */
interface Series {
  readonly handle: Counter | Gauge | Histogram;
  /** `undefined` until the first use: the series does not appear before. */
  read(): MetricSample | undefined;
}

interface Family {
  readonly type: Kind;
  readonly series: Map<string, Series>;
}

/** Makes an empty set of metrics. */
export function createMetrics(): Metrics {
  const families = new Map<string, Family>();
  let seriesCount = 0;

  const bind = (name: string, type: Kind, labels: Labels, make: () => Series): Series => {
    let family = families.get(name);
    if (family === undefined) families.set(name, family = { type, series: new Map() });
    if (family.type !== type) {
      throw new TypeError(`Cannot use ${name} as a ${type}: it is a ${family.type}`);
    }
    const key = JSON.stringify(labels);
    const known = family.series.get(key);
    if (known !== undefined) return known;
    checkLabels(name, labels);
    if (++seriesCount > MAX_SERIES) {
      throw new RangeError(`Cannot add series ${name} ${key}: there are ${MAX_SERIES} already`);
    }
    const made = make();
    family.series.set(key, made);
    return made;
  };

  const snapshot = () => readFamilies(families);
  return {
    counter: (name, labels = {}) =>
      bind(name, "counter", labels, () => counterSeries(labels)).handle as Counter,
    histogram: (name, labels = {}) =>
      bind(name, "histogram", labels, () => histogramSeries(labels)).handle as Histogram,
    gauge: (name, labels = {}) =>
      bind(name, "gauge", labels, () => gaugeSeries(labels)).handle as Gauge,
    computedGauge: (name, compute) => void bind(name, "gauge", {}, () => computedSeries(compute)),
    snapshot,
    expose: () => formatText(snapshot()),
  };
}

function checkLabels(name: string, labels: Labels): void {
  const wanted: readonly string[] = METRIC_DESCRIPTIONS[name as MetricName].labels;
  const given = Object.keys(labels);
  if (given.length === wanted.length && wanted.every((label) => label in labels)) return;
  throw new TypeError(`Cannot use ${name}: labels are ${given}, should be ${wanted}`);
}

function counterSeries(labels: Labels): Series {
  let value = 0;
  return {
    handle: { inc: (by = 1) => void (value += by) },
    read: () => value === 0 ? undefined : { labels, value },
  };
}

function gaugeSeries(labels: Labels): Series {
  let value: number | undefined;
  return {
    handle: { set: (to: number) => void (value = to) },
    read: () => value === undefined ? undefined : { labels, value },
  };
}

function computedSeries(compute: () => number | undefined): Series {
  return {
    handle: { set: () => {} },
    read() {
      const value = compute();
      return value === undefined ? undefined : { labels: {}, value };
    },
  };
}

function histogramSeries(labels: Labels): Series {
  const counts = new Float64Array(SECONDS_BUCKETS.length + 1);
  let sum = 0;
  return {
    handle: {
      observe(value: number) {
        let at = 0;
        while (at < SECONDS_BUCKETS.length && value > SECONDS_BUCKETS[at]!) at++;
        counts[at]!++;
        sum += value;
      },
    },
    read() {
      const count = counts.reduce((total, each) => total + each, 0);
      if (count === 0) return undefined;
      return { labels, value: { bounds: SECONDS_BUCKETS, counts: [...counts], sum, count } };
    },
  };
}

function readFamilies(families: ReadonlyMap<string, Family>): readonly MetricFamily[] {
  const read: MetricFamily[] = [];
  for (const [name, { type, series }] of families) {
    const samples: MetricSample[] = [];
    for (const each of series.values()) {
      const sample = each.read();
      if (sample !== undefined) samples.push(sample);
    }
    const { help } = METRIC_DESCRIPTIONS[name as MetricName];
    if (samples.length > 0) read.push({ name, help, type, samples });
  }
  return read;
}

/** The Prometheus text format, version 0.0.4. */
async function formatText(
  families: readonly MetricFamily[],
): Promise<{ readonly contentType: string; readonly body: string }> {
  const { Registry } = await import("prom-client"); // not loaded before the first scrape: a start has no use for it
  const registry = new Registry();
  for (const { name, help, type, samples } of families) {
    const values = samples.flatMap((sample) => linesOf(name, sample));
    const metric = { name, get: () => Promise.resolve({ name, help, type, values }) };
    // prom-client's type of a metric is its own classes; of one that it writes it reads no more than this.
    registry.registerMetric(metric as unknown as PromMetric);
  }
  return { contentType: registry.contentType, body: await registry.metrics() };
}

interface Line {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

function linesOf(name: string, { labels, value }: MetricSample): readonly Line[] {
  return typeof value === "number"
    ? [{ metricName: name, labels, value }]
    : histogramLines(name, labels, value);
}

function histogramLines(
  name: string,
  labels: Labels,
  { bounds, counts, sum, count }: HistogramValue,
): readonly Line[] {
  let below = 0;
  const buckets = [...bounds, Infinity].map((bound, at) => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le: bound === Infinity ? "+Inf" : bound },
    value: below += counts[at] ?? 0,
  }));
  return [
    ...buckets,
    { metricName: `${name}_sum`, labels, value: sum },
    { metricName: `${name}_count`, labels, value: count },
  ];
}
