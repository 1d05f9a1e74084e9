/**
 * A DER writer (X.690 section 10): each function returns a fresh value with minimal lengths.
 *
 * Code on the issuing path joins headers and parts itself, so that every byte is copied once.
 */
import { type Bytes, concatBytes, SignetError, utf8 } from "../base/mod.ts";
import { TAG } from "./reader.ts";

/** Octets that a length takes. */
export function lengthOctets(length: number): number {
  if (length < 0x80) return 1;
  if (length < 0x100) return 2;
  if (length < 0x10000) return 3;
  return length < 0x1000000 ? 4 : 5;
}

/** Octets of a whole value whose content has `length` octets. */
export function tlvOctets(length: number): number {
  return 1 + lengthOctets(length) + length;
}

/** Writes tag and length at `at`; returns where the content begins. */
export function writeHeader(target: Uint8Array, at: number, tag: number, length: number): number {
  target[at++] = tag;
  if (length < 0x80) {
    target[at++] = length;
    return at;
  }
  const octets = lengthOctets(length) - 1;
  target[at++] = 0x80 | octets;
  for (let shift = (octets - 1) * 8; shift >= 0; shift -= 8) {
    target[at++] = (length >>> shift) & 0xff;
  }
  return at;
}

/** The header of a value whose content has `length` octets. */
export function encodeHeader(tag: number, length: number): Bytes {
  const header = new Uint8Array(1 + lengthOctets(length));
  writeHeader(header, 0, tag, length);
  return header;
}

const LONG_PART_OCTETS = 48;

/** A value whose content is `parts`, one after another. */
export function encodeTlv(tag: number, ...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const value = new Uint8Array(tlvOctets(length));
  let at = writeHeader(value, 0, tag, length);
  for (const part of parts) {
    // Most parts are a few octets, which a loop copies faster than a call.
    if (part.length > LONG_PART_OCTETS) value.set(part, at);
    else for (let i = 0; i < part.length; i++) value[at + i] = part[i]!;
    at += part.length;
  }
  return value;
}

/** A SEQUENCE of `parts`, which are whole values. */
export function encodeSequence(...parts: readonly Uint8Array[]): Bytes {
  return encodeTlv(TAG.sequence, ...parts);
}

/** A SET OF one or more whole values, in DER's order. */
export function encodeSet(...parts: readonly Uint8Array[]): Bytes {
  return encodeTlv(TAG.set, ...[...parts].sort(compareBytes));
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const shorter = Math.min(a.length, b.length);
  for (let i = 0; i < shorter; i++) if (a[i] !== b[i]) return a[i]! - b[i]!;
  return a.length - b.length;
}

/** An INTEGER from an unsigned magnitude, big-endian, leading zeros allowed. */
export function encodeUnsigned(magnitude: Uint8Array): Bytes {
  let start = 0;
  while (start < magnitude.length - 1 && magnitude[start] === 0) start++;
  // A zero octet goes before a first bit that is set, and stands for an empty magnitude.
  const sign = start === magnitude.length || magnitude[start]! >= 0x80 ? 1 : 0;
  const octets = sign + magnitude.length - start;
  const integer = new Uint8Array(tlvOctets(octets));
  const at = writeHeader(integer, 0, TAG.integer, octets) + sign;
  for (let i = start; i < magnitude.length; i++) integer[at + i - start] = magnitude[i]!;
  return integer;
}

const ZERO = new Uint8Array(1);

/** An INTEGER from 0 to 2^31 - 1. */
export function encodeSmallInteger(value: number): Bytes {
  if (!(Number.isInteger(value) && value >= 0 && value < 2 ** 31)) {
    throw new RangeError(`Cannot encode INTEGER: got ${value}, should be 0 to 2147483647`);
  }
  return encodeUnsigned(
    Uint8Array.of(value >>> 24, (value >>> 16) & 0xff, (value >>> 8) & 0xff, value & 0xff),
  );
}

/** A BOOLEAN. */
export function encodeBoolean(value: boolean): Bytes {
  return Uint8Array.of(TAG.boolean, 1, value ? 0xff : 0);
}

/** A NULL. */
export function encodeNull(): Bytes {
  return Uint8Array.of(TAG.null, 0);
}

