/** An answer as it is kept: encoded sections and where their TTLs stand, and nothing of the reply that they were read from. */
import { concatBytes } from "../../base/mod.ts";
import {
  type DnsRecord,
  EMPTY_SECTION,
  encodeRecord,
  EXTENDED_ERROR,
  type ExtendedError,
  FLAG,
  MAX_TTL,
  QUESTION_NAME,
  RCODE,
  type Section,
  TYPE,
} from "../message/mod.ts";
import type { AnswerSource, DnsAnswer } from "../port.ts";

/** TTL of a stale answer, in seconds (RFC 8767 section 4). */
export const STALE_TTL_SECONDS = 30;

/** How an answer is given out. */
export interface GivenOut {
  /** Seconds since it came from a server. */
  readonly ageSeconds: number;
  /** Past its time, given out because no server says better. */
  readonly isStale: boolean;
  /** Whether the client hears that a server has validated it. */
  readonly wantsAuthentic: boolean;
  /** For metrics. */
  readonly source: AnswerSource;
}

/** See the module comment. */
export interface KeptAnswer {
  /** Time it may be kept, in seconds; 0 for an answer that is for those who wait for it alone. */
  readonly ttlSeconds: number;
  /** Octets that it takes, about. */
  readonly bytes: number;
  /** Offsets of its TTLs, from the first octet of its first section. */
  readonly ttlsAt: readonly number[];
  /** What is said to a client. */
  giveOut(how: GivenOut): DnsAnswer;
}

/** What {@linkcode keepAnswer} is made of. */
export interface AnswerParts {
  /** Response code. */
  readonly rcode: number;
  /** AD. */
  readonly isAuthentic: boolean;
  /** Answer section. */
  readonly answers: readonly DnsRecord[];
  /** Authority section. */
  readonly authorities: readonly DnsRecord[];
  /** Additional section without OPT. */
  readonly additionals: readonly DnsRecord[];
  /** What the server said about it. */
  readonly extendedError: ExtendedError | undefined;
  /** Time it may be kept, in seconds. */
  readonly ttlSeconds: number;
  /** TTL of the SOA when there is nothing, in seconds. */
  readonly negativeTtl: number | undefined;
  /** Name of the question, as a key. */
  readonly questionName: string;
}

interface TimedSection extends Section {
  /** Offsets of the TTLs. */
  readonly ttlsAt: readonly number[];
}

/** Octets of an entry beside its sections and offsets: objects and the key, which is at most some 260. */
const ENTRY_BYTES = 800;
const OFFSET_BYTES = 8;

/** Encodes an answer. */
export function keepAnswer(parts: AnswerParts): KeptAnswer {
  const { rcode, isAuthentic, extendedError, ttlSeconds } = parts;
  const sections = [parts.answers, parts.authorities, parts.additionals]
    .map((records) => timedSection(records, parts));
  // Of `parts` nothing more may be named from here on: its records are views into a whole reply, which would be kept with them.
  return keepSections({ rcode, isAuthentic, extendedError, ttlSeconds }, sections);
}

type Said = Pick<AnswerParts, "rcode" | "isAuthentic" | "extendedError" | "ttlSeconds">;

function keepSections(said: Said, sections: readonly TimedSection[]): KeptAnswer {
  const ttlsAt: number[] = [];
  let length = 0;
  for (const section of sections) {
    for (const at of section.ttlsAt) ttlsAt.push(length + at);
    length += section.bytes.length;
  }
  return {
    ttlSeconds: said.ttlSeconds,
    bytes: ENTRY_BYTES + length + ttlsAt.length * 2 * OFFSET_BYTES,
    ttlsAt,
    giveOut: (how) => give(said, sections, how),
  };
}

function give(
  { rcode, isAuthentic, extendedError }: Said,
  sections: readonly TimedSection[],
  { ageSeconds, isStale, wantsAuthentic, source }: GivenOut,
): DnsAnswer {
  const [answer, authority, additional] = sections.map((section) =>
    aged(section, (ttl) => isStale ? STALE_TTL_SECONDS : Math.max(0, ttl - ageSeconds))
  );
  const stale = rcode === RCODE.NXDOMAIN
    ? EXTENDED_ERROR.STALE_NXDOMAIN
    : EXTENDED_ERROR.STALE_ANSWER;
  return {
    rcode,
    // What is stale was validated once, but may not be valid any more.
    flags: FLAG.RA | (isAuthentic && wantsAuthentic && !isStale ? FLAG.AD : 0),
    answer: answer ?? EMPTY_SECTION,
    authority: authority ?? EMPTY_SECTION,
    additional: additional ?? EMPTY_SECTION,
    extendedError: isStale ? { code: stale, text: "no upstream server answers" } : extendedError,
    source,
  };
}

function aged(section: TimedSection, ttlNow: (ttl: number) => number): Section {
  if (section.count === 0) return EMPTY_SECTION;
  const bytes = section.bytes.slice();
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (const at of section.ttlsAt) view.setUint32(at, ttlNow(view.getUint32(at)));
  return { bytes, count: section.count };
}

function timedSection(
  records: readonly DnsRecord[],
  { questionName, negativeTtl }: AnswerParts,
): TimedSection {
  const lowest = new Map<string, number>();
  const setOf = ({ name, type }: DnsRecord) => `${type} ${name}`;
  for (const record of records) {
    const ttl = record.ttl > MAX_TTL ? 0 : record.ttl;
    const isNegative = record.type === TYPE.SOA && negativeTtl !== undefined;
    const own = isNegative ? Math.min(ttl, negativeTtl) : ttl;
    lowest.set(setOf(record), Math.min(own, lowest.get(setOf(record)) ?? MAX_TTL));
  }
  const encoded: Uint8Array[] = [];
  const ttlsAt: number[] = [];
  let length = 0;
  for (const record of records) {
    const owner = record.name === questionName ? QUESTION_NAME : record.owner;
    const ttl = lowest.get(setOf(record)) ?? 0;
    ttlsAt.push(length + owner.length + 4);
    const bytes = encodeRecord(owner, { type: record.type, ttl, data: record.data });
    encoded.push(bytes);
    length += bytes.length;
  }
  return { bytes: concatBytes(encoded), count: records.length, ttlsAt };
}
