/**
 * What operators see: logs, metrics, health, and every name in them.
 *
 * @example Count
 * ```ts
 * import { createMetrics, METRIC } from "signet/telemetry/mod.ts";
 *
 * const metrics = createMetrics();
 * metrics.counter(METRIC.csrCount).inc();
 * if (!(await metrics.expose()).body.includes("citadel_server_csr_count 1")) throw new TypeError("One was counted");
 * ```
 *
 * @module
 */
export { answerDebug, isLoopback } from "./debug.ts";
export type { DebugAnswer, DebugEndpoint, DebugRequest } from "./debug.ts";
export { listenHttp } from "./listen.ts";
export type { HttpListener, HttpOptions } from "./listen.ts";
export { createLogLevels } from "./log_levels.ts";
export type { LogLevels } from "./log_levels.ts";
export { createLogger } from "./log.ts";
export type { LogConfig, LogSink } from "./log.ts";
export { createMetrics, MAX_SERIES } from "./metrics.ts";
export { EVENT, METRIC, METRIC_DESCRIPTIONS } from "./names.ts";
export type { MetricDescription, MetricName } from "./names.ts";
export { SAMPLERS, startOtlp } from "./otlp.ts";
export type { OtlpConfig, OtlpExport, OtlpHost, SamplerName } from "./otlp.ts";
export type { CallSpan, CallStart, CallTracer } from "./tracer.ts";
export { openSink } from "./sink.ts";
export type { LineSink } from "./sink.ts";
export type {
  Counter,
  Gauge,
  Histogram,
  HistogramValue,
  LogFields,
  Logger,
  LogLevel,
  MetricFamily,
  Metrics,
  MetricSample,
} from "./port.ts";
