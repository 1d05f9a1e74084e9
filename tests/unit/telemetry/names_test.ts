import assert from "node:assert/strict";
import { createMetrics, EVENT, METRIC } from "signet/telemetry/mod.ts";
import { METRIC_DESCRIPTIONS } from "../../../lib/telemetry/names.ts";

Deno.test("Every event has a name of its own, room.what", () => {
  const names = Object.values(EVENT);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z0-9_]+\.[a-z0-9_]+$/);
});

Deno.test("Every metric has a description, and every description a metric", () => {
  const names: readonly string[] = Object.values(METRIC);
  assert.equal(new Set(names).size, names.length);
  assert.deepEqual(Object.keys(METRIC_DESCRIPTIONS).sort(), [...names].sort());
});

Deno.test("Names, labels and help of metrics are what Prometheus takes", async (t) => {
  for (const [name, { help, labels }] of Object.entries(METRIC_DESCRIPTIONS)) {
    await t.step(name, () => {
      assert.match(name, /^[a-zA-Z_][a-zA-Z0-9_]*$/);
      assert.match(help, /^\S[^\n]*\S$/);
      for (const label of labels) assert.match(label, /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/);
      assert.ok(!(labels as readonly string[]).includes("le"));
    });
  }
});

Deno.test("istiod's metrics keep istiod's names: section 6.1 of the specification", () => {
  const names: readonly string[] = Object.values(METRIC);
  const wanted = [
    "citadel_server_csr_count",
    "citadel_server_authentication_failure_count",
    "citadel_server_csr_sign_err_count",
    "citadel_server_success_cert_issuance_count",
    "citadel_server_root_cert_expiry_timestamp",
    "citadel_server_root_cert_expiry_seconds",
    "citadel_server_cert_chain_expiry_timestamp",
    "citadel_server_cert_chain_expiry_seconds",
    "grpc_server_started_total",
    "grpc_server_handled_total",
    "grpc_server_msg_received_total",
    "grpc_server_msg_sent_total",
    "grpc_server_handling_seconds",
    "pilot_info",
    "istio_build",
    "istiod_uptime_seconds",
  ];
  for (const name of wanted) assert.ok(names.includes(name), name);
  assert.deepEqual(METRIC_DESCRIPTIONS[METRIC.csrSignErrCount].labels, ["error"]);
});

Deno.test("The text format has HELP, TYPE and every series once, with labels escaped", async () => {
  const metrics = createMetrics();
  metrics.counter(METRIC.csrCount).inc(3);
  metrics.counter(METRIC.csrSignErrCount, { error: 'a"b\\c\nd' }).inc();
  metrics.gauge(METRIC.rootExpiryTimestamp).set(1_893_456_000);
  metrics.computedGauge(METRIC.rootExpirySeconds, () => -5);
  const { contentType, body } = await metrics.expose();
  assert.match(contentType, /^text\/plain; version=0\.0\.4/);
  const lines = body.split("\n").filter((line) => line !== "");
  assert.ok(lines.includes("# TYPE citadel_server_csr_count counter"));
  assert.ok(lines.includes("citadel_server_csr_count 3"));
  assert.ok(lines.includes(String.raw`citadel_server_csr_sign_err_count{error="a\"b\\c\nd"} 1`));
  assert.ok(lines.includes("citadel_server_root_cert_expiry_timestamp 1893456000"));
  assert.ok(lines.includes("citadel_server_root_cert_expiry_seconds -5"));
  assert.equal(lines.filter((line) => line.startsWith("# HELP")).length, 4);
  const series = lines.filter((line) => !line.startsWith("#"));
  assert.equal(new Set(series).size, series.length);
});

Deno.test("A histogram's text adds up: buckets rise, the last is the count", async () => {
  const metrics = createMetrics();
  const histogram = metrics.histogram(METRIC.issuanceSeconds);
  for (const seconds of [0.00005, 0.002, 0.3, 100]) histogram.observe(seconds);
  const { body } = await metrics.expose();
  const buckets = [...body.matchAll(/^signet_issuance_seconds_bucket\{le="([^"]+)"\} (\d+)$/gm)]
    .map(([, bound, count]) => [bound, Number(count)] as const);
  const counts = buckets.map(([, count]) => count);
  assert.deepEqual([...counts].sort((a, b) => a - b), counts);
  assert.deepEqual(buckets.at(-1), ["+Inf", 4]);
  assert.match(body, /^signet_issuance_seconds_count 4$/m);
  assert.match(body, /^signet_issuance_seconds_sum 100\.30205$/m);
});
