/** Whatever a client may send, octet by octet over TLS, and what it gets. The rows follow RFC 1035, 6891, 7828, 8467, 8906 and 9619. */
import assert from "node:assert/strict";
import { concatBytes } from "signet/base/mod.ts";
import {
  message,
  opt,
  option,
  question,
  record,
  u16,
  wireName,
} from "../../support/dns_messages.ts";
import { type DotClient, framed } from "../../support/dot_client.ts";
import type { SignetServer } from "../../support/server.ts";
import { connectMesh, DEEPEST_HOST, LONGEST_HOST, startMesh } from "./mesh.ts";

const ID = 0x1234;
const DB = wireName("db", "example");
const QUERY = message({}, question(DB));
/** The answer to {@linkcode QUERY}: AA, RD, one address by a pointer to the question's name, TTL 30. */
const ANSWER = concatBytes([
  u16(ID, 0x8500, 1, 1, 0, 0),
  question(DB),
  u16(0xc00c, 1, 1, 0, 30, 4),
  Uint8Array.of(10, 0, 0, 7),
]);
const FORMERR = 1;
const NOTIMP = 4;
const REFUSED = 5;

/** A header without a question: what a message gets that cannot be read. */
function bare(rcode: number, flags = 0x8100): Uint8Array {
  return u16(ID, flags | rcode, 0, 0, 0, 0);
}

/** The question again, and an OPT when the query had one. */
function refused(rcode: number, asked: Uint8Array, flags = 0x8100): Uint8Array {
  return concatBytes([u16(ID, flags | rcode, 1, 0, 0, 0), asked]);
}

const withOpt = (...parts: Uint8Array[]) =>
  message({ counts: [1, 0, 0, parts.length] }, question(DB), ...parts);
const name255 = concatBytes(
  [...LONGEST_HOST.split("."), ""].map((label) =>
    Uint8Array.from([label.length, ...new TextEncoder().encode(label)])
  ),
);

