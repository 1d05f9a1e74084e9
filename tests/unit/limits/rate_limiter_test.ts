import assert from "node:assert/strict";

import fc from "fast-check";
import { createRateLimiter, MAX_KEY_CHARS, MAX_KEYS } from "signet/limits/mod.ts";

Deno.test("createRateLimiter() lets a burst through, then the steady rate", () => {
  const limiter = createRateLimiter({ perSecond: 10, burst: 3 });
  assert.deepEqual([0, 0, 0].map((now) => limiter.take("a", now)), [0, 0, 0]);
  assert.equal(limiter.take("a", 0), 100);
  assert.equal(limiter.take("a", 60), 40, "a refusal costs nothing");
  assert.equal(limiter.take("a", 100), 0);
  assert.equal(limiter.take("a", 100), 100);
  assert.equal(limiter.take("b", 100), 0, "another key has its own");
});

Deno.test("createRateLimiter() gives the whole burst again after a pause, and never more", () => {
  const limiter = createRateLimiter({ perSecond: 10, burst: 3 });
  for (let n = 0; n < 3; n++) limiter.take("a", 0);
  const later = [1e9, 1e9, 1e9].map((now) => limiter.take("a", now));
  assert.deepEqual(later, [0, 0, 0]);
  assert.ok(limiter.take("a", 1e9) > 0);
});

Deno.test("createRateLimiter() never passes more than burst + rate in any window, and what it tells is enough to wait", () => {
  fc.assert(fc.property(
    fc.record({
      perSecond: fc.integer({ min: 1, max: 5000 }),
      burst: fc.integer({ min: 1, max: 50 }),
    }),
    fc.array(fc.integer({ min: 0, max: 200 }), { minLength: 1, maxLength: 300 }),
    (limit, steps) => {
      const limiter = createRateLimiter(limit);
      const passed: number[] = [];
      let now = 0;
      for (const step of steps) {
        now += step;
        const waitMs = limiter.take("a", now);
        if (waitMs > 0) {
          now += waitMs;
          assert.equal(limiter.take("a", now), 0, "after the time it told");
        }
        passed.push(now);
      }
      passed.forEach((from, first) =>
        passed.slice(first).forEach((to, more) => {
          const allowed = limit.burst + (to - from) * limit.perSecond / 1000;
          assert.ok(more + 1 <= allowed + 1e-3, `${more + 1} in ${to - from} ms`);
        })
      );
    },
  ));
});

Deno.test("createRateLimiter() remembers a bounded number of keys and characters", async (t) => {
  await t.step("many keys", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 1 });
    for (let n = 0; n < 4 * MAX_KEYS; n++) limiter.take(`10.${n}`, n / 1000);
    assert.ok(limiter.keys <= MAX_KEYS, String(limiter.keys));
  });
  await t.step("long keys", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 1 });
    const text = "a".repeat(2_000);
    for (let n = 0; n < 30_000; n++) limiter.take(text + n, 0);
    assert.ok(limiter.keys * text.length <= MAX_KEY_CHARS, String(limiter.keys));
  });
  await t.step("a key that goes on asking stays limited while others come and go", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 1 }, { maxKeys: 100 });
    let passed = 0;
    for (let n = 0; n < 10_000; n++) {
      if (limiter.take("loud", n / 10) === 0) passed++;
      if (n % 25 === 0) limiter.take(`other ${n}`, n / 10);
    }
    // 1000 ms: one, and one for each time that the oldest half was forgotten.
    assert.ok(passed <= 2 + 10_000 / 25 / 50, String(passed));
  });
  await t.step("keys that are idle go", () => {
    const limiter = createRateLimiter({ perSecond: 1, burst: 10 });
    for (let n = 0; n < 1_000; n++) limiter.take(`old ${n}`, 0);
    limiter.take("new", 20_000);
    limiter.take("newer", 40_000);
    assert.equal(limiter.keys, 2);
  });
});

Deno.test("createRateLimiter() refuses limits that are none", () => {
  for (
    const limit of [{ perSecond: 0, burst: 1 }, { perSecond: 1, burst: 0 }, {
      perSecond: NaN,
      burst: 1,
    }]
  ) {
    assert.throws(() => createRateLimiter(limit), RangeError);
  }
});
