import assert from "node:assert/strict";
import { SignetError } from "signet/base/mod.ts";
import { createLogger } from "signet/telemetry/mod.ts";
import {
  backoffMs,
  dueMs,
  type Held,
  keepRenewed,
  LOOK_MS,
  MAX_WAIT_MS,
  MIN_WAIT_MS,
  type RenewalPort,
} from "../../../lib/commands/renewal.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";

const START = Date.parse("2026-06-01T00:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

interface Bench {
  readonly clock: FakeClock;
  readonly lines: string[];
  held: Held | undefined;
  /** Times of attempts, in milliseconds since the start. */
  readonly attempts: number[];
  failing: boolean;
  lifeMs: number;
  roots: string;
  stop(): Promise<void>;
}

/** A loop over a server in memory; disposing it proves that it ends. */
async function bench(
  held: Held | undefined,
  { random = 0.5, lifeMs = DAY, failing = false } = {},
): Promise<Bench & AsyncDisposable> {
  const clock = createFakeClock(START);
  const controller = new AbortController();
  const made: Bench = {
    clock,
    lines: [],
    held,
    attempts: [],
    failing,
    lifeMs,
    roots: "one",
    async stop() {
      controller.abort("SIGTERM");
      await ended;
      assert.equal(clock.waiting, 0);
    },
  };
  const port: RenewalPort = {
    current: () => Promise.resolve(made.held),
    obtain() {
      made.attempts.push(clock.nowMs() - START);
      if (made.failing) {
        return Promise.reject(
          new SignetError("transport.connect_failed", "Cannot connect: refused"),
        );
      }
      made.held = certificate(clock.nowMs(), made.lifeMs, made.roots);
      return Promise.resolve(made.held);
    },
  };
  const ended = keepRenewed(port, {
    clock,
    random: () => random,
    logger: createLogger({ levels: { default: "info" }, json: true }, {
      clock,
      sink: (line) => void made.lines.push(line),
    }),
    signal: controller.signal,
  });
  await clock.advance(0); // The first look is taken.
  return Object.assign(made, { [Symbol.asyncDispose]: () => made.stop() });
}

/** Backdated by two minutes, as istiod does. */
function certificate(nowMs: number, lifeMs: number, roots = "one"): Held {
  return {
    fingerprint: `made at ${nowMs}`,
    notBeforeMs: nowMs - 120_000,
    notAfterMs: nowMs + lifeMs,
    roots,
  };
}

Deno.test("keepRenewed() asks at once where there is no certificate", async () => {
  await using loop = await bench(undefined);
  assert.deepEqual(loop.attempts, [0]);
});

Deno.test("keepRenewed() renews at half of each life, and not before", async () => {
  await using loop = await bench(certificate(START, 2 * HOUR), { lifeMs: 2 * HOUR });
  await loop.clock.advance(0.9 * HOUR);
  assert.deepEqual(loop.attempts, []);
  await loop.clock.advance(0.2 * HOUR);
  assert.equal(loop.attempts.length, 1);
  await loop.clock.advance(HOUR);
  assert.equal(loop.attempts.length, 2);
  const [first = 0, second = 0] = loop.attempts;
  assert.ok(Math.abs(second - first - HOUR) <= LOOK_MS);
});

Deno.test("keepRenewed() spreads renewal over a tenth of the life", async (t) => {
  for (const [random, at] of [[0, 0.45], [0.999, 0.55]] as const) {
    await t.step(`${at}`, async () => {
      await using loop = await bench(certificate(START, 4 * HOUR), { random });
      await loop.clock.advance(3 * HOUR);
      assert.ok(Math.abs(loop.attempts[0]! - 4 * HOUR * at) < 3 * 60_000, String(loop.attempts));
    });
  }
});

Deno.test("keepRenewed() does not hurry for a short life that was backdated for as long", async () => {
  await using loop = await bench(undefined, { lifeMs: 60_000 });
  await loop.clock.advance(61_000);
  // At 0, 30 s and 60 s: half of what was left when it was got, not of the two minutes before.
  assert.equal(loop.attempts.length, 3);
});

Deno.test("keepRenewed() backs off while the server is away, says so, and goes on when it is back", async () => {
  await using loop = await bench(certificate(START - 20 * HOUR, DAY), { failing: true });
  await loop.clock.advance(HOUR);
  const during = loop.attempts.length;
  assert.ok(during > 10 && during < 40, String(during));
  const gaps = loop.attempts.slice(1).map((at, i) => at - loop.attempts[i]!);
  assert.ok(gaps.every((gap) => gap >= MIN_WAIT_MS && gap <= MAX_WAIT_MS), String(gaps));
  const records = loop.lines.map((line) => JSON.parse(line)).filter(({ event }) =>
    event === "renewal.failed"
  );
  assert.equal(records.length, during);
  assert.match(JSON.stringify(records[0]), /Cannot connect: refused/);
  assert.match(JSON.stringify(records[0]), /valid for 4h0m0s/);
  loop.failing = false;
  await loop.clock.advance(MAX_WAIT_MS);
  assert.equal(loop.attempts.length, during + 1);
  assert.match(loop.lines.join(), /renewal\.renewed/);
});

Deno.test("keepRenewed() says that a certificate has expired, and still tries", async () => {
  await using loop = await bench(certificate(START - 2 * DAY, DAY), { failing: true });
  await loop.clock.advance(10_000);
  assert.ok(loop.attempts.length > 1);
  assert.match(loop.lines.join(), /EXPIRED at 2026-05-31T00:00:00.000Z/);
});

Deno.test("keepRenewed() notices within a minute that the clock jumped over the renewal", async () => {
  await using loop = await bench(certificate(START, 30 * DAY));
  await loop.clock.advance(HOUR);
  loop.clock.jump(20 * DAY);
  await loop.clock.advance(LOOK_MS);
  assert.equal(loop.attempts.length, 1);
});

Deno.test("keepRenewed() does not wait for ever when the clock goes back", async () => {
  await using loop = await bench(undefined);
  loop.clock.jump(-2 * HOUR);
  await loop.clock.advance(HOUR);
  assert.equal(loop.attempts.length, 1);
  // notBefore is ahead by the jump; renewal comes in the certificate's own life, not after it.
  await loop.clock.advance(13 * HOUR);
  assert.ok(loop.attempts.length >= 2);
});

Deno.test("keepRenewed() takes up a certificate that somebody else put there", async () => {
  await using loop = await bench(certificate(START, 2 * HOUR));
  await loop.clock.advance(HOUR / 2);
  loop.held = certificate(START + HOUR / 2, 10 * HOUR);
  await loop.clock.advance(2 * HOUR);
  assert.deepEqual(loop.attempts, []);
  await loop.clock.advance(4 * HOUR);
  assert.equal(loop.attempts.length, 1);
});

Deno.test("keepRenewed() tells of roots that changed", async () => {
  await using loop = await bench(undefined);
  await loop.clock.advance(1);
  assert.doesNotMatch(loop.lines.join(), /roots_changed/);
  loop.roots = "one two";
  loop.held = undefined;
  await loop.clock.advance(LOOK_MS);
  assert.match(loop.lines.join(), /renewal\.roots_changed/);
});

Deno.test("keepRenewed() sets no timer longer than the back-off's limit, for a century of life", async () => {
  await using loop = await bench(certificate(START, 100 * 365 * DAY));
  await loop.clock.advance(HOUR);
  assert.ok(loop.clock.longestTimerMs <= MAX_WAIT_MS);
});

Deno.test("keepRenewed() ends when it is told to, and passes on what is no SignetError", async () => {
  await using loop = await bench(certificate(START, DAY));
  await loop.clock.advance(1);
  await loop.stop();
  const clock = createFakeClock(START);
  const port: RenewalPort = {
    current: () => Promise.reject(new TypeError("a bug")),
    obtain: () => Promise.reject(new TypeError("not reached")),
  };
  const logger = createLogger({ levels: {}, json: true }, { clock, sink: () => undefined });
  const { signal } = new AbortController();
  await assert.rejects(keepRenewed(port, { clock, random: () => 0, logger, signal }), TypeError);
});

Deno.test("backoffMs() doubles, is never under a second or above its limit, and hurries near the end", () => {
  assert.equal(backoffMs(1, Infinity, 0), MIN_WAIT_MS);
  assert.equal(backoffMs(4, Infinity, 1), 8000);
  assert.equal(backoffMs(40, Infinity, 1), MAX_WAIT_MS);
  assert.equal(backoffMs(1000, Infinity, 0), MAX_WAIT_MS / 2);
  assert.equal(backoffMs(40, 100_000, 1), 10_000);
  assert.equal(backoffMs(40, -5, 1), MAX_WAIT_MS);
});

Deno.test("dueMs() is never after the end and never before the start", () => {
  const held = certificate(START, DAY);
  for (const startMs of [START - DAY, START, START + DAY / 2]) {
    for (const nowMs of [START - 10 * DAY, START, START + 10 * DAY]) {
      const due = dueMs({ fingerprint: "", startMs, share: 0.5 }, held, nowMs);
      assert.ok(due >= held.notBeforeMs && due <= held.notAfterMs);
    }
  }
});
