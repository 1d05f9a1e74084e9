/** Messages of others: read as dnspython reads them, and beside dns-packet, whole, cut and with each bit flipped. */
import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import dnsPacket from "dns-packet";
import { isSignetError, messageOf } from "signet/base/mod.ts";
import {
  decodeMessage,
  decodeQuery,
  type DnsMessage,
  type DnsRecord,
  readName,
  TYPE,
} from "../../../lib/dns/message/mod.ts";
import vectors from "../../vectors/dns/messages.json" with { type: "json" };

/** The `data` of a record as dns-packet has it, whatever the type. */
interface OtherRecord {
  readonly name: string;
  readonly type: string;
  readonly ttl?: number;
  readonly data?: unknown;
}
interface OtherMessage {
  readonly id: number;
  readonly questions: readonly { readonly name: string }[];
  readonly answers: readonly OtherRecord[];
  readonly authorities: readonly OtherRecord[];
  readonly additionals: readonly OtherRecord[];
}
/** dns-packet has no types of its own. */
const other = dnsPacket as unknown as {
  decode(bytes: Buffer): OtherMessage;
  record(type: string): { decode(bytes: Buffer, offset: number): unknown };
};

function wireOf(record: DnsRecord) {
  const { type, ttl } = record;
  return {
    ...{ owner: record.owner.toHex(), type, class: record.class, ttl },
    data: record.data.toHex(),
  };
}

Deno.test("decodeMessage() reads what dnspython reads in messages of dnspython, kdig and unbound", async (t) => {
  for (const { what, by, hex, read } of vectors) {
    await t.step(`${by}: ${what}`, () => {
      const message = decodeMessage(Uint8Array.fromHex(hex));
      const opt = message.additionals.find(({ type }) => type === TYPE.OPT);
      const rest = message.additionals.filter((record) => record !== opt);
      assert.deepEqual(
        [message.id, message.flags, message.end],
        [read.id, read.flags, hex.length / 2],
      );
      assert.deepEqual(
        message.questions.map(({ name, type, class: klass }) => [name, type, klass]),
        read.questions.map((one) => [keyOf(one.name), one.type, one.class]),
      );
      assert.deepEqual(message.answers.map(wireOf), read.answers);
      assert.deepEqual(message.authorities.map(wireOf), read.authorities);
      assert.deepEqual(rest.map(wireOf), read.additionals);
      assert.deepEqual(
        opt === undefined ? null : { payload: opt.class, ttl: opt.ttl, data: opt.data.toHex() },
        read.opt,
      );
    });
  }
});

function keyOf(hex: string): string {
  return readName(Uint8Array.fromHex(hex), 0, { pointers: false }).key;
}

Deno.test("decodeQuery() takes what kdig sends, with the options it sends", () => {
  const queries = vectors.filter(({ by }) => by.startsWith("kdig"));
  assert.ok(queries.length >= 10);
  for (const { what, hex, read } of queries) {
    const decoded = decodeQuery(Uint8Array.fromHex(hex));
    assert.equal(decoded.kind, "query", what);
    if (decoded.kind !== "query") return;
    const { id, edns, question } = decoded.query;
    assert.equal(id, read.id);
    assert.equal(question.toHex().slice(0, -8), read.questions[0]?.name);
    assert.equal(edns !== undefined, read.opt !== null, what);
    assert.equal(edns?.keepalive ?? false, what.includes("ednsopt=11"), what);
    assert.equal(edns?.padding ?? false, what.includes("+padding"), what);
    assert.equal(edns?.dnssecOk ?? false, what.includes("+dnssec"), what);
  }
});

/** Every way in which signet and dns-packet differ, and why. What is in no row fails the test, and so does a row that never happens. */
const DIFFERENCES: readonly (readonly [RegExp, string])[] = [
  [
    /^signet refuses: .*(data goes past its end|record goes past its end|octets follow the name)/,
    "dns-packet reads as much of a record as its type has, whatever the length says; signet holds a record to its length",
  ],
  [
    /^signet refuses: .*(label goes past the end|goes past the end of the message|pointer goes past)/,
    "signet reads names in the data of types that old servers compress (RFC 3597 section 4), which dns-packet leaves alone, and in TXT or A of a wrong length",
  ],
  [/^signet refuses: .*label is of a type that does not exist/, "the same"],
  [
    /^signet refuses: .*pointer does not lead backwards/,
    "the same, and dns-packet follows pointers forward where they end",
  ],
  [
    /^dns-packet refuses: The value of "offset" is out of range/,
    "dns-packet reads fixed fields of a type past the data; signet leaves data of types that it does not need opaque",
  ],
  [
    /^dns-packet refuses: (Buffer overflow|Protocol must be|Cannot decode name)/,
    "dns-packet looks into the data of types that are opaque to signet, and at names of more labels than it has octets for",
  ],
  [
    /^differs: owner/,
    "dns-packet makes text of names: octets that are no UTF-8, and dots in labels, are lost",
  ],
  [
    /^differs: data/,
    "dns-packet reads data to the length of its type, leaves names compressed that signet writes out, or finds no data of the type there, which is opaque to signet",
  ],
];

