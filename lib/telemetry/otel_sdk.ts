/**
 * The OpenTelemetry SDK behind the ports of `tracer.ts` and `otlp.ts`: a bounded batch of spans, metrics out of signet's own registry, and
 * one warning now and then when the collector does not answer. Attributes follow the semantic conventions for RPC.
 */
import {
  diag,
  DiagLogLevel,
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  type TextMapGetter,
} from "@opentelemetry/api";
import { setGlobalErrorHandler, W3CTraceContextPropagator } from "@opentelemetry/core";
import { OTLPMetricExporter } from "@opentelemetry/exporter-metrics-otlp-proto";
import { OTLPTraceExporter } from "@opentelemetry/exporter-trace-otlp-proto";
import {
  defaultResource,
  detectResources,
  envDetector,
  type Resource,
  resourceFromAttributes,
} from "@opentelemetry/resources";
import { MeterProvider, PeriodicExportingMetricReader } from "@opentelemetry/sdk-metrics";
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  BatchSpanProcessor,
  ParentBasedSampler,
  type Sampler,
  TraceIdRatioBasedSampler,
  TracerProvider,
} from "@opentelemetry/sdk-trace";
import { messageOf, sleep, unreachable } from "../base/mod.ts";
import { EVENT } from "./names.ts";
import { createMetricProducer } from "./otel_metrics.ts";
import type { OtlpConfig, OtlpExport, OtlpHost } from "./otlp.ts";
import type { CallStart, CallTracer } from "./tracer.ts";

/** Spans that wait for the collector; more are dropped. */
const MAX_QUEUED_SPANS = 2_048;
/** Spans of one export. */
const MAX_BATCH_SPANS = 512;
/** Time between two exports of spans. */
const SPAN_DELAY_MS = 2_000;
/** Time that one export may take. */
const EXPORT_TIMEOUT_MS = 10_000;
/** Time for what waits when the server stops. */
const SHUTDOWN_MS = 3_000;
/** Time between two warnings of exports that failed. */
const WARN_EVERY_MS = 60_000;
/** gRPC's codes by number, as the conventions spell them. */
const CODE_NAMES = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"],
  ...["ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"],
  ...["ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"],
  ...["UNAUTHENTICATED"],
];
/** The codes that are a server's fault (semantic conventions for gRPC): only they make a span an error. */
const SERVER_FAULTS = [
  "UNKNOWN",
  "DEADLINE_EXCEEDED",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
];
const HOST_PORT_REGEXP = /^\[?([^\]]*?)\]?:(\d+)$/;
const SCOPE = "signet";

/** Starts exporting. */
export function createOtlpExport(config: OtlpConfig, host: OtlpHost): OtlpExport {
  warnOfFailures(host);
  const resource = resourceOf(config.version);
  const traces = config.traces ? createTraces(config, resource) : undefined;
  const metrics = config.metricsIntervalMs === undefined
    ? undefined
    : createMeters(config.metricsIntervalMs, resource, host);
  return {
    tracer: traces?.tracer,
    async [Symbol.asyncDispose]() {
      const ended = Promise.allSettled([traces?.provider.shutdown(), metrics?.shutdown()]);
      const waited = new AbortController();
      const late = sleep(host.clock, SHUTDOWN_MS, { signal: waited.signal }).catch(() => undefined);
      await Promise.race([ended, late]);
      waited.abort();
    },
  };
}

/** OTEL_SERVICE_NAME and OTEL_RESOURCE_ATTRIBUTES over signet's own name and version. */
function resourceOf(version: string): Resource {
  return defaultResource()
    .merge(resourceFromAttributes({ "service.name": SCOPE, "service.version": version }))
    .merge(detectResources({ detectors: [envDetector] }));
}

function createTraces(
  config: OtlpConfig,
  resource: Resource,
): { readonly provider: TracerProvider; readonly tracer: CallTracer } {
  const exporter = new OTLPTraceExporter({ timeoutMillis: EXPORT_TIMEOUT_MS });
  const provider = new TracerProvider({
    resource,
    sampler: samplerOf(config),
    spanProcessors: [
      new BatchSpanProcessor({
        exporter,
        maxQueueSize: MAX_QUEUED_SPANS,
        maxExportBatchSize: MAX_BATCH_SPANS,
        scheduledDelayMillis: SPAN_DELAY_MS,
        exportTimeoutMillis: EXPORT_TIMEOUT_MS,
      }),
    ],
  });
  return { provider, tracer: createCallTracer(provider) };
}

