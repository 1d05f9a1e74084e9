/** What is remembered of tokens that were judged, for how long and how many. */
import assert from "node:assert/strict";
import { createVerdictCache } from "../../../lib/authn/verdict_cache.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const NOW_MS = 1_800_000_000_000;

Deno.test("createVerdictCache() forgets the oldest beyond its bound, and follows a clock that jumps", async () => {
  const clock = createFakeClock(NOW_MS);
  const cache = createVerdictCache<number>(clock, { maxVerdicts: 3 });
  const until = { untilMs: NOW_MS + 60_000, maxMs: 10_000 };
  for (const n of [1, 2, 3, 4]) cache.remember(String(n), n, until);
  assert.equal(cache.size, 3);
  assert.equal(cache.find("1"), undefined);
  assert.equal(cache.find("4"), 4);
  clock.jump(-3_600_000);
  await clock.advance(10_000);
  assert.equal(cache.find("4"), undefined, "a clock set back keeps nothing longer");
  cache.remember("5", 5, { untilMs: clock.nowMs() + 60_000, maxMs: 120_000 });
  clock.jump(60_000);
  assert.equal(cache.find("5"), undefined, "a clock set forward ends it");
});
