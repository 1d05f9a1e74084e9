/** A connection over a wire that a test looks at: what was said once is said again, and only where it is right. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { concatBytes } from "signet/base/mod.ts";
import type { Metrics } from "signet/telemetry/mod.ts";
import { createAnswerer } from "../../../lib/dns/answer.ts";
import { MAX_BACKLOG_BYTES, QUEUE_HIGH_BYTES } from "../../../lib/dns/limits.ts";
import {
  decodeMessage,
  encodeName,
  encodeRecord,
  RCODE,
  sectionOf,
} from "../../../lib/dns/message/mod.ts";
import type { Aging, DnsAnswer, DnsClient } from "../../../lib/dns/port.ts";
import { MAX_SAID, SaidAnswers } from "../../../lib/dns/said_answers.ts";
import { ask, EMPTY_ANSWER, messagesIn, open } from "../../support/dns_connection.ts";
import { option } from "../../support/dns_messages.ts";
import { framed } from "../../support/dot_client.ts";

let pieces = 0;

/** Octets that count how often they become a piece of their own. */
class CountedOctets extends Uint8Array {
  override slice(start?: number, end?: number): Uint8Array<ArrayBuffer> {
    pieces++;
    return Uint8Array.prototype.slice.call(Uint8Array.from(this), start, end);
  }
}

function total(metrics: Metrics, name: string): number {
  const samples = metrics.snapshot().find((family) => family.name === name)?.samples ?? [];
  return samples.reduce((sum, { value }) => sum + (typeof value === "number" ? value : 0), 0);
}

Deno.test("an answer that is said again is the answer that would be given anew, but for what the question says", () => {
  const random = fc.record({
    name: fc.constantFrom("db.example", "a.wild.example", "nope.svc.cluster.local", "localhost"),
    upper: fc.bigInt({ min: 0n, max: (1n << 40n) - 1n }),
    id: fc.integer({ min: 0, max: 0xffff }),
    type: fc.constantFrom(1, 28, 65, 97),
    flags: fc.constantFrom(0x0100, 0, 0x0110, 0x0120),
    options: fc.constantFrom(
      undefined,
      new Uint8Array(0),
      option(12),
      option(12, 0, 0),
      option(11),
    ),
  });
  fc.assert(fc.property(fc.array(random, { minLength: 2, maxLength: 60 }), (asked) => {
    const one = open();
    for (const { name, upper, ...how } of asked) {
      const spelt = [...name].map((letter, i) =>
        (upper >> BigInt(i) & 1n) === 1n ? letter.toUpperCase() : letter
      ).join("");
      const [given] = one.ask(ask(spelt, how));
      const [anew] = open().ask(ask(spelt, how));
      assert.deepEqual(given, anew);
    }
  }));
});

Deno.test("a question that was answered is not answered anew, whatever its ID and its case, and is counted", () => {
  const one = open();
  one.ask(ask("db.example"));
  assert.equal(one.world.answered, 1);
  const answers = one.ask(ask("DB.exAMple", { id: 77 }), ask("db.EXAMPLE", { id: 78 }));
  assert.equal(one.world.answered, 1);
  assert.deepEqual(answers.map((answer) => answer[0]! << 8 | answer[1]!), [77, 78]);
  assert.equal(new TextDecoder().decode(answers[0]!.subarray(13, 15)), "DB");
  assert.equal(total(one.metrics, "signet_dns_queries_total"), 3);
});

Deno.test("types that differ by the bit of a letter's case are different questions", () => {
  const one = open();
  // HTTPS is 65, an A; 97 is an a.
  one.ask(ask("db.example", { type: 65 }));
  const [answer] = one.ask(ask("db.example", { type: 97 }));
  assert.equal(decodeMessage(answer!).questions[0]!.type, 97);
  assert.equal(one.world.answered, 2);
});

Deno.test("what a client of one namespace hears is not said to another, or to a stranger", () => {
  const said = new SaidAnswers(() => 0);
  const rcodeFor = (client: Partial<DnsClient>) => {
    const [answer] = open({ said, client }).ask(ask("private.example"));
    return answer![3]! & 15;
  };
  assert.equal(rcodeFor({ namespace: "shop" }), RCODE.NOERROR);
  assert.equal(rcodeFor({ namespace: "other" }), RCODE.REFUSED);
  assert.equal(rcodeFor({}), RCODE.REFUSED);
  assert.equal(rcodeFor({ namespace: "shop", admitted: false }), RCODE.REFUSED);
  assert.equal(rcodeFor({ namespace: "shop" }), RCODE.NOERROR);
});

Deno.test("names that have changed are answered anew", () => {
  const one = open();
  one.ask(ask("db.example"), ask("db.example"));
  one.host.said.clear();
  assert.equal(one.host.said.size, 0);
  one.ask(ask("db.example"));
  assert.equal(one.world.answered, 2);
});

