/** The options of OpenTelemetry: the standard's own variables. */
import { boolOption, choiceOption, intOption, ratioOption, textOption } from "./option.ts";

const DAY_MS = 24 * 3_600_000;

/** OpenTelemetry; the SDK's own variables of exporters (headers, timeouts, compression, certificates) are honoured too. */
export const OTEL_OPTIONS = {
  otelDisabled: boolOption({
    variable: "OTEL_SDK_DISABLED",
    fallback: "false",
    help: "export nothing, whatever endpoints are named",
  }),
  otlpEndpoint: textOption({
    variable: "OTEL_EXPORTER_OTLP_ENDPOINT",
    fallback: "",
    help: "URL of an OTLP/HTTP collector for traces and metrics; empty exports none",
  }),
  otlpTracesEndpoint: textOption({
    variable: "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    fallback: "",
    help: "whole URL for traces alone",
  }),
  otlpMetricsEndpoint: textOption({
    variable: "OTEL_EXPORTER_OTLP_METRICS_ENDPOINT",
    fallback: "",
    help: "whole URL for metrics alone",
  }),
  otelTracesExporter: choiceOption({
    variable: "OTEL_TRACES_EXPORTER",
    fallback: "otlp",
    help: "none exports no traces",
  }, ["otlp", "none"]),
  otelMetricsExporter: choiceOption({
    variable: "OTEL_METRICS_EXPORTER",
    fallback: "otlp",
    help: "none exports no metrics",
  }, ["otlp", "none"]),
  otelSampler: choiceOption({
    variable: "OTEL_TRACES_SAMPLER",
    fallback: "parentbased_always_on",
    help: "which calls become spans",
  }, [
    ...["always_on", "always_off", "traceidratio", "parentbased_always_on"] as const,
    ...["parentbased_always_off", "parentbased_traceidratio"] as const,
  ]),
  otelSamplerArg: ratioOption({
    variable: "OTEL_TRACES_SAMPLER_ARG",
    fallback: "1",
    help: "share of traces for the traceidratio samplers, 0 to 1",
  }),
  otelMetricInterval: intOption({
    variable: "OTEL_METRIC_EXPORT_INTERVAL",
    fallback: "60000",
    help: "milliseconds between two exports of metrics",
  }, { min: 100, max: DAY_MS }),
} as const;
