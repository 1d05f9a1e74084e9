import assert from "node:assert/strict";
import { concatBytes } from "signet/base/mod.ts";
import {
  encodeName,
  encodeRecord,
  FLAG,
  RCODE,
  soaData,
  TYPE,
} from "../../../../lib/dns/message/mod.ts";
import {
  MAX_NEGATIVE_TTL_SECONDS,
  MAX_POSITIVE_TTL_SECONDS,
  readReply,
} from "../../../../lib/dns/forward/reply.ts";
import type { KeptAnswer } from "../../../../lib/dns/forward/kept_answer.ts";
import { recordsOf } from "../../../support/forwarding.ts";
import { assertBitFlipsCalm } from "../../../support/mutations.ts";

const NAME = "www.example.com";
const OWN = Uint8Array.of(0xc0, 12);

interface Parts {
  readonly flags?: number;
  readonly answers?: readonly Uint8Array[];
  readonly authorities?: readonly Uint8Array[];
  readonly additionals?: readonly Uint8Array[];
}

function message({ flags = 0x8180, answers = [], authorities = [], additionals = [] }: Parts) {
  const counts = [1, answers.length, authorities.length, additionals.length];
  return Uint8Array.from([
    ...[0x12, 0x34, flags >> 8, flags & 0xff],
    ...counts.flatMap((count) => [count >> 8, count & 0xff]),
    ...encodeName(NAME),
    ...[0, 1, 0, 1],
    ...[...answers, ...authorities, ...additionals].flatMap((record) => [...record]),
  ]);
}

function a(owner: Uint8Array | string, ttl: number, last = 1): Uint8Array {
  const wire = typeof owner === "string" ? encodeName(owner) : owner;
  return encodeRecord(wire, { type: TYPE.A, ttl, data: Uint8Array.of(192, 0, 2, last) });
}

function cname(owner: string, target: string): Uint8Array {
  return encodeRecord(encodeName(owner), { type: TYPE.CNAME, ttl: 50, data: encodeName(target) });
}

function soa(ttl: number, minimum: number): Uint8Array {
  const numbers = { serial: 1, refresh: 2, retry: 3, expire: 4, minimum };
  const data = soaData({ mname: "ns.example.com", rname: "admin.example.com", ...numbers });
  return encodeRecord(encodeName("example.com"), { type: TYPE.SOA, ttl, data });
}

/** An OPT record: extended code and options. */
function opt(extended: number, ...options: readonly number[]): Uint8Array {
  return Uint8Array.of(0, 0, 41, 4, 208, extended, 0, 0, 0, 0, options.length, ...options);
}

function answerOf(parts: Parts, type: number = TYPE.A): KeptAnswer {
  const reply = readReply(message(parts), { name: NAME, type });
  assert.equal(reply.kind, "answer", JSON.stringify(reply));
  return (reply as { readonly answer: KeptAnswer }).answer;
}

const NOW = {
  ageSeconds: 0,
  isStale: false,
  wantsAuthentic: false,
  source: "upstream",
} as const;

Deno.test("readReply() keeps an answer for its lowest TTL, one TTL for each record set, and counts it down", () => {
  const kept = answerOf({ answers: [a(OWN, 300), a(OWN, 200, 2)], additionals: [opt(0)] });
  assert.equal(kept.ttlSeconds, 200);
  const now = recordsOf(kept.giveOut(NOW), NAME).answers;
  assert.deepEqual(now.map(({ name, ttl }) => [name, ttl]), [[NAME, 200], [NAME, 200]]);
  const later = kept.giveOut({ ...NOW, ageSeconds: 150 });
  assert.deepEqual(recordsOf(later, NAME).answers.map(({ ttl }) => ttl), [50, 50]);
  assert.deepEqual(kept.giveOut({ ...NOW, ageSeconds: 150 }), later);
  const stale = kept.giveOut({ ...NOW, isStale: true });
  assert.deepEqual(recordsOf(stale, NAME).answers.map(({ ttl }) => ttl), [30, 30]);
  assert.equal(stale.extendedError?.code, 3);
});