Deno.test("each of several addresses comes first in its turn, and the keepalive time is that of now, also in what is said again", () => {
  const one = open();
  const firsts = [1, 2, 3, 4, 5, 6].map((id) => {
    const [answer] = one.ask(ask("many.example", { id }));
    return decodeMessage(answer!).answers.map(({ data }) => data[3]);
  });
  assert.deepEqual(new Set(firsts.map(([first]) => first)), new Set([1, 2, 3]));
  for (const order of firsts) assert.deepEqual([...order].sort(), [1, 2, 3]);
  assert.equal(one.world.answered, 1);
  const keepalive = (): string => {
    const [answer] = one.ask(ask("db.example", { options: option(11) }));
    return decodeMessage(answer!).additionals[0]!.data.toHex();
  };
  assert.equal(keepalive(), "000b0002012c");
  one.world.idleMs = 500;
  assert.equal(keepalive(), "000b00020005");
});

Deno.test("a kept answer of an upstream server is said again until its second is over, and every time is counted", () => {
  let told = 0;
  let asked = 0;
  const answer: DnsAnswer = {
    ...EMPTY_ANSWER,
    source: "cache",
    reuse: { untilMs: 1_000, orders: [], onReuse: () => void told++ },
  };
  const one = open({
    answer: () => {
      asked++;
      return answer;
    },
  });
  one.ask(ask("www.example.org"), ask("www.example.org"), ask("www.example.org"));
  assert.deepEqual([asked, told], [1, 2]);
  one.world.nowMs = 1_000;
  one.ask(ask("www.example.org"));
  assert.deepEqual([asked, told], [2, 2]);
});

Deno.test("the TTLs of what is said again run down with its time, and it is made anew when that is asked for", () => {
  const owner = Uint8Array.of(0xc0, 12);
  const records = [60, 2].map((ttl) =>
    encodeRecord(owner, { type: 1, ttl, data: Uint8Array.of(192, 0, 2, ttl) })
  );
  let asked = 0;
  const aging: Aging = {
    seconds: 0,
    ttlsAt: [6, 22],
    at: (nowMs) =>
      nowMs < 5_000
        ? { seconds: Math.floor(nowMs / 1000), untilMs: (Math.floor(nowMs / 1000) + 1) * 1000 }
        : undefined,
  };
  const one = open({
    answer: () => {
      asked++;
      return {
        ...EMPTY_ANSWER,
        source: "cache",
        answer: sectionOf(records),
        reuse: { untilMs: 1_000, orders: [], onReuse: undefined, aging },
      };
    },
  });
  const ttls = (nowMs: number, options?: Uint8Array) => {
    one.world.nowMs = nowMs;
    const [answer] = one.ask(ask("www.example.org", { options }));
    return decodeMessage(answer!).answers.map(({ ttl }) => ttl);
  };
  for (const options of [undefined, option(12), option(11)]) {
    assert.deepEqual(ttls(0, options), [60, 2]);
    assert.deepEqual(ttls(999, options), [60, 2]);
    assert.deepEqual(ttls(1_000, options), [59, 1]);
    assert.deepEqual(ttls(3_999, options), [57, 0]);
    assert.deepEqual(ttls(4_999, options), [56, 0]);
    one.host.said.clear();
  }
  assert.equal(asked, 3);
  ttls(0);
  ttls(5_000);
  assert.equal(asked, 5);
});

Deno.test("said answers are bounded, and those that are asked for again stay when there is no room", () => {
  const one = open();
  const hot = Array.from({ length: 200 }, (_, i) => `hot${i}.wild.example`);
  const heat = () => one.ask(...hot.map((name) => ask(name)));
  heat();
  heat();
  for (let i = 0; i < MAX_SAID * 2; i++) {
    one.ask(ask(`cold${i}.wild.example`));
    if (i % 1_000 === 0) heat();
  }
  assert.ok(one.host.said.size <= MAX_SAID);
  const before = one.world.answered;
  heat();
  assert.ok(one.world.answered - before < hot.length / 4, "most are still known");
});

Deno.test("a client that does not read is not answered, what it sends is kept up to a bound, and then it is cut off", () => {
  const one = open();
  one.world.queuedBytes = QUEUE_HIGH_BYTES + 1;
  assert.equal(one.ask(ask("db.example")).length, 1);
  assert.equal(one.ask(ask("db.example"), ask("db.example", { id: 2 })).length, 0);
  assert.deepEqual(one.stops, ["unread"]);
  one.world.queuedBytes = 0;
  one.written.length = 0;
  one.connection.drained();
  assert.equal(one.written.flatMap(messagesIn).length, 2, "what waited is answered");
  one.world.queuedBytes = QUEUE_HIGH_BYTES + 1;
  one.ask(ask("db.example"));
  const chunk = new Uint8Array(1 << 16);
  for (let sent = 0; sent <= MAX_BACKLOG_BYTES; sent += chunk.length) one.connection.receive(chunk);
  assert.deepEqual(one.closed, ["backlog", "destroy"]);
});

