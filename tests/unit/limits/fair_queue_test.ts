import assert from "node:assert/strict";

import fc from "fast-check";
import {
  createFairQueue,
  type FairQueue,
  type FairQueueOptions,
  type Place,
} from "signet/limits/mod.ts";

interface Bench {
  readonly queue: FairQueue;
  /** Names of those whose turn came, in order. */
  readonly granted: string[];
  /** Enters `count` times; true for each that was not refused. */
  enter(name: string, count?: number, bytes?: number): boolean[];
  /** Gives back one turn. */
  leave(): Promise<void>;
  /** The event loop's next turn. */
  turn(): Promise<void>;
}

function bench(options: Partial<FairQueueOptions> = {}): Bench {
  const due: (() => void)[] = [];
  const granted: string[] = [];
  const queue = createFairQueue({
    maxWaiting: 1_000,
    maxWaitingBytes: 1 << 20,
    maxRunning: 1,
    maxGrantsPerTurn: 1_000_000,
    onNextTurn: (fn) => void due.push(fn),
    ...options,
  });
  const placeOf = (name: string, bytes: number): Place => {
    const [group = "", member = ""] = name.split("/");
    return { group, member, bytes };
  };
  return {
    queue,
    granted,
    enter: (name, count = 1, bytes = 1) =>
      Array.from({ length: count }, () => {
        const entry = queue.enter(placeOf(name, bytes));
        if (entry === "granted") granted.push(name);
        else if (entry !== "full") void entry.then(() => granted.push(name));
        return entry !== "full";
      }),
    async leave() {
      queue.leave();
      await Promise.resolve();
    },
    async turn() {
      for (const fn of due.splice(0)) fn();
      await Promise.resolve();
    },
  };
}

Deno.test("createFairQueue() grants at once while there is room, then in order", async () => {
  const { enter, leave, granted, queue } = bench({ maxRunning: 2 });
  enter("a/1", 4);
  assert.equal(granted.length, 2);
  assert.equal(queue.waiting, 2);
  await leave();
  await leave();
  assert.equal(granted.length, 4);
  assert.equal(queue.waiting, 0);
});

Deno.test("createFairQueue() serves groups in turns, and connections of a group in turns", async () => {
  const { enter, leave, granted } = bench();
  enter("a/1", 5);
  enter("a/2", 2);
  enter("b/1", 2);
  for (let n = 0; n < 9; n++) await leave();
  assert.deepEqual(granted, ["a/1", "a/1", "b/1", "a/2", "b/1", "a/1", "a/2", "a/1", "a/1"]);
});

Deno.test("createFairQueue() lets nobody wait for more than one turn of each other, however loud they are", async () => {
  const { enter, leave, granted } = bench();
  enter("loud/1", 300);
  for (let n = 0; n < 5; n++) enter(`quiet ${n}/1`);
  for (let n = 0; n < 10; n++) await leave();
  const last = Math.max(...[0, 1, 2, 3, 4].map((n) => granted.indexOf(`quiet ${n}/1`)));
  assert.ok(last >= 0 && last <= 7, granted.slice(0, 10).join());
});

Deno.test("createFairQueue() keeps room for newcomers while one floods, then a hundred do", () => {
  const { enter, queue } = bench({ maxWaiting: 900 });
  const taken = enter("loud/1", 5_000).filter(Boolean).length;
  assert.equal(taken, 301, "one connection: a third, and the one that runs");
  for (let n = 2; n < 50; n++) enter(`loud/${n}`, 5_000);
  assert.ok(queue.waiting <= 450, "one identity: at most half");
  assert.deepEqual(enter("quiet/1"), [true]);
  for (let n = 0; n < 100; n++) enter(`flood ${n}/1`, 5_000);
  assert.ok(queue.waiting <= 900);
});

Deno.test("createFairQueue() refuses when it is full, by number or by bytes, and takes again afterwards", async () => {
  const { enter, leave, queue } = bench({ maxWaiting: 2, maxWaitingBytes: 10 });
  assert.deepEqual(enter("a/1", 4), [true, true, false, false]);
  assert.deepEqual(enter("b/1", 1, 10), [false]);
  assert.deepEqual(enter("b/1", 1, 9), [true]);
  assert.deepEqual(enter("c/1", 1, 0), [false]);
  await leave();
  await leave();
  await leave();
  assert.equal(queue.waiting, 0);
  assert.deepEqual(enter("c/1", 2, 10), [true, true]);
});

Deno.test("createFairQueue() lets the event loop turn after a number of grants", async () => {
  const { enter, leave, turn, granted } = bench({ maxRunning: 10, maxGrantsPerTurn: 3 });
  enter("a/1", 8);
  assert.equal(granted.length, 3);
  for (let n = 0; n < 3; n++) await leave();
  assert.equal(granted.length, 3, "not before the next turn");
  await turn();
  assert.equal(granted.length, 6);
  await turn();
  assert.equal(granted.length, 8);
});

Deno.test("createFairQueue() grants each entry once, whatever comes and goes", async () => {
  await fc.assert(fc.asyncProperty(
    fc.array(
      fc.oneof(
        fc.constant("leave"),
        fc.constant("turn"),
        fc.constantFrom("a/1", "a/2", "b/1", "c/1"),
      ),
    ),
    async (steps) => {
      const { enter, leave, turn, granted, queue } = bench({
        maxWaiting: 9,
        maxRunning: 2,
        maxGrantsPerTurn: 3,
      });
      let [taken, left] = [0, 0];
      for (const step of steps) {
        if (step === "turn") await turn();
        else if (step !== "leave") taken += enter(step)[0] ? 1 : 0;
        else if (granted.length > left) {
          left++;
          await leave();
        }
        assert.ok(granted.length - left <= 2 && queue.waiting <= 9);
      }
      for (; left < taken; left++) {
        await turn();
        await leave();
      }
      assert.equal(granted.length, taken);
      assert.equal(queue.waiting, 0);
    },
  ));
});
