import assert from "node:assert/strict";

import { createMetrics, MAX_SERIES, METRIC } from "signet/telemetry/mod.ts";

Deno.test("createMetrics() shows a series from its first use on", async () => {
  const metrics = createMetrics();
  const counter = metrics.counter(METRIC.csrCount);
  const histogram = metrics.histogram(METRIC.issuanceSeconds);
  const gauge = metrics.gauge(METRIC.connectionsOpen, { port: "a" });
  metrics.computedGauge(METRIC.uptime, () => undefined);
  assert.equal((await metrics.expose()).body.trim(), "");
  assert.deepEqual(metrics.snapshot(), []);
  counter.inc();
  histogram.observe(0.3);
  gauge.set(0);
  assert.deepEqual(metrics.snapshot().map(({ name }) => name), [
    "citadel_server_csr_count",
    "signet_issuance_seconds",
    "signet_connections_open",
  ]);
});

Deno.test("createMetrics() gives the same series for the same labels, and counts on", () => {
  const metrics = createMetrics();
  const count = () => metrics.counter(METRIC.csrSignErrCount, { error: "CSR_ERROR" });
  assert.equal(count(), count());
  count().inc();
  count().inc(2);
  assert.deepEqual(metrics.snapshot()[0]?.samples, [{ labels: { error: "CSR_ERROR" }, value: 3 }]);
});

Deno.test("createMetrics() refuses labels and types that the description does not have", () => {
  const metrics = createMetrics();
  assert.throws(() => metrics.counter(METRIC.csrSignErrCount), TypeError);
  assert.throws(() => metrics.counter(METRIC.csrCount, { error: "a" }), TypeError);
  metrics.counter(METRIC.csrCount);
  assert.throws(() => metrics.gauge(METRIC.csrCount), TypeError);
});

Deno.test("createMetrics() holds a bounded number of series", () => {
  const metrics = createMetrics();
  const add = (n: number) => metrics.counter(METRIC.connectionErrors, { code: String(n) });
  for (let n = 0; n < MAX_SERIES; n++) add(n);
  assert.throws(() => add(MAX_SERIES), RangeError);
  add(0).inc();
});

Deno.test("A histogram puts a value that equals a bound below it", () => {
  const metrics = createMetrics();
  const histogram = metrics.histogram(METRIC.issuanceSeconds);
  for (const value of [0, 0.0001, 0.00011, 10, 10.5, Infinity]) histogram.observe(value);
  const value = metrics.snapshot()[0]?.samples[0]?.value;
  assert.ok(typeof value === "object");
  assert.equal(value.count, 6);
  assert.deepEqual([value.counts[0], value.counts[1], value.counts.at(-2), value.counts.at(-1)], [
    2,
    1,
    1,
    2,
  ]);
});
