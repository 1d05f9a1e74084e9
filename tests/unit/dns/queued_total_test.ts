/** The bound on what waits for all clients of a port together. */
import assert from "node:assert/strict";
import { QUEUE_HIGH_BYTES } from "../../../lib/dns/limits.ts";
import { QueuedTotal, relieve } from "../../../lib/dns/queued_total.ts";
import { ask, open } from "../../support/dns_connection.ts";

/** A port of several connections, each with so many octets that its client does not read, that may hold so many together. */
function openMany(queuedBytes: readonly number[], maxBytes: number) {
  const queued = new QueuedTotal(
    maxBytes,
    () => relieve(queued, many.map(({ connection }) => connection)),
  );
  const many = queuedBytes.map(() => open({ queued }));
  for (const [at, bytes] of queuedBytes.entries()) {
    many[at]!.world.queuedBytes = bytes;
    many[at]!.ask(ask("db.example"));
  }
  return { many, queued };
}

Deno.test("all clients together leave no more unread than may be, and the one for whom most waits is cut off first", () => {
  const within = openMany([1_000, 3_000, 2_000], 6_000);
  assert.equal(within.queued.bytes, 6_000);
  assert.deepEqual(within.many.map(({ closed }) => closed), [[], [], []]);
  const above = openMany([1_000, 3_000, 2_001], 6_000);
  assert.deepEqual(above.many.map(({ closed }) => closed), [[], ["queue_full", "destroy"], []]);
  assert.equal(above.queued.bytes, 3_001);
  above.many[2]!.connection.lost();
  assert.equal(above.queued.bytes, 1_000);
  const all = openMany([1, 1, 9_000], 0);
  assert.deepEqual(all.many.map(({ closed }) => closed.length), [2, 2, 2]);
  assert.equal(all.queued.bytes, 0);
});

Deno.test("what has gone out since it was counted ends nobody", () => {
  const { many, queued } = openMany([3_000, 2_000], 6_000);
  many[0]!.world.queuedBytes = 0;
  many[1]!.world.queuedBytes = 4_000;
  many[1]!.ask(ask("db.example"));
  assert.deepEqual(many.map(({ closed }) => closed), [[], []]);
  assert.equal(queued.bytes, 4_000);
  many[1]!.world.queuedBytes = 10;
  many[1]!.connection.tick(1);
  assert.equal(queued.bytes, 10);
});

Deno.test("what all clients together send while nothing is looked at is bounded as well", () => {
  const high = QUEUE_HIGH_BYTES + 1;
  const { many, queued } = openMany([high, high, high], 3 * high + 250_000);
  const chunk = new Uint8Array(100_000);
  for (const { connection } of many.slice(1)) connection.receive(chunk);
  assert.deepEqual(many.map(({ closed }) => closed), [[], [], []]);
  many[2]!.connection.receive(chunk);
  assert.deepEqual(many.map(({ closed }) => closed), [[], [], ["queue_full", "destroy"]]);
  assert.equal(queued.bytes, 2 * high + 100_000);
});

Deno.test("one that was ended and does not take what waits is cut off when there is no room, and counts no more", () => {
  const { many, queued } = openMany([3_000, 1_000], 6_000);
  many[0]!.connection.clientEnded();
  assert.deepEqual(many[0]!.closed, ["end"]);
  many[1]!.world.queuedBytes = 3_500;
  many[1]!.ask(ask("db.example"));
  // The second has more to wait for, and goes; the first then has room.
  assert.deepEqual(many.map(({ closed }) => closed), [["end"], ["queue_full", "destroy"]]);
  const other = openMany([5_000, 1_000], 6_000);
  other.many[0]!.connection.clientEnded();
  other.many[1]!.world.queuedBytes = 2_000;
  other.many[1]!.ask(ask("db.example"));
  assert.deepEqual(other.many[0]!.closed, ["end", "queue_full", "destroy"]);
  assert.equal(other.queued.bytes, 2_000);
  assert.equal(queued.bytes, 3_000);
});