/** Sent, and the whole answer. */
const EXACT: Readonly<Record<string, readonly [Uint8Array, Uint8Array]>> = {
  "a usual query": [QUERY, ANSWER],
  "QDCOUNT 0": [message({ counts: [0, 0, 0, 0] }), bare(FORMERR)],
  "QDCOUNT 0 with an OPT": [message({ counts: [0, 0, 0, 1] }, opt()), bare(FORMERR)],
  "QDCOUNT 1 without a question": [message({}), bare(FORMERR)],
  "a name that is cut": [message({}, DB.subarray(0, 5)), bare(FORMERR)],
  "a type that is cut": [message({}, DB, Uint8Array.of(0)), bare(FORMERR)],
  "a class that is cut": [message({}, DB, u16(1), Uint8Array.of(0)), bare(FORMERR)],
  "QDCOUNT 2": [message({ counts: [2, 0, 0, 0] }, question(DB), question(DB)), bare(FORMERR)],
  "QDCOUNT 65535": [message({ counts: [65535, 0, 0, 0] }, question(DB)), bare(FORMERR)],
  "TC in a query": [message({ flags: 0x0300 }, question(DB)), bare(FORMERR)],
  "AA, RA, Z, AD and a code in a query": [message({ flags: 0x05ef }, question(DB)), ANSWER],
  "no RD": [
    message({ flags: 0 }, question(DB)),
    concatBytes([u16(ID, 0x8400, 1, 1, 0, 0), ANSWER.subarray(12)]),
  ],
  "CD comes back": [
    message({ flags: 0x0110 }, question(DB)),
    concatBytes([u16(ID, 0x8510, 1, 1, 0, 0), ANSWER.subarray(12)]),
  ],
  "a record in the answer section": [
    message({ counts: [1, 1, 0, 0] }, question(DB), record(DB, 1, new Uint8Array(4))),
    bare(FORMERR),
  ],
  "a record in the authority section": [
    message({ counts: [1, 0, 1, 0] }, question(DB), record(DB, 1, new Uint8Array(4))),
    bare(FORMERR),
  ],
  "ARCOUNT 1 with nothing behind": [
    message({ counts: [1, 0, 0, 1] }, question(DB)),
    refused(FORMERR, question(DB)),
  ],
  "two OPT records": [withOpt(opt(), opt()), refused(FORMERR, question(DB))],
  "an OPT whose owner is not the root": [
    withOpt(opt(undefined, { owner: DB })),
    refused(FORMERR, question(DB)),
  ],
  "an OPT in the answer section": [
    message({ counts: [1, 1, 0, 0] }, question(DB), opt()),
    bare(FORMERR),
  ],
  "an OPT that goes past the end": [
    withOpt(opt(undefined, { length: 4 })),
    refused(FORMERR, question(DB)),
  ],
  "an option that goes past the OPT": [
    withOpt(opt(u16(65001, 9))),
    refused(FORMERR, question(DB)),
  ],
  "three stray octets in an OPT": [
    withOpt(opt(Uint8Array.of(1, 2, 3))),
    refused(FORMERR, question(DB)),
  ],
  "keepalive with a value": [withOpt(opt(option(11, 0, 9))), refused(FORMERR, question(DB))],
  "keepalive of three octets": [withOpt(opt(option(11, 0, 0, 9))), refused(FORMERR, question(DB))],
  "TSIG in the additional section": [
    withOpt(record(Uint8Array.of(0), 250, new Uint8Array(16))),
    refused(FORMERR, question(DB)),
  ],
  "a label of type 0x40": [message({}, Uint8Array.of(0x41, 1), question(DB)), bare(FORMERR)],
  "a label of type 0x80": [message({}, Uint8Array.of(0x81, 1), question(DB)), bare(FORMERR)],
  "a pointer to itself": [message({}, question(u16(0xc00c))), bare(FORMERR)],
  "a pointer forward": [message({}, question(u16(0xc020))), bare(FORMERR)],
  "a pointer past the end": [message({}, question(u16(0xffff))), bare(FORMERR)],
  "a pointer into the header": [message({}, question(u16(0xc000))), bare(FORMERR)],
  "a loop of two pointers": [message({}, u16(0xc00e, 0xc00c), u16(1, 1)), bare(FORMERR)],
  "a name of 256 octets": [
    message(
      {},
      question(concatBytes([Uint8Array.of(1, 0x78), name255.subarray(0, -1), wireName()])),
    ),
    bare(FORMERR),
  ],
  "a name of 60,000 octets": [
    message({}, concatBytes(Array.from({ length: 30_000 }, () => Uint8Array.of(1, 0x78)))),
    bare(FORMERR),
  ],
  "octets after the message": [concatBytes([QUERY, new Uint8Array(300).fill(0xff)]), ANSWER],
  "a frame of 65,535: a query and zeros": [
    concatBytes([QUERY, new Uint8Array(65_535 - QUERY.length)]),
    ANSWER,
  ],
};

for (const opcode of [1, 2, 3, 4, 5, 6, 15]) {
  const flags = opcode << 11 | 0x0100;
  Object.assign(EXACT, {
    [`opcode ${opcode}`]: [message({ flags }, question(DB)), bare(NOTIMP, 0x8100 | opcode << 11)],
  });
}
for (const [type, name] of [[41, "OPT"], [249, "TKEY"], [250, "TSIG"], [253, "MAILB"]] as const) {
  const asked = question(DB, type);
  Object.assign(EXACT, {
    [`a question for ${name}`]: [message({}, asked), refused(FORMERR, asked)],
  });
}
for (const [type, name] of [[252, "AXFR"], [251, "IXFR"]] as const) {
  const asked = question(DB, type);
  Object.assign(EXACT, {
    [`a question for ${name}`]: [message({}, asked), refused(REFUSED, asked)],
  });
}
for (
  const [klass, name] of [[3, "CH"], [4, "HS"], [254, "NONE"], [0, "0"], [255, "ANY"]] as const
) {
  const asked = question(DB, 1, klass);
  Object.assign(EXACT, { [`class ${name}`]: [message({}, asked), refused(REFUSED, asked)] });
}

/** What a row looks at in an answer. */
interface Seen {
  readonly bytes: Uint8Array;
  readonly rcode: number;
  readonly flags: number;
  /** Answers, authorities, additionals. */
  readonly counts: readonly number[];
  /** Options of the OPT by code; undefined without OPT. */
  readonly options: ReadonlyMap<number, Uint8Array> | undefined;
}

