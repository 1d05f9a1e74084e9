/**
 * OpenTelemetry by OTLP over HTTP: on when an endpoint is named, and not even loaded otherwise.
 *
 * The SDK's variables keep their meaning; it reads those of the exporters (endpoints, headers, timeouts, compression, certificates) itself.
 */
import type { Clock } from "../base/mod.ts";
import type { Logger, Metrics } from "./port.ts";
import type { CallTracer } from "./tracer.ts";

/** Which samplers there are (OTEL_TRACES_SAMPLER). */
export const SAMPLERS = [
  "always_on",
  "always_off",
  "traceidratio",
  "parentbased_always_on",
  "parentbased_always_off",
  "parentbased_traceidratio",
] as const;

/** Name of a sampler. */
export type SamplerName = (typeof SAMPLERS)[number];

/** What is exported. */
export interface OtlpConfig {
  /** True when spans go to a collector. */
  readonly traces: boolean;
  /** Which spans. */
  readonly sampler: SamplerName;
  /** Share of traces, 0 to 1, for the samplers that take one. */
  readonly samplerRatio: number;
  /** Time between two exports of metrics in milliseconds; `undefined` exports none. */
  readonly metricsIntervalMs: number | undefined;
  /** Version of this server, for the resource. */
  readonly version: string;
}

/** What exporting needs. */
export interface OtlpHost {
  /** Time. */
  readonly clock: Clock;
  /** For exports that failed. */
  readonly logger: Logger;
  /** What is exported. */
  readonly metrics: Metrics;
}

/** A running export; disposing it sends what waits, within a bound. */
export interface OtlpExport extends AsyncDisposable {
  /** Makes spans; `undefined` when traces are off. */
  readonly tracer: CallTracer | undefined;
}

/** Starts exporting; `undefined` when nothing is to be exported. */
export async function startOtlp(
  config: OtlpConfig,
  host: OtlpHost,
): Promise<OtlpExport | undefined> {
  if (!config.traces && config.metricsIntervalMs === undefined) return undefined;
  const { createOtlpExport } = await import("./otel_sdk.ts");
  return createOtlpExport(config, host);
}
