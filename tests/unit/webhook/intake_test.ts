/** Bodies within their bounds: octets of one, octets of all, time. */
import assert from "node:assert/strict";

import type { ServerStream } from "signet/transport/mod.ts";
import {
  createIntake,
  MAX_HELD_BYTES,
  MAX_PENDING,
  REQUEST_TIMEOUT_MS,
  type TakenBody,
} from "../../../lib/webhook/intake.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

/** A body that the test feeds. */
function feed() {
  const waiting: Uint8Array[] = [];
  let wake = () => {};
  let ended = false;
  let failed = false;
  async function* body(): AsyncIterable<Uint8Array> {
    for (;;) {
      const chunk = waiting.shift();
      if (chunk !== undefined) yield chunk;
      else if (failed) throw new TypeError("reset");
      else if (ended) return;
      else await new Promise<void>((resolve) => void (wake = resolve));
    }
  }
  const then = (change: () => void) => {
    change();
    wake();
  };
  return {
    body: body(),
    push: (bytes: number) => then(() => waiting.push(new Uint8Array(bytes))),
    end: () => then(() => void (ended = true)),
    fail: () => then(() => void (failed = true)),
  };
}

/** A stream that has collected `first` octets, with the rest to come. */
function streamOf(first: number, rest: AsyncIterable<Uint8Array> | undefined) {
  const stream = {
    isLost: false,
    collect(
      _max: number,
      take: (body: Uint8Array, rest: AsyncIterable<Uint8Array> | undefined) => void,
    ) {
      take(new Uint8Array(first), rest);
    },
  };
  return stream as typeof stream & ServerStream<undefined>;
}

const MAX = 1_000_000;
const wordOf = (taken: TakenBody) =>
  taken.kind === "whole" ? `whole ${taken.body.length}` : taken.kind;

Deno.test("a body is whole, or too large", async () => {
  const clock = createFakeClock(0);
  using intake = createIntake(clock);
  const seen: string[] = [];
  const take = (taken: TakenBody) => void seen.push(wordOf(taken));
  intake.read(streamOf(10, undefined), MAX, take);
  assert.deepEqual(seen.splice(0), ["whole 10"]);
  const [whole, large] = [feed(), feed()];
  intake.read(streamOf(100_000, whole.body), MAX, take);
  intake.read(streamOf(100_000, large.body), MAX, take);
  whole.push(MAX - 100_000);
  whole.end();
  large.push(MAX - 100_000 + 1);
  await clock.advance(0);
  assert.deepEqual(seen, [`whole ${MAX}`, "too_large"]);
});

Deno.test("a body that does not come in time is given up, and so is one that nobody will send", async () => {
  const clock = createFakeClock(0);
  using intake = createIntake(clock);
  const seen: string[] = [];
  const take = (taken: TakenBody) => void seen.push(wordOf(taken));
  const [slow, lost] = [feed(), feed()];
  intake.read(streamOf(70_000, slow.body), MAX, take);
  const gone = streamOf(70_000, lost.body);
  intake.read(gone, MAX, take);
  gone.isLost = true;
  lost.fail();
  const iterated = intake.readAll(feed().body, MAX);
  await clock.advance(REQUEST_TIMEOUT_MS + 1_000);
  assert.deepEqual(seen, ["too_slow"]);
  assert.equal(wordOf(await iterated), "too_slow");
  slow.end();
  await clock.advance(2_000);
  assert.deepEqual(seen, ["too_slow"]);
  assert.equal(clock.waiting, 0, "nothing looks at the clock while nothing waits");
});

Deno.test("large bodies together hold no more than they may, and give it back", async () => {
  const clock = createFakeClock(0);
  using intake = createIntake(clock);
  const seen: string[] = [];
  const take = (taken: TakenBody) => void seen.push(wordOf(taken));
  const size = MAX_HELD_BYTES / 4;
  const feeds = Array.from({ length: 5 }, feed);
  for (const { body, push } of feeds) {
    intake.read(streamOf(0, body), size, take);
    push(size);
    await clock.advance(0);
  }
  assert.deepEqual(seen.splice(0), ["too_many"]);
  for (const { end } of feeds) end();
  await clock.advance(0);
  assert.deepEqual(seen.splice(0), Array(4).fill(`whole ${size}`));
  const again = feed();
  intake.read(streamOf(0, again.body), size, take);
  again.push(size);
  again.end();
  await clock.advance(0);
  assert.deepEqual(seen, [`whole ${size}`]);
});

Deno.test("no more requests wait for their bodies than may, and those that are lost make room", async () => {
  const clock = createFakeClock(0);
  using intake = createIntake(clock);
  const seen: string[] = [];
  const take = (taken: TakenBody) => void seen.push(wordOf(taken));
  const streams = Array.from({ length: MAX_PENDING }, () => streamOf(0, feed().body));
  for (const stream of streams) intake.read(stream, MAX, take);
  intake.read(streamOf(10, undefined), MAX, take);
  assert.deepEqual(seen.splice(0), ["too_many"]);
  assert.equal(wordOf(await intake.readAll(feed().body, MAX)), "too_many");
  for (const stream of streams) stream.isLost = true;
  await clock.advance(1_000);
  intake.read(streamOf(10, undefined), MAX, take);
  assert.deepEqual(seen, ["whole 10"]);
});
