import assert from "node:assert/strict";
import { idleTimeMs } from "../../../lib/dns/limits.ts";

Deno.test("idleTimeMs() is whole up to half of the slots, falls from there on, and never below half a second", () => {
  const limits = { idleTimeoutMs: 30_000, maxConnections: 1_000 };
  const at = (open: number) => idleTimeMs(limits, open);
  assert.deepEqual([at(0), at(1), at(500)], [30_000, 30_000, 30_000]);
  for (let open = 500; open < 1_000; open++) assert.ok(at(open + 1) <= at(open), `${open}`);
  assert.ok(at(750) < 10_000);
  assert.deepEqual([at(1_000), at(5_000)], [500, 500]);
  assert.equal(idleTimeMs({ idleTimeoutMs: 100, maxConnections: 10 }, 10), 100);
});
