/** The DNS codec: outside bytes, bad bytes, cuts and flips, and what it writes read by another decoder. */
import assert from "node:assert/strict";
import fc from "fast-check";
import { isSignetError } from "signet/base/mod.ts";
import {
  decodeMessage,
  decodeQuery,
  EMPTY_SECTION,
  encodeName,
  encodeQuery,
  encodeRecord,
  encodeResponse,
  FLAG,
  QUESTION_NAME,
  readName,
  type ResponseParts,
  sectionOf,
  soaData,
  srvData,
  textData,
  TYPE,
  typeName,
  typeNumber,
} from "../../../lib/dns/message/mod.ts";
import {
  message,
  opt,
  option,
  question,
  record,
  u16,
  wireName,
} from "../../support/dns_messages.ts";
import { createRecordCache } from "../../../lib/dns/record_cache.ts";

const NAME = encodeName("db.example");

function parts(more: Partial<ResponseParts> = {}): ResponseParts {
  return {
    id: 7,
    queryFlags: FLAG.RD,
    flags: FLAG.AA,
    rcode: 0,
    question: question(NAME),
    answer: EMPTY_SECTION,
    authority: EMPTY_SECTION,
    additional: EMPTY_SECTION,
    edns: undefined,
    extendedError: undefined,
    keepalive: undefined,
    ...more,
  };
}

/** A response with pointers in owners and in data, put together by hand after RFC 1035 section 4.1.4. */
const COMPRESSED = Uint8Array.fromHex(
  "abcd81800001000300010001" + // header: one question, three answers, one authority, one additional
    "03777777076578616d706c6503636f6d0000010001" + // www.example.com A IN
    "c00c0005000100000e100006036c6231c010" + // www CNAME lb1.example.com, its tail by a pointer into the question
    "c02d000100010000003c0004c0000201" + // lb1 A 192.0.2.1, owner by a pointer into data
    "c02d000100010000003c0004c0000202" +
    "c010000200010000003c0002c02d" + // example.com NS lb1.example.com
    "00002904d0000000000000", // OPT
);

Deno.test("decodeMessage() expands names in owners and data", () => {
  const { id, flags, questions, answers, authorities, additionals, end } = decodeMessage(
    COMPRESSED,
  );
  assert.deepEqual([id, flags, end], [0xabcd, 0x8180, COMPRESSED.length]);
  assert.deepEqual(questions, [{ name: "www.example.com", type: 1, class: 1 }]);
  assert.deepEqual(
    [...answers, ...authorities].map((
      { name, type, ttl, data },
    ) => [name, type, ttl, data.toHex()]),
    [
      ["www.example.com", 5, 3600, encodeName("lb1.example.com").toHex()],
      ["lb1.example.com", 1, 60, "c0000201"],
      ["lb1.example.com", 1, 60, "c0000202"],
      ["example.com", 2, 60, encodeName("lb1.example.com").toHex()],
    ],
  );
  assert.deepEqual(additionals.map(({ type, class: size }) => [type, size]), [[41, 1232]]);
});

Deno.test("decodeMessage() and decodeQuery() answer every cut and flip of a message within bounds", () => {
  const query = message({ counts: [1, 0, 0, 1] }, question(NAME), opt(option(12, 0, 0)));
  for (const golden of [COMPRESSED, query]) {
    const tryBoth = (bytes: Uint8Array) => {
      decodeQuery(bytes);
      try {
        decodeMessage(bytes);
      } catch (thrown) {
        if (!isSignetError(thrown, "dns.bad_message")) throw thrown;
      }
    };
    for (let length = 0; length < golden.length; length++) tryBoth(golden.subarray(0, length));
    for (let bit = 0; bit < golden.length * 8; bit++) {
      const flipped = golden.slice();
      flipped[bit >> 3]! ^= 1 << (bit & 7);
      tryBoth(flipped);
    }
  }
  fc.assert(fc.property(fc.uint8Array({ maxLength: 600 }), (bytes) => {
    decodeQuery(bytes);
    try {
      decodeMessage(bytes);
    } catch (thrown) {
      assert.ok(isSignetError(thrown, "dns.bad_message"));
    }
  }));
});

