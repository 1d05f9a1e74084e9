/**
 * From a server's message to what is said to clients and kept: only what belongs to the question, each record set with one TTL, and for
 * "there is nothing" the time that its SOA allows (RFC 2181 section 5, RFC 2308 sections 2 and 5).
 */
import {
  CLASS,
  decodeMessage,
  type DnsMessage,
  type DnsRecord,
  EXTENDED_ERROR,
  type ExtendedError,
  FLAG,
  MAX_TTL,
  OPTION,
  RCODE,
  rcodeName,
  readName,
  TYPE,
} from "../message/mod.ts";
import { isSignetError } from "../../base/mod.ts";
import { keepAnswer, type KeptAnswer } from "./kept_answer.ts";

/** What a server's message comes to. */
export type Reply =
  /** An answer. */
  | { readonly kind: "answer"; readonly answer: KeptAnswer }
  /** Nothing that helps; another server may know better. */
  | { readonly kind: "failed"; readonly why: ExtendedError }
  /** The server does not know EDNS (RFC 6891 section 7). */
  | { readonly kind: "no_edns" };

/** Longest time that an answer is kept, in seconds. */
export const MAX_POSITIVE_TTL_SECONDS = 86_400;
/** Longest time that "there is nothing" is kept, in seconds (RFC 2308 section 5). */
export const MAX_NEGATIVE_TTL_SECONDS = 3600;
/** Longest chain of aliases that is followed in an answer. */
const MAX_ALIASES = 32;
/** Longest EXTRA-TEXT that is passed on, in octets. */
const MAX_EXTRA_TEXT_BYTES = 128;
/** Codes that are answers; YXDOMAIN is what an alias of a whole tree leads to when a name gets too long (RFC 6672). */
const ANSWER_RCODES: readonly number[] = [RCODE.NOERROR, RCODE.NXDOMAIN, 6];
/** Codes by which an old server says that it does not know EDNS. */
const NO_EDNS_RCODES: readonly number[] = [RCODE.FORMERR, RCODE.NOTIMP];

/** Reads a server's message that fits the question. */
export function readReply(
  bytes: Uint8Array,
  question: { readonly name: string; readonly type: number },
): Reply {
  let message: DnsMessage;
  try {
    message = decodeMessage(bytes);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return failed(EXTENDED_ERROR.INVALID_DATA, "an upstream server sent what is no DNS message");
  }
  const opt = message.additionals.find(({ type }) => type === TYPE.OPT);
  const rcode = (message.flags & 15) | (opt === undefined ? 0 : (opt.ttl >>> 24) << 4);
  if (opt === undefined && NO_EDNS_RCODES.includes(rcode)) return { kind: "no_edns" };
  const extendedError = opt === undefined ? undefined : extendedErrorOf(opt.data);
  if (!ANSWER_RCODES.includes(rcode)) {
    const text = `an upstream server answered ${rcodeName(rcode)}`;
    return { kind: "failed", why: extendedError ?? { code: EXTENDED_ERROR.NETWORK_ERROR, text } };
  }
  const answers = relevant(message.answers, question);
  if (answers.length === 0 && message.answers.length > 0) {
    return failed(EXTENDED_ERROR.INVALID_DATA, "an upstream server answered another question");
  }
  if (isReferral(message, rcode)) {
    return failed(EXTENDED_ERROR.INVALID_DATA, "an upstream server is no resolver");
  }
  const { ttlSeconds, soa } = keepingTime(message, { question, answers, rcode });
  const answer = keepAnswer({
    rcode,
    isAuthentic: (message.flags & FLAG.AD) !== 0,
    answers,
    authorities: message.authorities.filter((record) => record.class === CLASS.IN),
    // OPT and TSIG are between two neighbours; the latter's class is ANY.
    additionals: message.additionals.filter((record) =>
      record.class === CLASS.IN && record.type !== TYPE.OPT
    ),
    extendedError,
    ttlSeconds,
    negativeTtl: soa,
    questionName: question.name,
  });
  return { kind: "answer", answer };
}

