import assert from "node:assert/strict";
import { formatGoDuration } from "signet/base/mod.ts";

// Right-hand column: what Go 1.26's time.Duration.String prints.
const GO: readonly (readonly [number | bigint, string])[] = [
  [0, "0s"],
  [0.0005, "500ns"],
  [0.0015, "1.5µs"],
  [1, "1ms"],
  [1.25, "1.25ms"],
  [1000, "1s"],
  [1500, "1.5s"],
  [60_000, "1m0s"],
  [90_500, "1m30.5s"],
  [3_600_000, "1h0m0s"],
  [10_800_000n, "3h0m0s"],
  [7_776_000_000, "2160h0m0s"],
  [-1500, "-1.5s"],
];

Deno.test("formatGoDuration() prints what Go prints", async (t) => {
  for (const [ms, text] of GO) await t.step(text, () => assert.equal(formatGoDuration(ms), text));
});

Deno.test("formatGoDuration() keeps Go's form beyond Go's range", () => {
  assert.equal(formatGoDuration(9_223_372_036_854_775_807n), "2562047788015h12m55.807s");
});