Deno.test("decodeMessage() refuses what goes past an end, and names the place", async (t) => {
  const rows: Readonly<Record<string, Uint8Array>> = {
    "eleven octets": new Uint8Array(11),
    "more records than octets": message({ counts: [0, 65535, 65535, 65535] }),
    "a record whose data goes past the end": message(
      { counts: [0, 1, 0, 0] },
      concatOf(Uint8Array.of(0), u16(1, 1, 0, 1, 5), new Uint8Array(4)),
    ),
    "octets behind a CNAME's name": message(
      { counts: [0, 1, 0, 0] },
      record(Uint8Array.of(0), 5, Uint8Array.of(0, 0)),
    ),
    "a name in data that goes past the data": message(
      { counts: [0, 1, 0, 0] },
      record(Uint8Array.of(0), 5, Uint8Array.of(3, 97)),
      new Uint8Array(8),
    ),
    "a pointer to itself in data": message(
      { counts: [0, 1, 0, 0] },
      record(Uint8Array.of(0), 5, u16(0xc017)),
    ),
  };
  for (const [what, bytes] of Object.entries(rows)) {
    await t.step(
      what,
      () =>
        assert.throws(
          () => decodeMessage(bytes),
          (thrown) => isSignetError(thrown, "dns.bad_message") && thrown.offset !== undefined,
        ),
    );
  }
});

function concatOf(...chunks: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(chunks.flatMap((chunk) => [...chunk]));
}

Deno.test("readName() follows pointers backwards only, and at most 32", () => {
  const chain = [wireName("x")];
  for (let i = 0; i < 40; i++) chain.push(u16(0xc000 | (i === 0 ? 0 : 3 + (i - 1) * 2)));
  const bytes = concatOf(...chain);
  assert.equal(readName(bytes, 3 + 31 * 2, { pointers: true }).key, "x");
  assert.throws(() => readName(bytes, 3 + 32 * 2, { pointers: true }), /32 pointers/);
  assert.deepEqual(readName(bytes, 3, { pointers: true }), { key: "x", end: 5 });
  assert.throws(() => readName(bytes, 3, { pointers: false }), /pointer/);
});

Deno.test("encodeName() writes what readName() reads, whatever the octets", () => {
  const label = fc.uint8Array({ minLength: 1, maxLength: 63 });
  fc.assert(fc.property(fc.array(label, { maxLength: 4 }), (labels) => {
    const wire = concatOf(
      ...labels.flatMap((octets) => [Uint8Array.of(octets.length), octets]),
      Uint8Array.of(0),
    );
    fc.pre(wire.length <= 255);
    const { key, end } = readName(wire, 0, { pointers: false });
    assert.equal(end, wire.length);
    const lower = wire.map((octet) => octet >= 0x41 && octet <= 0x5a ? octet + 32 : octet);
    // Lengths are below 0x41, so lowering the whole lowers labels alone.
    assert.deepEqual(encodeName(key), lower);
  }));
  for (const bad of ["a..b", ".", `${"x".repeat(64)}.b`, "a.".repeat(128), "\u0100.b"]) {
    if (bad === ".") assert.deepEqual(encodeName(bad), Uint8Array.of(0));
    else {assert.throws(() =>
        encodeName(bad), (thrown) =>
        isSignetError(thrown, "dns.bad_name"), bad);}
  }
});

Deno.test("a key of readName() keeps an octet that is a dot from being a separator", () => {
  const dotted = readName(wireName("a.b", "c"), 0, { pointers: false }).key;
  const plain = readName(wireName("a", "b", "c"), 0, { pointers: false }).key;
  assert.equal(dotted, "a\\.b.c");
  assert.equal(plain, "a.b.c");
  assert.deepEqual(encodeName(dotted), wireName("a.b", "c"));
  assert.equal(readName(Uint8Array.of(2, 0, 255, 0), 0, { pointers: false }).key, "\\000\\255");
});

Deno.test("encodeResponse() writes what decodeMessage() reads", () => {
  const answer = sectionOf([
    encodeRecord(QUESTION_NAME, { type: TYPE.A, ttl: 30, data: Uint8Array.of(10, 0, 0, 1) }),
    encodeRecord(NAME, {
      type: TYPE.SRV,
      ttl: 30,
      data: srvData({ priority: 0, weight: 100, port: 80, target: "a.example" }),
    }),
  ]);
  const soa = {
    mname: "ns.x",
    rname: "h.x",
    serial: 1,
    refresh: 2,
    retry: 3,
    expire: 4,
    minimum: 5,
  };
  const authority = sectionOf([
    encodeRecord(NAME, { type: TYPE.SOA, ttl: 30, data: soaData(soa) }),
  ]);
  const bytes = encodeResponse(parts({
    answer,
    authority,
    edns: { dnssecOk: true, padding: false, keepalive: true },
    extendedError: { code: 3, text: "old" },
    keepalive: 300,
  }));
  assert.equal(bytes[0]! << 8 | bytes[1]!, bytes.length - 2);
  const decoded = decodeMessage(bytes.subarray(2));
  assert.equal(decoded.end, bytes.length - 2);
  assert.equal(decoded.flags, 0x8500);
  assert.deepEqual(decoded.answers.map(({ name, type }) => [name, type]), [
    ["db.example", TYPE.A],
    ["db.example", TYPE.SRV],
  ]);
  assert.equal(decoded.authorities[0]!.data.length, 6 + 5 + 20);
  const [optRecord] = decoded.additionals;
  assert.equal(optRecord!.ttl, 0x8000);
  assert.equal(optRecord!.data.toHex(), "000b0002012c" + "000f00050003" + "6f6c64");
});

