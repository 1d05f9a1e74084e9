/**
 * Whole messages, decoded: for answers of upstream servers and for the client. Names in the data of the types of RFC 1035 and of SRV are
 * expanded, so that a record stands by itself; the data of other types is opaque (RFC 3597).
 */
import { concatBytes, SignetError } from "../../base/mod.ts";
import { expandName, readName } from "./name.ts";
import { HEADER_BYTES, TYPE } from "./numbers.ts";

/** One question. */
export interface Question {
  /** The name as a key. */
  readonly name: string;
  /** TYPE. */
  readonly type: number;
  /** CLASS. */
  readonly class: number;
}

/** One record. */
export interface DnsRecord {
  /** Owner as a key. */
  readonly name: string;
  /** Owner in wire form, without pointers, its case as it is. */
  readonly owner: Uint8Array;
  /** TYPE. */
  readonly type: number;
  /** CLASS; the payload size of an OPT record. */
  readonly class: number;
  /** TTL in seconds; extended code, version and flags of an OPT record. */
  readonly ttl: number;
  /** Data; names in it are written out. */
  readonly data: Uint8Array;
  /** Offset of the TTL in the message. */
  readonly ttlAt: number;
  /** Offset of the record's first octet. */
  readonly start: number;
  /** Offset behind its last octet. */
  readonly end: number;
}

/** A message. */
export interface DnsMessage {
  /** ID. */
  readonly id: number;
  /** The 16 bits of flags, opcode and RCODE. */
  readonly flags: number;
  /** Questions. */
  readonly questions: readonly Question[];
  /** Offset behind the questions. */
  readonly questionsEnd: number;
  /** Answer section. */
  readonly answers: readonly DnsRecord[];
  /** Authority section. */
  readonly authorities: readonly DnsRecord[];
  /** Additional section, OPT included. */
  readonly additionals: readonly DnsRecord[];
  /** Offset behind the last record; octets may follow. */
  readonly end: number;
}

/** Octets of data in front of the names of a type, and how many names follow; what comes behind them is copied. */
const NAMES_IN_DATA: ReadonlyMap<number, { readonly before: number; readonly names: number }> =
  new Map([
    // MD, MF, MB, MG, MR, MINFO; RP, AFSDB, RT, PX and KX, which old servers compress too (RFC 3597 section 4).
    ...[3, 4, 7, 8, 9].map((type) => [type, { before: 0, names: 1 }] as const),
    ...[14, 17].map((type) => [type, { before: 0, names: 2 }] as const),
    ...[18, 21, 36].map((type) => [type, { before: 2, names: 1 }] as const),
    [26, { before: 2, names: 2 }],
    [TYPE.NS, { before: 0, names: 1 }],
    [TYPE.CNAME, { before: 0, names: 1 }],
    [TYPE.DNAME, { before: 0, names: 1 }],
    [TYPE.PTR, { before: 0, names: 1 }],
    [TYPE.SOA, { before: 0, names: 2 }],
    [TYPE.MX, { before: 2, names: 1 }],
    [TYPE.SRV, { before: 6, names: 1 }],
  ]);
/** Fewest octets of a question and of a record: more than fit are refused before anything is read. */
const MIN_QUESTION_BYTES = 5;
const MIN_RECORD_BYTES = 11;

function fail(offset: number, what: string): SignetError {
  return new SignetError("dns.bad_message", `Cannot read DNS message: ${what}`, { offset });
}

/**
 * Reads a message.
 *
 * @throws {SignetError} `dns.bad_message` with the offset of the fault.
 */
export function decodeMessage(bytes: Uint8Array): DnsMessage {
  if (bytes.length < HEADER_BYTES) throw fail(0, `it has ${bytes.length} octets, 12 are the least`);
  const counts = [4, 6, 8, 10].map((at) => bytes[at]! << 8 | bytes[at + 1]!);
  const [questionCount = 0, ...recordCounts] = counts;
  const records = recordCounts.reduce((sum, count) => sum + count, 0);
  const least = questionCount * MIN_QUESTION_BYTES + records * MIN_RECORD_BYTES;
  if (HEADER_BYTES + least > bytes.length) throw fail(4, "its counts go past its end");
  const questions: Question[] = [];
  let at = HEADER_BYTES;
  for (let i = 0; i < questionCount; i++) {
    const { key, end } = readName(bytes, at, { pointers: true });
    if (end + 4 > bytes.length) throw fail(end, "a question goes past its end");
    questions.push({ name: key, type: read16(bytes, end), class: read16(bytes, end + 2) });
    at = end + 4;
  }
  const questionsEnd = at;
  const sections = recordCounts.map((count) => {
    const section: DnsRecord[] = [];
    for (let i = 0; i < count; i++) {
      const record = readRecord(bytes, at);
      section.push(record);
      at = record.end;
    }
    return section;
  });
  const [answers = [], authorities = [], additionals = []] = sections;
  const [id, flags] = [read16(bytes, 0), read16(bytes, 2)];
  return { id, flags, questions, questionsEnd, answers, authorities, additionals, end: at };
}

function read16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}

function readRecord(bytes: Uint8Array, start: number): DnsRecord {
  const { key, end: fixed } = readName(bytes, start, { pointers: true });
  const dataAt = fixed + 10;
  if (dataAt > bytes.length) throw fail(start, "a record goes past its end");
  const end = dataAt + read16(bytes, fixed + 8);
  if (end > bytes.length) throw fail(fixed + 8, "a record's data goes past its end");
  const type = read16(bytes, fixed);
  return {
    name: key,
    owner: expandName(bytes, start),
    type,
    class: read16(bytes, fixed + 2),
    ttl: read16(bytes, fixed + 4) * 0x10000 + read16(bytes, fixed + 6),
    data: expandData(bytes, { type, dataAt, end }),
    ttlAt: fixed + 4,
    start,
    end,
  };
}

function expandData(
  bytes: Uint8Array,
  { type, dataAt, end }: { readonly type: number; readonly dataAt: number; readonly end: number },
): Uint8Array {
  const shape = NAMES_IN_DATA.get(type);
  if (shape === undefined) return bytes.subarray(dataAt, end);
  const parts = [bytes.subarray(dataAt, dataAt + shape.before)];
  let at = dataAt + shape.before;
  // Names end within the data, though what a pointer leads to stands before it.
  const whole = bytes.subarray(0, end);
  for (let i = 0; i < shape.names; i++) {
    parts.push(expandName(whole, at));
    at = readName(whole, at, { pointers: true }).end;
  }
  if (shape.names === 1 && at !== end) throw fail(at, "octets follow the name in a record's data");
  parts.push(bytes.subarray(at, end));
  return concatBytes(parts);
}