const KEPT: readonly (readonly [string, Parts, number])[] = [
  ["a TTL with the top bit is 0", { answers: [a(OWN, 0x8000_0001)] }, 0],
  ["a TTL of years", { answers: [a(OWN, 0x7fff_ffff)] }, MAX_POSITIVE_TTL_SECONDS],
  ["NODATA: the SOA's minimum", { authorities: [soa(100, 40)] }, 40],
  ["NODATA: the SOA's TTL", { authorities: [soa(30, 40)] }, 30],
  ["NXDOMAIN: at most", { flags: 0x8183, authorities: [soa(1e6, 1e6)] }, MAX_NEGATIVE_TTL_SECONDS],
  ["NXDOMAIN without SOA", { flags: 0x8183 }, 0],
  ["NODATA without SOA", {}, 0],
  ["NODATA behind an alias", {
    answers: [cname(NAME, "x.example.com")],
    authorities: [soa(90, 70)],
  }, 50],
  ["an alias to nothing, without SOA", { answers: [cname(NAME, "x.example.com")] }, 0],
  ["glue does not count", { answers: [a(OWN, 60)], additionals: [a("ns.example.com", 5)] }, 60],
];

Deno.test("readReply() says where the TTLs of an answer stand, in all of its sections", () => {
  const kept = answerOf({
    answers: [cname(NAME, "a.example"), a("a.example", 300), a("a.example", 300, 2)],
    authorities: [soa(70, 80)],
    additionals: [a("b.example", 90), opt(0)],
  });
  const { answer, authority, additional } = kept.giveOut(NOW);
  const bytes = concatBytes([answer.bytes, authority.bytes, additional.bytes]);
  const view = new DataView(bytes.buffer);
  assert.deepEqual(kept.ttlsAt.map((at) => view.getUint32(at)), [50, 300, 300, 70, 90]);
});

Deno.test("readReply() keeps what is said of a reply, and not the reply", () => {
  const count = 2_000;
  const before = Deno.memoryUsage().external;
  const kept = Array.from({ length: count }, () => {
    const small = message({ answers: [a(OWN, 300)] });
    const large = new Uint8Array(0xffff);
    large.set(small);
    const reply = readReply(large.subarray(0, small.length), { name: NAME, type: TYPE.A });
    assert.equal(reply.kind, "answer");
    return reply;
  });
  const grown = Deno.memoryUsage().external - before;
  assert.ok(grown < count * 0xffff / 2, `${grown} octets of ${kept.length} replies`);
});

Deno.test("readReply() keeps no longer than RFC 2181 and RFC 2308 allow", async (t) => {
  for (const [what, parts, ttl] of KEPT) {
    await t.step(what, () => assert.equal(answerOf(parts).ttlSeconds, ttl));
  }
});

Deno.test("readReply() gives the SOA of a negative answer the TTL that the answer has", () => {
  const { authorities } = recordsOf(answerOf({ authorities: [soa(100, 40)] }).giveOut(NOW), NAME);
  assert.deepEqual(authorities.map(({ type, ttl }) => [type, ttl]), [[TYPE.SOA, 40]]);
});

Deno.test("readReply() keeps what belongs to the question, along its aliases, and drops the rest", () => {
  const answers = [
    a("c.example.net", 60, 3),
    cname("b.example.net", "c.example.net"),
    cname(NAME, "b.example.net"),
    a("victim.example.org", 60, 9),
  ];
  const read = recordsOf(answerOf({ answers }).giveOut(NOW), NAME).answers;
  assert.deepEqual(read.map(({ name }) => name), ["c.example.net", "b.example.net", NAME]);
});

Deno.test("readReply() ends on aliases in a circle and on a chain without end", () => {
  const circle = [cname(NAME, "b.example.net"), cname("b.example.net", NAME)];
  assert.equal(recordsOf(answerOf({ answers: circle }).giveOut(NOW), NAME).answers.length, 2);
  const chain = Array.from({ length: 500 }, (_, i) => cname(`${i}.net`, `${i + 1}.net`)).reverse();
  answerOf({ answers: [cname(NAME, "0.net"), ...chain] });
});

