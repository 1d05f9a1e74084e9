/** Keys that want work: how often, how many at once, and what happens to those that fail. */
import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { createWork, RETRY_MS } from "../../../lib/distribution/work.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

Deno.test("createWork() works on a few keys at a time, and on each once more when it was wanted meanwhile", async () => {
  const clock = createFakeClock(0);
  const running = new Map<string, () => void>();
  const done: string[] = [];
  let most = 0;
  await using work = createWork({
    clock,
    onFailure: (_key, thrown) => assert.fail(String(thrown)),
    work: async (key) => {
      await new Promise<void>((resolve) => running.set(key, resolve));
      running.delete(key);
      done.push(key);
    },
  });
  for (let n = 0; n < 50; n++) work.want(String(n));
  for (let n = 0; n < 3; n++) work.want("0");
  assert.equal(work.size, 51);
  while (work.size > 0) {
    most = Math.max(most, running.size);
    for (const finish of [...running.values()]) finish();
    await clock.advance(0);
  }
  assert.equal(most, 16);
  assert.equal(done.length, 51);
  assert.equal(done.filter((key) => key === "0").length, 2);
});

Deno.test("createWork() tries a key that failed again after growing waits, without holding up others", async () => {
  const clock = createFakeClock(0);
  const tried: string[] = [];
  let failures = 0;
  const work = createWork({
    clock,
    onFailure: () => void failures++,
    work: (key) => {
      tried.push(key);
      if (key === "good" || failures >= 8) return Promise.resolve();
      return Promise.reject(new SignetError("kube.unavailable", "Cannot write"));
    },
  });
  work.want("bad");
  await clock.advance(0);
  work.want("good");
  await clock.advance(0);
  assert.deepEqual(tried, ["bad", "good"]);
  await clock.advance(60_000);
  assert.equal(tried.filter((key) => key === "bad").length, 9);
  assert.ok(clock.longestTimerMs <= RETRY_MS.longest);
  assert.equal(work.size, 0);
  failures = 0;
  work.want("bad");
  await clock.advance(0);
  await work[Symbol.asyncDispose]();
  assert.equal(clock.waiting, 0);
});

Deno.test("createWork() lets keys that are refused hold up no other, and asks a server in trouble for a few alone", async () => {
  const bad = Array.from({ length: 40 }, (_, n) => `bad ${n}`);
  const triedBefore = async (code: "kube.refused" | "kube.unavailable") => {
    const clock = createFakeClock(0);
    const tried: string[] = [];
    await using work = createWork({
      clock,
      onFailure: () => {},
      work: (key) => {
        tried.push(key);
        return key === "good"
          ? Promise.resolve()
          : Promise.reject(new SignetError(code, "Cannot write"));
      },
    });
    for (const key of [...bad, "good"]) work.want(key);
    await clock.advance(0);
    work.want("bad 0"); // wanted anew, it waits all the same
    await clock.advance(0);
    assert.equal(work.size, code === "kube.refused" ? 41 : 42);
    return tried;
  };
  assert.deepEqual(await triedBefore("kube.refused"), [...bad, "good"]);
  assert.deepEqual(await triedBefore("kube.unavailable"), bad.slice(0, 16));
});
