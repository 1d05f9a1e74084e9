/** How often the API server is asked. */
import assert from "node:assert/strict";
import { createTurns } from "../../../lib/kube/rate.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

/** Counts the turns that came. */
function counter(turns: ReturnType<typeof createTurns>) {
  let came = 0;
  return {
    get came() {
      return came;
    },
    ask: async (options: Parameters<typeof turns.take>[0] = {}) => {
      await turns.take(options);
      came++;
    },
  };
}

Deno.test("createTurns() lets a burst through at once, then so many a second, in order", async () => {
  const clock = createFakeClock(0);
  const asked = counter(createTurns({ perSecond: 10, burst: 3 }, clock));
  for (let at = 0; at < 5; at++) void asked.ask();
  await clock.advance(0);
  assert.equal(asked.came, 3);
  await clock.advance(100);
  assert.equal(asked.came, 4);
  await clock.advance(100);
  assert.equal(asked.came, 5);
  await clock.advance(60_000);
  for (let at = 0; at < 5; at++) void asked.ask();
  await clock.advance(0);
  assert.equal(asked.came, 8, "a pause gives a burst back, and no more");
  await clock.advance(1_000);
  assert.equal(asked.came, 10);
});

Deno.test("createTurns() lets what is urgent through, however much there is, and takes no turn for it", async () => {
  const clock = createFakeClock(0);
  const asked = counter(createTurns({ perSecond: 1, burst: 1 }, clock));
  await asked.ask();
  for (let at = 0; at < 1_000; at++) await asked.ask({ isUrgent: true });
  assert.equal(asked.came, 1_001);
  void asked.ask();
  await clock.advance(1_000);
  assert.equal(asked.came, 1_002);
});

Deno.test("createTurns() gives the turn of one that is aborted to others", async () => {
  const clock = createFakeClock(0);
  const asked = counter(createTurns({ perSecond: 1, burst: 1 }, clock));
  await asked.ask();
  const stop = new AbortController();
  const given = asked.ask({ signal: stop.signal });
  stop.abort(new TypeError("enough"));
  await assert.rejects(given, { message: "enough" });
  void asked.ask();
  await clock.advance(1_000);
  assert.equal(asked.came, 2);
});

Deno.test("createTurns() without a rate makes nobody wait", async () => {
  const clock = createFakeClock(0);
  const asked = counter(createTurns(undefined, clock));
  for (let at = 0; at < 1_000; at++) await asked.ask();
  assert.equal(asked.came, 1_000);
});