function look(bytes: Uint8Array): Seen {
  const at16 = (at: number) => bytes[at]! << 8 | bytes[at + 1]!;
  const [flags, counts] = [at16(2), [6, 8, 10].map(at16)];
  const at = bytes.findIndex((_, at) =>
    at >= 12 && bytes[at] === 0 && at16(at + 1) === 41 &&
    at + 11 + at16(at + 9) === bytes.length
  );
  if (at < 0) return { bytes, rcode: flags & 15, flags, counts, options: undefined };
  const options = new Map<number, Uint8Array>();
  for (let i = at + 11; i < bytes.length; i += 4 + at16(i + 2)) {
    options.set(at16(i), bytes.subarray(i + 4, i + 4 + at16(i + 2)));
  }
  return { bytes, rcode: bytes[at + 5]! << 4 | flags & 15, flags, counts, options };
}

const check = (
  sent: Uint8Array,
  judge: (seen: Seen) => void,
): readonly [Uint8Array, (seen: Seen) => void] => [sent, judge];
const soa = ({ rcode, counts }: Seen, wanted: number) =>
  assert.deepEqual([rcode, counts[0], counts[1]], [wanted, 0, 1]);

/** Sent, and what is looked at. */
const LOOKED: Readonly<Record<string, readonly [Uint8Array, (seen: Seen) => void]>> = {
  "EDNS version 1": check(withOpt(opt(undefined, { version: 1 })), ({ rcode, options }) => {
    assert.equal(rcode, 16);
    assert.ok(options !== undefined);
  }),
  "EDNS version 255": check(
    withOpt(opt(undefined, { version: 255 })),
    ({ rcode }) => assert.equal(rcode, 16),
  ),
  "EDNS size 0, unknown flags, an unknown option": check(
    withOpt(opt(option(65001, 1, 2), { size: 0, flags: 0x7fff })),
    ({ rcode, counts, options }) => {
      assert.deepEqual([rcode, counts[0], counts[2]], [0, 1, 1]);
      assert.deepEqual([...options!.keys()], []);
    },
  ),
  "keepalive without a value": check(
    withOpt(opt(option(11))),
    ({ options }) => assert.deepEqual(options!.get(11), u16(300)),
  ),
  "padding of zeros": check(withOpt(opt(option(12, 0, 0, 0))), ({ bytes, options }) => {
    assert.equal(bytes.length, 468);
    assert.ok(options!.get(12)!.every((octet) => octet === 0));
  }),
  "padding of other octets": check(
    withOpt(opt(option(12, 7, 8, 9))),
    ({ bytes }) => assert.equal(bytes.length, 468),
  ),
  "a cookie of 7 octets": check(
    withOpt(opt(option(10, 1, 2, 3, 4, 5, 6, 7))),
    ({ rcode, counts }) => assert.deepEqual([rcode, counts[0]], [0, 1]),
  ),
  "a client subnet of an unknown family": check(
    withOpt(opt(option(8, 0, 99, 24, 0, 1, 2, 3))),
    ({ rcode, counts }) => assert.deepEqual([rcode, counts[0]], [0, 1]),
  ),
  "a name of 255 octets": check(
    message({}, question(name255)),
    ({ rcode, counts }) => assert.deepEqual([rcode, counts[0]], [0, 1]),
  ),
  "a name of 127 labels": check(
    message({}, question(wireName(...DEEPEST_HOST.split(".")))),
    ({ rcode, counts }) => assert.deepEqual([rcode, counts[0]], [0, 1]),
  ),
  "a label that holds a dot": check(
    message({}, question(wireName("db.example"))),
    ({ rcode, counts }) => assert.deepEqual([rcode, counts[0]], [REFUSED, 0]),
  ),
  "a label that holds a NUL": check(
    message({}, question(wireName("db\0", "svc", "cluster", "local"))),
    (seen) => soa(seen, 3),
  ),
  "a label that holds 0xff": check(
    message(
      {},
      question(concatBytes([Uint8Array.of(1, 0xff), wireName("svc", "cluster", "local")])),
    ),
    (seen) => soa(seen, 3),
  ),
  "mixed case": check(
    message({}, question(wireName("Db", "eXAMPLE"))),
    ({ bytes, counts }) => {
      assert.equal(counts[0], 1);
      assert.deepEqual(bytes.subarray(12, 28), question(wireName("Db", "eXAMPLE")));
    },
  ),
  "type 0 of a name that is known": check(message({}, question(DB, 0)), (seen) => soa(seen, 0)),
  "type 65 of a name that is known": check(message({}, question(DB, 65)), (seen) => soa(seen, 0)),
  "type 65535 of a name that is known": check(
    message({}, question(DB, 65535)),
    (seen) => soa(seen, 0),
  ),
  "AAAA of a name that has none": check(message({}, question(DB, 28)), (seen) => soa(seen, 0)),
  "type ANY of a name that is known": check(
    message({}, question(DB, 255)),
    ({ rcode, counts }) => assert.deepEqual([rcode, counts[0]], [0, 1]),
  ),
  "class CH with EDNS": check(
    message({ counts: [1, 0, 0, 1] }, question(DB, 1, 3), opt()),
    ({ rcode, options }) => {
      assert.equal(rcode, REFUSED);
      assert.deepEqual(options!.get(15)!.subarray(0, 2), u16(21));
    },
  ),
};