Deno.test("decodeMessage() and dns-packet read the same, but for differences that have a reason", () => {
  const seen = new Set<RegExp>();
  let agreed = 0;
  for (const { what, hex } of vectors) {
    const whole = Uint8Array.fromHex(hex);
    if (whole.length > 400) continue;
    for (const bytes of variants(whole)) {
      const difference = compare(bytes);
      if (difference === undefined) {
        agreed++;
        continue;
      }
      const row = DIFFERENCES.find(([pattern]) => pattern.test(difference));
      assert.ok(row, `${difference}\nin ${what}: ${bytes.toHex()}`);
      seen.add(row[0]);
    }
  }
  assert.ok(agreed > 20_000, `only ${agreed} agree`);
  const never = DIFFERENCES.filter(([pattern]) => !seen.has(pattern));
  assert.deepEqual(never.map(([pattern]) => pattern.source), []);
});

Deno.test("messages as they were made are read alike by dns-packet, but for names that are no text", () => {
  const unlike = vectors.filter(({ hex }) => compare(Uint8Array.fromHex(hex)) !== undefined);
  assert.deepEqual(unlike.map(({ what }) => what), ["labels that hold dots, zeros and spaces"]);
});

function* variants(whole: Uint8Array): Generator<Uint8Array> {
  for (let length = 0; length <= whole.length; length++) yield whole.slice(0, length);
  for (let bit = 0; bit < whole.length * 8; bit++) {
    const flipped = whole.slice();
    flipped[bit >> 3]! ^= 1 << (bit & 7);
    yield flipped;
  }
}

/** How the two differ; `undefined` when they do not, or both refuse. */
function compare(bytes: Uint8Array): string | undefined {
  const [ours, theirs] = [ourReading(bytes), theirReading(bytes)];
  if (typeof ours === "string") {
    return typeof theirs === "string" ? undefined : `signet refuses: ${ours}`;
  }
  if (typeof theirs === "string") return `dns-packet refuses: ${theirs}`;
  const mine = [...ours.answers, ...ours.authorities, ...ours.additionals];
  const others = [...theirs.answers, ...theirs.authorities, ...theirs.additionals];
  if (ours.id !== theirs.id || mine.length !== others.length) return "differs: shape";
  if (ours.questions.length !== theirs.questions.length) return "differs: questions";
  for (const [i, record] of mine.entries()) {
    const difference = compareRecord(record, others[i]!);
    if (difference !== undefined) return `differs: ${difference}`;
  }
  return undefined;
}

function compareRecord(ours: DnsRecord, theirs: OtherRecord): string | undefined {
  const name = theirs.name === "." ? "" : theirs.name.toLowerCase();
  if (ours.name !== name) return `owner ${ours.name}, ${name}`;
  if (ours.type === TYPE.OPT) return undefined;
  if (ours.ttl !== theirs.ttl) return "ttl";
  const framed = Buffer.from([ours.data.length >> 8, ours.data.length & 0xff, ...ours.data]);
  try {
    const again = other.record(theirs.type).decode(framed, 0);
    return JSON.stringify(again) === JSON.stringify(theirs.data)
      ? undefined
      : `data ${theirs.type}`;
  } catch (thrown) {
    return `data again: ${messageOf(thrown)}`;
  }
}

function ourReading(bytes: Uint8Array): DnsMessage | string {
  try {
    return decodeMessage(bytes);
  } catch (thrown) {
    assert.ok(isSignetError(thrown, "dns.bad_message"));
    return thrown.message;
  }
}

function theirReading(bytes: Uint8Array): OtherMessage | string {
  try {
    return other.decode(Buffer.from(bytes));
  } catch (thrown) {
    return messageOf(thrown);
  }
}
