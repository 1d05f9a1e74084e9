/**
 * Writing responses. Records are kept encoded, with their owner as a pointer to the question's name at offset 12 or written out, so that a
 * response is a header, the question as it came, and copies.
 */
import { concatBytes } from "../../base/mod.ts";
import { encodeName } from "./name.ts";
import { CLASS, FLAG, HEADER_BYTES, MAX_MESSAGE_BYTES, OPTION, RCODE, TYPE } from "./numbers.ts";
import type { QueryEdns } from "./query.ts";

/** A pointer to the name of the question, which stands right behind the header. */
export const QUESTION_NAME: Uint8Array = Uint8Array.of(0xc0, HEADER_BYTES);
/** Answers are padded to a multiple of this many octets (RFC 8467 section 4.1). */
export const PADDING_BLOCK_BYTES = 468;
/** Octets of an OPT record without options: root, type, class, TTL, length. */
const OPT_BYTES = 11;
const OPTION_BYTES = 4;
/** What the server says it can take: of no meaning on a stream, so the most that UDP should carry (RFC 9715). */
const EDNS_SIZE = 1232;
const DNSSEC_OK = 0x8000;

/** An encoded section with the number of its records. */
export interface Section {
  /** The records. */
  readonly bytes: Uint8Array;
  /** How many. */
  readonly count: number;
}

/** A section without records. */
export const EMPTY_SECTION: Section = { bytes: new Uint8Array(0), count: 0 };

/** An extended error (RFC 8914). */
export interface ExtendedError {
  /** INFO-CODE. */
  readonly code: number;
  /** EXTRA-TEXT. */
  readonly text: string;
}

/** What a response says. */
export interface ResponseParts {
  /** ID of the query. */
  readonly id: number;
  /** Flags of the query: opcode, RD and CD are repeated. */
  readonly queryFlags: number;
  /** Further flags: AA, RA, AD. */
  readonly flags: number;
  /** Response code, extended or not. */
  readonly rcode: number;
  /** The question as it came; empty when it could not be read. */
  readonly question: Uint8Array;
  /** Answer section. */
  readonly answer: Section;
  /** Authority section. */
  readonly authority: Section;
  /** Additional section without OPT. */
  readonly additional: Section;
  /** EDNS of the query; without it there is no OPT. */
  readonly edns: QueryEdns | undefined;
  /** Goes into the OPT. */
  readonly extendedError: ExtendedError | undefined;
  /** Time the connection may stay idle, in units of 100 ms, when it is to be said (RFC 7828). */
  readonly keepalive: number | undefined;
}

/**
 * Writes a response with the two octets of its length in front. One that does not fit a message loses its records and gets the TC bit.
 */
export function encodeResponse(parts: ResponseParts): Uint8Array {
  const { question, edns, answer, authority, additional } = parts;
  const options = edns === undefined ? undefined : encodeOptions(parts);
  const optBytes = options === undefined ? 0 : OPT_BYTES + options.length;
  const records = answer.bytes.length + authority.bytes.length + additional.bytes.length;
  let length = HEADER_BYTES + question.length + records + optBytes;
  if (length > MAX_MESSAGE_BYTES) return encodeResponse(truncated(parts));
  const padding = edns?.padding === true ? paddingFor(length + OPTION_BYTES) : undefined;
  if (padding !== undefined) length += OPTION_BYTES + padding;
  const out = new Uint8Array(2 + length);
  write16(out, 0, length);
  writeHeader(out, parts, options === undefined ? 0 : 1);
  let at = 2 + HEADER_BYTES;
  for (const part of [question, answer.bytes, authority.bytes, additional.bytes]) {
    out.set(part, at);
    at += part.length;
  }
  if (options !== undefined) {
    const optionBytes = options.length + (padding === undefined ? 0 : OPTION_BYTES + padding);
    writeOpt(out, at, { rcode: parts.rcode, dnssecOk: edns!.dnssecOk, optionBytes });
    out.set(options, at + OPT_BYTES);
    if (padding !== undefined) {
      write16(out, at + OPT_BYTES + options.length, OPTION.PADDING);
      write16(out, at + OPT_BYTES + options.length + 2, padding);
    }
  }
  return out;
}

/** Where the keepalive time stands in a framed response that has one: it is the first option of the OPT record. */
export function keepaliveOffset(
  { question, answer, authority, additional }: Pick<
    ResponseParts,
    "question" | "answer" | "authority" | "additional"
  >,
): number {
  const records = answer.bytes.length + authority.bytes.length + additional.bytes.length;
  return 2 + HEADER_BYTES + question.length + records + OPT_BYTES + OPTION_BYTES;
}

function truncated(parts: ResponseParts): ResponseParts {
  const empty = { answer: EMPTY_SECTION, authority: EMPTY_SECTION, additional: EMPTY_SECTION };
  return { ...parts, ...empty, flags: parts.flags | FLAG.TC };
}

function writeHeader(out: Uint8Array, parts: ResponseParts, opts: number): void {
  const { id, queryFlags, flags, rcode } = parts;
  // The opcode, RD and CD come back; AA, Z and RCODE of a query mean nothing.
  const kept = queryFlags & (0x7800 | FLAG.RD | FLAG.CD);
  write16(out, 2, id);
  write16(out, 4, FLAG.QR | kept | flags | rcode & 15);
  write16(out, 6, parts.question.length === 0 ? 0 : 1);
  write16(out, 8, parts.answer.count);
  write16(out, 10, parts.authority.count);
  write16(out, 12, parts.additional.count + opts);
}