/** An OCTET STRING. */
export function encodeOctetString(...parts: readonly Uint8Array[]): Bytes {
  return encodeTlv(TAG.octetString, ...parts);
}

/** A BIT STRING of whole octets. */
export function encodeBitString(bytes: Uint8Array): Bytes {
  return encodeTlv(TAG.bitString, ZERO, bytes);
}

/** A BIT STRING of up to 16 named bits, bit 0 the lowest of `bits`; trailing zero bits are left out as DER asks. */
export function encodeNamedBits(bits: number): Bytes {
  if (bits === 0) return Uint8Array.of(TAG.bitString, 1, 0);
  const count = 32 - Math.clz32(bits);
  const content = new Uint8Array(1 + Math.ceil(count / 8));
  content[0] = (content.length - 1) * 8 - count;
  for (let i = 0; i < count; i++) if (bits & (1 << i)) content[1 + (i >> 3)]! |= 0x80 >> (i & 7);
  return encodeTlv(TAG.bitString, content);
}

/**
 * An OBJECT IDENTIFIER from its dotted text, which the program wrote itself.
 *
 * @throws {RangeError} when the text is not one.
 */
export function encodeOid(dotted: string): Bytes {
  const arcs = dotted.split(".").map(Number);
  const [root, second, ...rest] = arcs;
  const fits = arcs.every((arc) => Number.isSafeInteger(arc) && arc >= 0);
  if (
    !fits || root === undefined || second === undefined || root > 2 || (root < 2 && second > 39)
  ) {
    throw new RangeError(`Cannot encode OBJECT IDENTIFIER: got ${JSON.stringify(dotted)}`);
  }
  return encodeTlv(TAG.oid, concatBytes([root * 40 + second, ...rest].map(encodeArc)));
}

function encodeArc(arc: number): Uint8Array {
  const septets = [arc % 128];
  for (let rest = Math.floor(arc / 128); rest > 0; rest = Math.floor(rest / 128)) {
    septets.unshift(0x80 | (rest % 128));
  }
  return Uint8Array.from(septets);
}

/** A character string with `tag`; UTF-8 octets, which for the narrower string types are ASCII. */
export function encodeText(tag: number, text: string): Bytes {
  return encodeTlv(tag, utf8(text));
}

/** First year that GeneralizedTime is used for (RFC 5280 section 4.1.2.5). */
const FIRST_GENERALIZED_YEAR = 2050;
/** First year of UTCTime's two digits. */
const FIRST_UTC_YEAR = 1950;

/**
 * A Time: UTCTime from 1950 to 2049, else GeneralizedTime, in whole seconds (RFC 5280 section 4.1.2.5).
 *
 * @throws {SignetError} `asn1.bad_value` outside the years 0 to 9999.
 */
export function encodeTime(ms: number): Bytes {
  const date = new Date(Math.floor(ms / 1000) * 1000);
  const year = date.getUTCFullYear();
  if (!(year >= 0 && year <= 9999)) {
    throw new SignetError(
      "asn1.bad_value",
      `Cannot encode time: year is ${year}, should be 0 to 9999`,
    );
  }
  const generalized = year < FIRST_UTC_YEAR || year >= FIRST_GENERALIZED_YEAR;
  const time = new Uint8Array(generalized ? 17 : 15);
  time[0] = generalized ? TAG.generalizedTime : TAG.utcTime;
  time[1] = time.length - 2;
  let at = generalized ? writeTwoDigits(time, 2, Math.floor(year / 100)) : 2;
  at = writeTwoDigits(time, at, year % 100);
  at = writeTwoDigits(time, at, date.getUTCMonth() + 1);
  at = writeTwoDigits(time, at, date.getUTCDate());
  at = writeTwoDigits(time, at, date.getUTCHours());
  at = writeTwoDigits(time, at, date.getUTCMinutes());
  at = writeTwoDigits(time, at, date.getUTCSeconds());
  time[at] = 0x5a;
  return time;
}

function writeTwoDigits(target: Uint8Array, at: number, value: number): number {
  target[at] = 0x30 + Math.floor(value / 10);
  target[at + 1] = 0x30 + (value % 10);
  return at + 2;
}