async function alive(client: DotClient): Promise<void> {
  client.send(QUERY);
  assert.deepEqual(await client.next(), ANSWER, "the connection goes on");
}

Deno.test("the DNS port answers every malformed or unusual message as the RFCs ask, and goes on", async (t) => {
  await using server = await startMesh();
  await using client = await connectMesh(server);
  for (const [what, [sent, expected]] of Object.entries(EXACT)) {
    await t.step(what, async () => {
      client.send(sent);
      assert.deepEqual(await client.next(), expected);
      await alive(client);
    });
  }
  for (const [what, [sent, judge]] of Object.entries(LOOKED)) {
    await t.step(what, async () => {
      client.send(sent);
      judge(look((await client.next())!));
      await alive(client);
    });
  }
  await frames(t, server);
});

/** Rows about frames rather than messages. */
async function frames(t: Deno.TestContext, server: SignetServer): Promise<void> {
  for (const length of [0, 1, 2, 11]) {
    await t.step(`a frame of ${length} octets closes the connection`, async () => {
      await using client = await connectMesh(server);
      client.send(QUERY.subarray(0, length));
      assert.equal(await client.next(), undefined);
    });
  }
  await t.step("responses get nothing, and the fourth closes the connection", async () => {
    await using client = await connectMesh(server);
    for (let i = 0; i < 3; i++) client.send(message({ flags: 0x8100 }, question(DB)));
    await alive(client);
    client.send(message({ flags: 0x8100 }, question(DB)));
    assert.equal(await client.next(), undefined);
  });
  await t.step("a frame of 65,535 octets of 0xff is a response", async () => {
    await using client = await connectMesh(server);
    client.send(new Uint8Array(65_535).fill(0xff));
    await alive(client);
  });
  await t.step("two queries of one ID are both answered", async () => {
    await using client = await connectMesh(server);
    client.send(QUERY, QUERY);
    assert.deepEqual([await client.next(), await client.next()], [ANSWER, ANSWER]);
  });
  await t.step("one octet a TLS record", async () => {
    await using client = await connectMesh(server);
    for (const octet of framed(QUERY)) {
      client.write(Uint8Array.of(octet));
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    assert.deepEqual(await client.next(), ANSWER);
  });
  await t.step("a thousand queries in one write", async () => {
    await using client = await connectMesh(server);
    const ids = Array.from({ length: 1000 }, (_, id) => id);
    client.send(...ids.map((id) => message({ id }, question(DB))));
    const seen = new Set<number>();
    for (const _ of ids) {
      const answer = (await client.next())!;
      seen.add(answer[0]! << 8 | answer[1]!);
    }
    assert.equal(seen.size, ids.length);
  });
  await t.step("50 queries and a closed side: 50 answers and the end", async () => {
    await using client = await connectMesh(server, { tls: { allowHalfOpen: true } as never });
    client.send(...Array.from({ length: 50 }, () => QUERY));
    client.end();
    for (let i = 0; i < 50; i++) assert.deepEqual(await client.next(), ANSWER);
    assert.equal(await client.next(), undefined);
  });
  await t.step("a length cut by the edge of a TLS record", async () => {
    await using client = await connectMesh(server);
    const many = concatBytes(Array.from({ length: 2000 }, () => framed(QUERY)));
    client.write(many.subarray(0, 16_385));
    client.write(many.subarray(16_385));
    for (let i = 0; i < 2000; i++) assert.deepEqual(await client.next(), ANSWER);
  });
}