function writeOpt(
  out: Uint8Array,
  at: number,
  { rcode, dnssecOk, optionBytes }: {
    readonly rcode: number;
    readonly dnssecOk: boolean;
    readonly optionBytes: number;
  },
): void {
  write16(out, at + 1, TYPE.OPT);
  write16(out, at + 3, EDNS_SIZE);
  out[at + 5] = rcode >> 4;
  write16(out, at + 7, dnssecOk ? DNSSEC_OK : 0);
  write16(out, at + 9, optionBytes);
}

/** Keepalive and extended error; padding comes behind them, as it must be last to fill up. */
function encodeOptions({ keepalive, extendedError }: ResponseParts): Uint8Array {
  if (keepalive === undefined && extendedError === undefined) return EMPTY_SECTION.bytes;
  const parts: Uint8Array[] = [];
  if (keepalive !== undefined) {
    parts.push(option(OPTION.TCP_KEEPALIVE, Uint8Array.of(keepalive >> 8, keepalive & 0xff)));
  }
  if (extendedError !== undefined) {
    const text = new TextEncoder().encode(extendedError.text);
    const code = Uint8Array.of(extendedError.code >> 8, extendedError.code & 0xff);
    parts.push(option(OPTION.EXTENDED_ERROR, concatBytes([code, text])));
  }
  return concatBytes(parts);
}

function option(code: number, data: Uint8Array): Uint8Array {
  const header = new Uint8Array(OPTION_BYTES);
  write16(header, 0, code);
  write16(header, 2, data.length);
  return concatBytes([header, data]);
}

/** Octets of padding that fill a message of `length` octets; `undefined` when there is no room. */
function paddingFor(length: number): number | undefined {
  if (length > MAX_MESSAGE_BYTES) return undefined;
  const padded = Math.ceil(length / PADDING_BLOCK_BYTES) * PADDING_BLOCK_BYTES;
  return Math.min(padded, MAX_MESSAGE_BYTES) - length;
}

function write16(out: Uint8Array, at: number, value: number): void {
  out[at] = value >> 8 & 0xff;
  out[at + 1] = value & 0xff;
}

/** One record of class IN; `owner` in wire form, {@linkcode QUESTION_NAME} for the question's own name. */
export function encodeRecord(
  owner: Uint8Array,
  { type, ttl, data }: { readonly type: number; readonly ttl: number; readonly data: Uint8Array },
): Uint8Array {
  const out = new Uint8Array(owner.length + 10 + data.length);
  out.set(owner, 0);
  write16(out, owner.length, type);
  write16(out, owner.length + 2, CLASS.IN);
  new DataView(out.buffer).setUint32(owner.length + 4, ttl);
  write16(out, owner.length + 8, data.length);
  out.set(data, owner.length + 10);
  return out;
}

/** Joins records into a section. */
export function sectionOf(records: readonly Uint8Array[]): Section {
  return records.length === 0
    ? EMPTY_SECTION
    : { bytes: concatBytes(records), count: records.length };
}

/** Data of an SRV record (RFC 2782). */
export function srvData(
  { priority, weight, port, target }: {
    readonly priority: number;
    readonly weight: number;
    readonly port: number;
    readonly target: string;
  },
): Uint8Array {
  const numbers = new Uint8Array(6);
  write16(numbers, 0, priority);
  write16(numbers, 2, weight);
  write16(numbers, 4, port);
  return concatBytes([numbers, encodeName(target)]);
}

/** Data of a TXT record or of HINFO: texts of at most 255 octets. */
export function textData(...texts: readonly string[]): Uint8Array {
  return concatBytes(texts.map((text) => {
    const octets = new TextEncoder().encode(text).subarray(0, 255);
    return concatBytes([Uint8Array.of(octets.length), octets]);
  }));
}

/** Data of a SOA record (RFC 1035 section 3.3.13); numbers in seconds. */
export function soaData(
  soa: {
    readonly mname: string;
    readonly rname: string;
    readonly serial: number;
    readonly refresh: number;
    readonly retry: number;
    readonly expire: number;
    readonly minimum: number;
  },
): Uint8Array {
  const numbers = new DataView(new ArrayBuffer(20));
  const { serial, refresh, retry, expire, minimum } = soa;
  for (const [at, value] of [serial, refresh, retry, expire, minimum].entries()) {
    numbers.setUint32(at * 4, value);
  }
  return concatBytes([
    encodeName(soa.mname),
    encodeName(soa.rname),
    new Uint8Array(numbers.buffer),
  ]);
}

/** A query with the two octets of its length in front: for the client and for upstream servers. */
export function encodeQuery(
  { id, name, type, flags, options }: {
    readonly id: number;
    readonly name: Uint8Array;
    readonly type: number;
    readonly flags: number;
    /** Options of the OPT record; `undefined` sends no EDNS. */
    readonly options: { readonly dnssecOk: boolean; readonly bytes: Uint8Array } | undefined;
  },
): Uint8Array {
  const opt = options === undefined ? 0 : OPT_BYTES + options.bytes.length;
  const length = HEADER_BYTES + name.length + 4 + opt;
  const out = new Uint8Array(2 + length);
  write16(out, 0, length);
  write16(out, 2, id);
  write16(out, 4, flags);
  write16(out, 6, 1);
  write16(out, 12, options === undefined ? 0 : 1);
  out.set(name, 14);
  write16(out, 14 + name.length, type);
  write16(out, 16 + name.length, CLASS.IN);
  if (options !== undefined) {
    const at = 18 + name.length;
    writeOpt(out, at, {
      rcode: RCODE.NOERROR,
      dnssecOk: options.dnssecOk,
      optionBytes: options.bytes.length,
    });
    out.set(options.bytes, at + OPT_BYTES);
  }
  return out;
}

/** One EDNS option. */
export function encodeOption(code: number, data: Uint8Array): Uint8Array {
  return option(code, data);
}