Deno.test("encodeResponse() pads to a multiple of 468, and truncates what no message can hold", () => {
  const edns = { dnssecOk: false, padding: true, keepalive: false };
  for (const count of [0, 1, 27, 28, 29, 100, 4000]) {
    const one = encodeRecord(QUESTION_NAME, { type: TYPE.A, ttl: 1, data: new Uint8Array(4) });
    const answer = sectionOf(Array.from({ length: count }, () => one));
    const bytes = encodeResponse(parts({ answer, edns }));
    const length = bytes.length - 2;
    assert.ok(length % 468 === 0 || length === 65_535, `${count} records: ${length}`);
    assert.equal(decodeMessage(bytes.subarray(2)).answers.length, count);
  }
  const big = encodeRecord(QUESTION_NAME, { type: TYPE.TXT, ttl: 1, data: new Uint8Array(40_000) });
  const cut = decodeMessage(
    encodeResponse(parts({ answer: sectionOf([big, big]), edns })).subarray(2),
  );
  assert.equal(cut.answers.length, 0);
  assert.notEqual(cut.flags & FLAG.TC, 0);
});

Deno.test("encodeResponse() splits an extended code between header and OPT", () => {
  const edns = { dnssecOk: false, padding: false, keepalive: false };
  const { flags, additionals } = decodeMessage(
    encodeResponse(parts({ rcode: 16, edns })).subarray(2),
  );
  assert.equal(flags & 15, 0);
  assert.equal(additionals[0]!.ttl >>> 24, 1);
});

Deno.test("encodeQuery() writes a query that decodeQuery() takes", () => {
  const bytes = encodeQuery({
    id: 9,
    name: NAME,
    type: TYPE.AAAA,
    flags: FLAG.RD,
    options: { dnssecOk: true, bytes: option(12) },
  });
  const decoded = decodeQuery(bytes.subarray(2));
  assert.equal(decoded.kind, "query");
  if (decoded.kind !== "query") return;
  const { id, name, type, edns } = decoded.query;
  assert.deepEqual([id, name, type], [9, "db.example", 28]);
  assert.deepEqual(edns, { dnssecOk: true, padding: true, keepalive: false });
});

Deno.test("names of types go both ways", () => {
  for (const [name, number] of Object.entries(TYPE)) {
    assert.equal(typeName(number), name);
    assert.equal(typeNumber(name.toLowerCase()), number);
  }
  assert.deepEqual([
    typeName(65280),
    typeNumber("TYPE65280"),
    typeNumber("type70000"),
    typeNumber("nope"),
  ], [
    "TYPE65280",
    65280,
    undefined,
    undefined,
  ]);
  assert.equal(textData("a", "").toHex(), "016100");
});

Deno.test("createRecordCache() turns several addresses round, and keeps each encoded set", () => {
  const picks: number[] = [];
  const cache = createRecordCache((below) => picks.push(below) % below);
  const records = {
    apex: "a.example",
    v4: [1, 2, 3].map((last) => Uint8Array.of(10, 0, 0, last)),
    v6: [],
    srv: new Map(),
    endpoints: new Map(),
    alias: "",
    registry: "External" as const,
  };
  const firsts = [1, 2, 3].map(() => cache.addresses(records, TYPE.A, undefined)!.bytes[15]);
  assert.deepEqual([...firsts].sort(), [1, 2, 3], "each comes first in its turn");
  assert.equal(cache.addresses(records, TYPE.AAAA, undefined), undefined);
  assert.equal(cache.addresses(records, TYPE.TXT, undefined), undefined);
  const owned = cache.addresses(records, TYPE.A, "other.example")!;
  assert.equal(readName(owned.bytes, 0, { pointers: false }).key, "other.example");
  const orders = cache.orders(records, TYPE.A, "other.example")!;
  const said = orders.map(({ bytes }) => [0, 1, 2].map((at) => bytes[(at + 1) * 25 + at * 4 + 3]));
  assert.deepEqual(said, [[1, 2, 3], [2, 3, 1], [3, 1, 2]]);
  const octets = new Set(orders.map(({ bytes }) => bytes.buffer));
  assert.deepEqual([octets.size, [...octets][0]!.byteLength], [1, 2 * orders[0]!.bytes.length]);
});