function samplerOf({ sampler, samplerRatio }: OtlpConfig): Sampler {
  switch (sampler) {
    case "always_on":
      return new AlwaysOnSampler();
    case "always_off":
      return new AlwaysOffSampler();
    case "traceidratio":
      return new TraceIdRatioBasedSampler(samplerRatio);
    case "parentbased_always_on":
      return new ParentBasedSampler({ root: new AlwaysOnSampler() });
    case "parentbased_always_off":
      return new ParentBasedSampler({ root: new AlwaysOffSampler() });
    case "parentbased_traceidratio":
      return new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(samplerRatio) });
    default:
      return unreachable(sampler);
  }
}

type Carrier = CallStart["headerValues"];

/** A header that comes twice is none (W3C Trace Context section 3.2); `tracestate` may, and is joined. */
const GETTER: TextMapGetter<Carrier> = {
  keys: () => [],
  get(headerValues, name) {
    const values = headerValues(name);
    if (values.length === 0 || (name === "traceparent" && values.length > 1)) return undefined;
    return values.join(",");
  },
};

function createCallTracer(provider: TracerProvider): CallTracer {
  const tracer = provider.getTracer(SCOPE);
  const propagator = new W3CTraceContextPropagator();
  return {
    start({ service, method, remoteAddress, headerValues }) {
      const name = `${service}/${method}`;
      const [, address, port] = HOST_PORT_REGEXP.exec(remoteAddress) ?? [];
      const span = tracer.startSpan(name, {
        kind: SpanKind.SERVER,
        attributes: {
          "rpc.system.name": "grpc",
          "rpc.method": name,
          "network.peer.address": address ?? remoteAddress,
          ...(port === undefined ? {} : { "network.peer.port": Number(port) }),
        },
      }, propagator.extract(ROOT_CONTEXT, headerValues, GETTER));
      return {
        end(code) {
          const status = CODE_NAMES[code] ?? "UNKNOWN";
          span.setAttribute("rpc.response.status_code", status);
          if (code !== 0) span.setAttribute("error.type", status);
          if (SERVER_FAULTS.includes(status)) span.setStatus({ code: SpanStatusCode.ERROR });
          span.end();
        },
      };
    },
  };
}

function createMeters(
  exportIntervalMillis: number,
  resource: Resource,
  { metrics, clock }: OtlpHost,
): MeterProvider {
  const exporter = new OTLPMetricExporter({ timeoutMillis: EXPORT_TIMEOUT_MS });
  const reader = new PeriodicExportingMetricReader({
    exporter,
    exportIntervalMillis,
    exportTimeoutMillis: Math.min(EXPORT_TIMEOUT_MS, exportIntervalMillis),
    metricProducers: [createMetricProducer(metrics, { clock, resource })],
  });
  return new MeterProvider({ resource, readers: [reader] });
}

/** The SDK tells of failures by a global handler and a diagnostic logger; both end in one warning a minute. */
function warnOfFailures({ logger, clock }: OtlpHost): void {
  const scoped = logger.scoped("otel");
  let lastMs = -Infinity;
  let failures = 0;
  const warn = (reason: string) => {
    failures++;
    const nowMs = clock.monotonicMs();
    if (nowMs - lastMs < WARN_EVERY_MS) return;
    scoped.warn(EVENT.otlpFailed, "Cannot export to the OpenTelemetry collector", {
      reason: reason.slice(0, 500),
      failures,
    });
    lastMs = nowMs;
    failures = 0;
  };
  setGlobalErrorHandler((thrown) => warn(messageOf(thrown)));
  const nothing = () => {};
  const told = (message: string, ...more: unknown[]) =>
    warn([message, ...more.map(messageOf)].join(" "));
  diag.setLogger(
    { error: told, warn: told, info: nothing, debug: nothing, verbose: nothing },
    { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true },
  );
}
