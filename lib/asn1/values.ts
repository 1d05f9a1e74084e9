/** Primitive values of DER: their rules on reading (X.690 sections 8 and 11, RFC 5280 section 4.1.2.5 for times). */
import { type DerCursor, fail, TAG } from "./reader.ts";

/** Reads a BOOLEAN: 0x00 or 0xff, nothing else. */
export function readBoolean(cursor: DerCursor): boolean {
  const at = cursor.at;
  const content = cursor.read(TAG.boolean);
  if (content.length !== 1 || (content[0] !== 0 && content[0] !== 0xff)) {
    fail("asn1.bad_value", "found a BOOLEAN that is not 00 or ff", at);
  }
  return content[0] === 0xff;
}

/** Reads an INTEGER's content octets after checking that they are minimal. */
export function readIntegerBytes(cursor: DerCursor): Uint8Array {
  const at = cursor.at;
  const content = cursor.read(TAG.integer);
  const first = content[0];
  const second = content[1];
  if (first === undefined) fail("asn1.bad_value", "found an INTEGER without octets", at);
  if (
    second !== undefined && ((first === 0 && second < 0x80) || (first === 0xff && second >= 0x80))
  ) {
    fail("asn1.bad_value", "found an INTEGER that is not minimal", at);
  }
  return content;
}

/** Reads a small non-negative INTEGER (below 2^31). */
export function readSmallInteger(cursor: DerCursor): number {
  const at = cursor.at;
  const content = readIntegerBytes(cursor);
  if (content.length > 4 || content[0]! >= 0x80) {
    fail("asn1.bad_value", "found an INTEGER out of range", at);
  }
  return content.reduce((value, byte) => value * 256 + byte, 0);
}

/** Reads a positive INTEGER's magnitude without its sign octet. */
export function readUnsigned(cursor: DerCursor): Uint8Array {
  const at = cursor.at;
  const content = readIntegerBytes(cursor);
  if (content[0]! >= 0x80) fail("asn1.bad_value", "found a negative INTEGER", at);
  return content[0] === 0 && content.length > 1 ? content.subarray(1) : content;
}

/** Reads a BIT STRING of whole octets. */
export function readBitString(cursor: DerCursor): Uint8Array {
  const at = cursor.at;
  const content = cursor.read(TAG.bitString);
  if (content[0] !== 0) {
    fail("asn1.bad_value", "found a BIT STRING that is not of whole octets", at);
  }
  return content.subarray(1);
}

/** Reads a BIT STRING of named bits (KeyUsage) as a number, bit 0 first. At most 16 bits. */
export function readNamedBits(cursor: DerCursor): number {
  const at = cursor.at;
  const content = cursor.read(TAG.bitString);
  const unused = content[0];
  const octets = content.length - 1;
  if (unused === undefined || unused > 7 || octets > 2 || (octets === 0 && unused !== 0)) {
    fail("asn1.bad_value", "found a malformed BIT STRING", at);
  }
  const last = content[octets]!;
  if (octets > 0 && (last & ((1 << unused) - 1)) !== 0) {
    fail("asn1.bad_value", "found a BIT STRING whose unused bits are set", at);
  }
  let bits = 0;
  for (let i = 0; i < octets * 8; i++) {
    if (content[1 + (i >> 3)]! & (0x80 >> (i & 7))) bits |= 1 << i;
  }
  return bits;
}

/** Reads an OBJECT IDENTIFIER as dotted text. */
export function readOid(cursor: DerCursor): string {
  const at = cursor.at;
  const content = cursor.read(TAG.oid);
  return decodeOid(content, at);
}

/** An OBJECT IDENTIFIER's content octets as dotted text. */
export function decodeOid(content: Uint8Array, at = 0): string {
  const arcs: number[] = [];
  let arc = 0;
  let fresh = true;
  for (const byte of content) {
    if (fresh && byte === 0x80) {
      fail("asn1.bad_value", "found an OBJECT IDENTIFIER that is not minimal", at);
    }
    arc = arc * 128 + (byte & 0x7f);
    if (arc > Number.MAX_SAFE_INTEGER) {
      fail("asn1.bad_value", "found an OBJECT IDENTIFIER with a huge arc", at);
    }
    fresh = byte < 0x80;
    if (fresh) {
      arcs.push(arc);
      arc = 0;
    }
  }
  const first = arcs[0];
  if (first === undefined || !fresh) fail("asn1.bad_value", "found a cut OBJECT IDENTIFIER", at);
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - root * 40, ...arcs.slice(1)].join(".");
}

const UTC_TIME_REGEXP = /^(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;
const GENERALIZED_TIME_REGEXP = /^(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)Z$/;

/** Reads a Time as milliseconds since the epoch: UTCTime (1950 to 2049) or GeneralizedTime, in seconds and Z. */
export function readTime(cursor: DerCursor): number {
  const at = cursor.at;
  const utc = cursor.peek() === TAG.utcTime;
  const text = String.fromCharCode(
    ...cursor.read(utc ? TAG.utcTime : TAG.generalizedTime).subarray(0, 20),
  );
  const match = (utc ? UTC_TIME_REGEXP : GENERALIZED_TIME_REGEXP).exec(text);
  if (match === null) fail("asn1.bad_value", "found a malformed time", at);
  const [year, month, day, hour, minute, second] = match.slice(1).map(Number) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(utc ? (year < 50 ? 2000 + year : 1900 + year) : year, month - 1, day);
  date.setUTCHours(hour, minute, second, 0);
  const exact = date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 &&
    minute < 60 && second < 60;
  if (!exact) fail("asn1.bad_value", "found a time that does not exist", at);
  return date.getTime();
}
