import assert from "node:assert/strict";
import { createAnswerCache } from "../../../../lib/dns/forward/cache.ts";
import {
  createFailures,
  MAX_FAILURE_MS,
  MAX_FAILURES,
  MIN_FAILURE_MS,
} from "../../../../lib/dns/forward/failures.ts";
import { createHealth, MAX_FAILED_TRIES } from "../../../../lib/dns/forward/health.ts";
import { fakeAnswer } from "../../../support/fake_upstream.ts";

Deno.test("AnswerCache.get() gives an entry while it is fresh, then while it may be stale, then never", () => {
  const cache = createAnswerCache({ maxBytes: 10_000, maxStaleMs: 5_000 });
  cache.set("a", fakeAnswer(10), 1_000);
  assert.equal(cache.get("a", 10_999)?.freshUntilMs, 11_000);
  assert.ok(cache.get("a", 15_999));
  assert.equal(cache.get("a", 16_000), undefined);
  assert.deepEqual([cache.size, cache.bytes], [0, 0]);
});

Deno.test("AnswerCache.set() keeps nothing that has no time, that is too large, or when there is no room at all", () => {
  const cache = createAnswerCache({ maxBytes: 1_600, maxStaleMs: 5_000 });
  cache.set("a", fakeAnswer(0), 0);
  cache.set("b", fakeAnswer(10, { bytes: 101 }), 0);
  assert.equal(cache.size, 0);
  const none = createAnswerCache({ maxBytes: 0, maxStaleMs: 5_000 });
  none.set("a", fakeAnswer(10), 0);
  assert.equal(none.size, 0);
});

Deno.test("AnswerCache.set() replaces: a later answer without time takes the earlier one away", () => {
  const cache = createAnswerCache({ maxBytes: 10_000, maxStaleMs: 0 });
  cache.set("a", fakeAnswer(10), 0);
  cache.set("a", fakeAnswer(20), 0);
  assert.deepEqual([cache.size, cache.bytes], [1, 100]);
  cache.set("a", fakeAnswer(0), 0);
  assert.deepEqual([cache.size, cache.bytes], [0, 0]);
});

Deno.test("AnswerCache stays within its octets whatever comes, and keeps what is used", () => {
  const cache = createAnswerCache({ maxBytes: 10_000, maxStaleMs: 0 });
  for (let i = 0; i < 5_000; i++) {
    cache.set(`name ${i}`, fakeAnswer(1_000), 0);
    const hot = cache.get("name 0", 0);
    assert.ok(hot, `${i}`);
    hot.isUsed = true;
    assert.ok(cache.bytes <= 10_000);
  }
  assert.equal(cache.size, 100);
});

Deno.test("AnswerCache.set() makes room when every entry was used", () => {
  const cache = createAnswerCache({ maxBytes: 1_600, maxStaleMs: 0 });
  for (let i = 0; i < 16; i++) cache.set(`${i}`, fakeAnswer(1_000), 0);
  for (let i = 0; i < 16; i++) cache.get(`${i}`, 0)!.isUsed = true;
  cache.set("new", fakeAnswer(1_000), 0);
  assert.ok(cache.get("new", 0));
  assert.equal(cache.bytes, 1_600);
});

Deno.test("Failures: a failure lasts 5 s, then twice as long each time up to a minute (RFC 9520)", () => {
  const failures = createFailures();
  const why = { code: 22, text: "no reply" };
  let nowMs = 0;
  const lasted: number[] = [];
  for (let i = 0; i < 6; i++) {
    failures.add("a", why, nowMs);
    let lastsMs = 0;
    while (failures.get("a", nowMs + lastsMs) !== undefined) lastsMs += 500;
    lasted.push(lastsMs);
    nowMs += lastsMs;
  }
  assert.deepEqual(lasted, [5_000, 10_000, 20_000, 40_000, 60_000, 60_000]);
  assert.equal(MIN_FAILURE_MS, 5_000);
  nowMs += 2 * MAX_FAILURE_MS;
  failures.add("a", why, nowMs);
  assert.equal(failures.get("a", nowMs + MIN_FAILURE_MS), undefined);
});

Deno.test("Failures are bounded, and are forgotten when asked for", () => {
  const failures = createFailures();
  const why = { code: 22, text: "no reply" };
  for (let i = 0; i < MAX_FAILURES + 500; i++) failures.add(`${i}`, why, 0);
  assert.equal(failures.size, MAX_FAILURES);
  assert.equal(failures.get("0", 1), undefined);
  assert.deepEqual(failures.get(`${MAX_FAILURES}`, 1), why);
  failures.remove(`${MAX_FAILURES}`);
  assert.equal(failures.get(`${MAX_FAILURES}`, 1), undefined);
  failures.clear();
  assert.equal(failures.size, 0);
});

Deno.test("Health: tries in a row without a reply bring a server down, one reply brings it up", () => {
  const health = createHealth();
  for (let i = 1; i < MAX_FAILED_TRIES; i++) assert.equal(health.failed(), false);
  assert.equal(health.replied(10), false);
  for (let i = 1; i < MAX_FAILED_TRIES; i++) assert.equal(health.failed(), false);
  assert.equal(health.isDown, false);
  assert.equal(health.failed(), true);
  assert.equal(health.failed(), false);
  assert.equal(health.isDown, true);
  assert.equal(health.replied(10), true);
  assert.equal(health.isDown, false);
});

Deno.test("Health.patienceMs follows the round trips between 150 ms and a second", () => {
  const health = createHealth();
  for (let i = 0; i < 100; i++) health.replied(1);
  assert.equal(health.patienceMs, 150);
  for (let i = 0; i < 100; i++) health.replied(100);
  assert.ok(Math.abs(health.patienceMs - 400) < 5, `${health.patienceMs}`);
  for (let i = 0; i < 100; i++) health.replied(5_000);
  assert.equal(health.patienceMs, 1_000);
});