const FAILED: readonly (readonly [string, Uint8Array, number])[] = [
  ["SERVFAIL", message({ flags: 0x8182, additionals: [opt(0)] }), 23],
  [
    "SERVFAIL, with the server's reason",
    message({
      flags: 0x8182,
      additionals: [opt(0, 0, 15, 0, 3, 0, 6, 0x78)],
    }),
    6,
  ],
  ["REFUSED", message({ flags: 0x8185, additionals: [opt(0)] }), 23],
  ...[11, 12, 13, 14, 15].map((rcode) =>
    [`rcode ${rcode}`, message({ flags: 0x8180 | rcode, additionals: [opt(0)] }), 23] as const
  ),
  ["BADVERS", message({ additionals: [opt(1)] }), 23],
  ["another name's record", message({ answers: [a("victim.example.org", 60)] }), 24],
  [
    "a referral",
    message({
      flags: 0x8100,
      authorities: [
        encodeRecord(encodeName("com"), { type: TYPE.NS, ttl: 60, data: encodeName("ns.com") }),
      ],
    }),
    24,
  ],
  ["a pointer to itself", message({ answers: [a(Uint8Array.of(0xc0, 33), 60)] }), 24],
  ["a record past the end", message({ answers: [a(OWN, 60).slice(0, -1)] }), 24],
];

Deno.test("readReply() takes for a failure what is no answer", async (t) => {
  for (const [what, bytes, code] of FAILED) {
    await t.step(what, () => {
      const reply = readReply(bytes, { name: NAME, type: TYPE.A });
      assert.equal(reply.kind, "failed");
      assert.equal(reply.kind === "failed" && reply.why.code, code);
    });
  }
});

Deno.test("readReply() tells a server without EDNS by its FORMERR or NOTIMP without OPT", () => {
  for (const flags of [0x8181, 0x8184]) {
    const reply = readReply(message({ flags }), { name: NAME, type: TYPE.A });
    assert.equal(reply.kind, "no_edns");
  }
});

Deno.test("KeptAnswer.giveOut() says AD to those who know what it means, RA always, AA never", () => {
  const kept = answerOf({ flags: 0x85a0, answers: [a(OWN, 60)] });
  assert.equal(kept.giveOut(NOW).flags, FLAG.RA);
  assert.equal(kept.giveOut({ ...NOW, wantsAuthentic: true }).flags, FLAG.RA | FLAG.AD);
  const stale = kept.giveOut({ ...NOW, wantsAuthentic: true, isStale: true });
  assert.equal(stale.flags, FLAG.RA);
});

Deno.test("readReply() leaves records of unknown types and DNSSEC's as they are, and OPT out", () => {
  const rrsig = encodeRecord(OWN, {
    type: TYPE.RRSIG,
    ttl: 60,
    data: Uint8Array.of(0, 1, 2, 0xc0),
  });
  const kept = answerOf({ answers: [a(OWN, 60), rrsig], additionals: [opt(0), a("glue.net", 9)] });
  const answer = kept.giveOut(NOW);
  assert.equal(answer.rcode, RCODE.NOERROR);
  assert.equal(answer.additional.count, 1);
  const [, signature] = recordsOf(answer, NAME).answers;
  assert.deepEqual(signature?.data, Uint8Array.of(0, 1, 2, 0xc0));
});

Deno.test("readReply() takes every flip of one bit calmly", () => {
  const bytes = message({
    answers: [cname(NAME, "b.example.net"), a("b.example.net", 60)],
    authorities: [soa(60, 60)],
    additionals: [opt(0, 0, 15, 0, 3, 0, 6, 0x78)],
  });
  assertBitFlipsCalm(bytes, (flipped) => {
    const reply = readReply(flipped, { name: NAME, type: TYPE.A });
    if (reply.kind === "answer") recordsOf(reply.answer.giveOut(NOW), NAME);
  });
});
