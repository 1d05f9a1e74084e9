/** An answer as it is kept: encoded sections whose TTLs count down, so that a hit is a copy at most once a second. */
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

/** Octets of an entry beside its sections: objects, offsets, the key. */
const ENTRY_BYTES = 600;

/** Encodes an answer. */
export function keepAnswer(parts: AnswerParts): KeptAnswer {
  const sections = [parts.answers, parts.authorities, parts.additionals]
    .map((records) => timedSection(records, parts));
  const bytes = ENTRY_BYTES + parts.questionName.length +
    sections.reduce((sum, section) => sum + section.bytes.length + section.count * 8, 0);
  let last: { readonly how: GivenOut; readonly answer: DnsAnswer } | undefined;
  return {
    ttlSeconds: parts.ttlSeconds,
    bytes,
    giveOut(how) {
      if (last !== undefined && isSame(last.how, how)) return last.answer;
      const answer = give(parts, sections, how);
      last = { how, answer };
      return answer;
    },
  };
}

function isSame(one: GivenOut, other: GivenOut): boolean {
  return one.ageSeconds === other.ageSeconds && one.isStale === other.isStale &&
    one.wantsAuthentic === other.wantsAuthentic && one.source === other.source;
}

function give(
  { rcode, isAuthentic, extendedError }: AnswerParts,
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