function failed(code: number, text: string): Reply {
  return { kind: "failed", why: { code, text } };
}

/** The records of the question's name and of what it is an alias of. */
function relevant(
  records: readonly DnsRecord[],
  { name }: { readonly name: string },
): readonly DnsRecord[] {
  const names = new Set([name]);
  const trees: string[] = [];
  for (let before = -1; names.size !== before && names.size <= MAX_ALIASES;) {
    before = names.size;
    for (const record of records) {
      if (record.type === TYPE.CNAME && names.has(record.name)) names.add(targetOf(record));
      const isTree = record.type === TYPE.DNAME &&
        [...names].some((one) => under(one, record.name));
      if (isTree && !trees.includes(record.name)) trees.push(record.name);
    }
  }
  return records.filter((record) =>
    record.class === CLASS.IN && (names.has(record.name) || trees.includes(record.name))
  );
}

function targetOf({ data }: DnsRecord): string {
  return readName(data, 0, { pointers: false }).key;
}

function under(name: string, tree: string): boolean {
  return tree === "" ? name !== "" : name.endsWith(`.${tree}`);
}

/** Nothing but the names of other servers, from one that would not ask them (RFC 2308 section 2.2). */
function isReferral({ flags, answers, authorities }: DnsMessage, rcode: number): boolean {
  return rcode === RCODE.NOERROR && answers.length === 0 &&
    (flags & (FLAG.AA | FLAG.RA)) === 0 &&
    authorities.some(({ type }) => type === TYPE.NS) &&
    !authorities.some(({ type }) => type === TYPE.SOA);
}

/** How long the answer may be kept, and when it says that there is nothing, what its SOA's TTL comes to. */
function keepingTime(
  { authorities }: DnsMessage,
  { question, answers, rcode }: {
    readonly question: { readonly type: number };
    readonly answers: readonly DnsRecord[];
    readonly rcode: number;
  },
): { readonly ttlSeconds: number; readonly soa: number | undefined } {
  const lowest = Math.min(
    MAX_POSITIVE_TTL_SECONDS,
    ...[...answers, ...authorities].filter(({ type }) => type !== TYPE.SOA).map(ttlOf),
  );
  const isPositive = rcode === RCODE.NOERROR &&
    answers.some(({ type }) => type === question.type || question.type === TYPE.ANY);
  if (isPositive) return { ttlSeconds: lowest, soa: undefined };
  const soa = authorities.find(({ type }) => type === TYPE.SOA);
  // Without a SOA nobody knows for how long there is nothing.
  if (soa === undefined || soa.data.length < 20) return { ttlSeconds: 0, soa: undefined };
  const minimum = new DataView(soa.data.buffer, soa.data.byteOffset).getUint32(soa.data.length - 4);
  const negative = Math.min(ttlOf(soa), minimum, MAX_NEGATIVE_TTL_SECONDS);
  return { ttlSeconds: Math.min(lowest, negative), soa: negative };
}

/** A TTL with the top bit is zero (RFC 2181 section 8). */
export function ttlOf({ ttl }: Pick<DnsRecord, "ttl">): number {
  return ttl > MAX_TTL ? 0 : ttl;
}

/** The first extended error of an OPT record's options, which may end in the middle. */
function extendedErrorOf(options: Uint8Array): ExtendedError | undefined {
  for (let at = 0; at + 4 <= options.length;) {
    const code = options[at]! << 8 | options[at + 1]!;
    const length = options[at + 2]! << 8 | options[at + 3]!;
    const value = options.subarray(at + 4, at + 4 + length);
    at += 4 + length;
    if (code !== OPTION.EXTENDED_ERROR || value.length !== length || length < 2) continue;
    const text = new TextDecoder().decode(value.subarray(2, 2 + MAX_EXTRA_TEXT_BYTES));
    return { code: value[0]! << 8 | value[1]!, text };
  }
  return undefined;
}
