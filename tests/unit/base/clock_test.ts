import assert from "node:assert/strict";
import { checkTimerDelay, MAX_TIMER_MS, sleep, systemClock } from "signet/base/mod.ts";
import { countedSignal } from "../../support/counted_signal.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

Deno.test("checkTimerDelay() takes nothing to a day, both included, and nothing else", async (t) => {
  for (const delayMs of [0, 0.5, 1, MAX_TIMER_MS]) {
    await t.step(`${delayMs} is taken`, () => checkTimerDelay(delayMs));
  }
  const bad = [-1, -Infinity, Infinity, NaN, MAX_TIMER_MS + 1, 2 ** 31, Number.MAX_VALUE];
  for (const delayMs of bad) {
    await t.step(`${delayMs} is refused`, () => {
      assert.throws(() => checkTimerDelay(delayMs), RangeError);
      assert.throws(() => systemClock().setTimer(delayMs, () => {}), RangeError);
      assert.throws(() => createFakeClock(0).setTimer(delayMs, () => {}), RangeError);
    });
  }
});

Deno.test("systemClock() shows the time, and a monotonic one that does not go back", () => {
  const clock = systemClock();
  const before = Date.now();
  assert.ok(clock.nowMs() >= before && clock.nowMs() <= Date.now());
  let last = clock.monotonicMs();
  for (let n = 0; n < 1000; n++) {
    const now = clock.monotonicMs();
    assert.ok(now >= last);
    last = now;
  }
});

Deno.test("systemClock() calls a timer once, and a cancelled one never", async () => {
  const clock = systemClock();
  let fired = 0;
  const cancelled = clock.setTimer(0, () => fired += 100);
  cancelled.cancel();
  const disposed = clock.setTimer(0, () => fired += 100);
  disposed[Symbol.dispose]();
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = clock.setTimer(1, () => {
    fired++;
    resolve();
  });
  // Such a timer does not keep the process alive, so another one has to.
  const alive = setTimeout(() => {}, 60_000);
  await promise;
  clearTimeout(alive);
  timer.cancel();
  assert.equal(fired, 1);
});

Deno.test("sleep() ends at its moment, and not before", async () => {
  const clock = createFakeClock(0);
  let ended = false;
  const sleeping = sleep(clock, 1000).then(() => ended = true);
  await clock.advance(999);
  assert.equal(ended, false);
  await clock.advance(1);
  assert.equal(ended, true);
  await sleeping;
});

Deno.test("sleep() rejects with the signal's reason, and leaves no timer behind", async () => {
  const clock = createFakeClock(0);
  const reason = new Error("stop");
  const controller = new AbortController();
  const sleeping = sleep(clock, 1000, { signal: controller.signal });
  controller.abort(reason);
  await assert.rejects(sleeping, (thrown) => thrown === reason);
  assert.equal(clock.waiting, 0);
  await assert.rejects(
    sleep(clock, 1000, { signal: controller.signal }),
    (thrown) => thrown === reason,
  );
  assert.equal(clock.waiting, 0);
});

Deno.test("sleep() leaves no listener at a signal that lives on", async () => {
  const clock = createFakeClock(0);
  const { signal, listeners } = countedSignal();
  for (let n = 0; n < 100; n++) {
    const sleeping = sleep(clock, 10, { signal });
    assert.equal(listeners(), 1);
    await clock.advance(10);
    await sleeping;
  }
  assert.equal(listeners(), 0);
});

Deno.test("sleep() does not notice that the wall clock is set", async () => {
  const clock = createFakeClock(0);
  let ended = false;
  const sleeping = sleep(clock, 1000).then(() => ended = true);
  clock.jump(1_000_000);
  await clock.advance(0);
  assert.equal(ended, false);
  clock.jump(-9_000_000);
  await clock.advance(1000);
  await sleeping;
  assert.equal(ended, true);
});