Deno.test("a client that floods while its queries wait for upstream is cut off at the same bound, however many of them are answered meanwhile", async () => {
  const waiting: ((answer: DnsAnswer) => void)[] = [];
  const one = open({ answer: () => new Promise((resolve) => void waiting.push(resolve)) });
  const flood = concatBytes(Array.from({ length: 1_000 }, (_, id) => framed(ask("db.up", { id }))));
  let kept = 0;
  while (one.closed.length === 0 && kept <= 4 * MAX_BACKLOG_BYTES) {
    one.connection.receive(flood);
    kept += flood.length;
    waiting.shift()!(EMPTY_ANSWER);
    await Promise.resolve();
    await Promise.resolve();
  }
  assert.deepEqual(one.closed, ["backlog", "destroy"]);
  assert.ok(one.stops.length > 0 && one.stops.every((reason) => reason === "in_flight"));
  assert.ok(kept < MAX_BACKLOG_BYTES + 2 * flood.length, `${kept}`);
  assert.ok(one.world.answered > 100, "some were answered, and others taken for them");
});

Deno.test("what a client sends octet by octet while nothing is looked at is kept in few pieces, and read whole", () => {
  const one = open();
  one.world.queuedBytes = QUEUE_HIGH_BYTES + 1;
  one.ask(ask("db.example"));
  const many = concatBytes(
    Array.from({ length: 16_000 }, (_, id) => framed(ask("db.example", { id }))),
  );
  const octets = Array.from({ length: 256 }, (_, octet) => CountedOctets.of(octet));
  pieces = 0;
  for (const octet of many) one.connection.receive(octets[octet]!);
  assert.ok(pieces > 0 && pieces <= 2 * Math.ceil(many.length / 16_384), `${pieces} pieces`);
  one.world.queuedBytes = 0;
  one.written.length = 0;
  one.connection.drained();
  assert.equal(one.written.flatMap(messagesIn).length, 16_000);
});

Deno.test("a client that does not end its side after the server has is cut off after the idle time", () => {
  const one = open();
  one.world.nowMs = 30_000;
  one.connection.tick(30_000);
  assert.deepEqual(one.closed, ["idle", "end"]);
  one.connection.tick(59_999);
  assert.deepEqual(one.closed, ["idle", "end"]);
  one.connection.tick(60_000);
  assert.deepEqual(one.closed, ["idle", "end", "destroy"]);
  const asked = open();
  asked.connection.clientEnded();
  assert.deepEqual(asked.closed, ["end"]);
  asked.connection.tick(30_000);
  assert.deepEqual(asked.closed, ["end", "destroy"], "nor does one that never reads the rest");
});

Deno.test("a client that closes its side before it has read gets all answers first", () => {
  const one = open();
  one.world.queuedBytes = QUEUE_HIGH_BYTES + 1;
  one.ask(ask("db.example"), ask("db.example", { id: 2 }));
  one.connection.clientEnded();
  assert.deepEqual(one.closed, []);
  one.world.queuedBytes = 0;
  one.written.length = 0;
  one.connection.drained();
  assert.equal(one.written.flatMap(messagesIn).length, 1);
  assert.deepEqual(one.closed, ["end"]);
});

Deno.test("frames may be cut anywhere, and answers that fill the outbox leave in several writes", () => {
  const padded = framed(ask("db.example", { options: option(12) }));
  const many = new Uint8Array(padded.length * 500);
  for (let i = 0; i < 500; i++) many.set(padded, i * padded.length);
  const one = open();
  for (let at = 0; at < many.length; at += 701) one.connection.receive(many.slice(at, at + 701));
  assert.equal(one.written.flatMap(messagesIn).length, 500);
  const whole = open();
  whole.connection.receive(many);
  assert.equal(whole.written.flatMap(messagesIn).length, 500);
  assert.ok(whole.written.length > 1 && whole.written.length < 10);
  assert.equal(encodeName("db.example").length, 12);
});

Deno.test("a failure while answering ends the connection and leaves nothing for another client", () => {
  const failing = open({
    answer: (query) => {
      if (query.id === 2) throw new TypeError("a bug");
      return createAnswerer({ table: () => undefined, forwarder: undefined, pick: () => 0 })(
        query,
        { address: "", namespace: undefined, admitted: true },
      );
    },
  });
  const both = new Uint8Array([...framed(ask("a.b")), ...framed(ask("a.b", { id: 2 }))]);
  failing.connection.receive(both);
  assert.deepEqual(failing.closed, ["failed", "destroy"]);
  assert.equal(failing.host.outbox.length, 0);
});
