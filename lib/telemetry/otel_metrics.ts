/** Signet's metrics as the OpenTelemetry SDK takes them: the same series and names as on `/metrics`, cumulative since start. */
import { type HrTime, ValueType } from "@opentelemetry/api";
import { millisToHrTime } from "@opentelemetry/core";
import type { Resource } from "@opentelemetry/resources";
import {
  AggregationTemporality,
  type DataPoint,
  DataPointType,
  type Histogram,
  type MetricData,
  type MetricProducer,
} from "@opentelemetry/sdk-metrics";
import type { Clock } from "../base/mod.ts";
import type { MetricFamily, Metrics, MetricSample } from "./port.ts";

/** Reads `metrics` whenever the SDK collects. */
export function createMetricProducer(
  metrics: Metrics,
  { clock, resource }: { readonly clock: Clock; readonly resource: Resource },
): MetricProducer {
  const startTime = millisToHrTime(clock.nowMs());
  return {
    collect() {
      const endTime = millisToHrTime(clock.nowMs());
      const all = metrics.snapshot().map((family) => toMetric(family, { startTime, endTime }));
      const scopeMetrics = [{ scope: { name: "signet" }, metrics: all }];
      return Promise.resolve({ resourceMetrics: { resource, scopeMetrics }, errors: [] });
    },
  };
}

interface Span {
  readonly startTime: HrTime;
  readonly endTime: HrTime;
}

function toMetric({ name, help, type, samples }: MetricFamily, span: Span): MetricData {
  const base = {
    descriptor: { name, description: help, unit: unitOf(name), valueType: ValueType.DOUBLE },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = <T>(sample: MetricSample, value: T): DataPoint<T> => ({
    ...span,
    attributes: sample.labels,
    value,
  });
  if (type === "histogram") {
    const dataPoints = samples.map((sample) => point(sample, histogramOf(sample)));
    return { ...base, dataPointType: DataPointType.HISTOGRAM, dataPoints };
  }
  const dataPoints = samples.map((sample) => point(sample, sample.value as number));
  return type === "counter"
    ? { ...base, dataPointType: DataPointType.SUM, isMonotonic: true, dataPoints }
    : { ...base, dataPointType: DataPointType.GAUGE, dataPoints };
}

function histogramOf({ value }: MetricSample): Histogram {
  if (typeof value === "number") throw new TypeError(`A histogram has the value ${value}`);
  const { bounds, counts, sum, count } = value;
  return { buckets: { boundaries: [...bounds], counts: [...counts] }, sum, count };
}

/** Units in the Unified Code for Units of Measure, from the names' ends. */
function unitOf(name: string): string {
  if (/_seconds$/.test(name)) return "s";
  return /_bytes$/.test(name) ? "By" : "";
}
