/** Base64, base32 and digests. */
import { createHash } from "node:crypto";
import type { TemplateFunction } from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { octetsOf, textOfOctets } from "../utf8.ts";

const BASE32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const BASE64 = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

const one = (made: (text: string) => string) =>
  goFunction("string", (text) => made(text as string));
const digest = (algorithm: string) =>
  one((text) => createHash(algorithm).update(octetsOf(text)).digest("hex"));

/** By their names in templates. */
export const ENCODING_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  b64enc: one((text) => octetsOf(text).toBase64()),
  b64dec: one(decodeBase64),
  b32enc: one(encodeBase32),
  b32dec: one(decodeBase32),
  sha1sum: digest("sha1"),
  sha256sum: digest("sha256"),
  sha512sum: digest("sha512"),
  adler32sum: one((text) => String(adler32(octetsOf(text)))),
};

function encodeBase32(text: string): string {
  let [encoded, bits, held] = ["", 0, 0];
  for (const octet of octetsOf(text)) {
    held = (held << 8) | octet;
    bits += 8;
    for (; bits >= 5; bits -= 5) encoded += BASE32[(held >> (bits - 5)) & 31];
    held &= (1 << bits) - 1;
  }
  if (bits > 0) encoded += BASE32[(held << (5 - bits)) & 31];
  return encoded.padEnd(Math.ceil(encoded.length / 8) * 8, "=");
}

/** Octets out of characters that each hold some bits. */
interface Bits {
  readonly octets: number[];
  held: number;
  holds: number;
}

function putBits(bits: Bits, value: number, count: number): void {
  bits.held = ((bits.held << count) | value) & 0xffff;
  bits.holds += count;
  if (bits.holds < 8) return;
  bits.holds -= 8;
  bits.octets.push((bits.held >> bits.holds) & 0xff);
}

function textOfBits({ octets }: Bits): string {
  return textOfOctets(Uint8Array.from(octets));
}

/** The text, or in its place what is wrong with the encoded one: that is what sprig's functions give. Line ends are skipped. */
function decodeBase64(encoded: string): string {
  const illegal = (at: number) => `illegal base64 data at input byte ${at}`;
  const bits: Bits = { octets: [], held: 0, holds: 0 };
  const skip = (at: number) => {
    let next = at;
    while (encoded[next] === "\n" || encoded[next] === "\r") next++;
    return next;
  };
  let count = 0;
  for (let at = skip(0); at < encoded.length; at = skip(at + 1)) {
    const digit = BASE64.indexOf(encoded[at] as string);
    if (digit >= 0) {
      putBits(bits, digit, 6);
      count = (count + 1) % 4;
      continue;
    }
    if (encoded[at] !== "=" || count < 2) return illegal(at);
    const second = count === 2 ? skip(at + 1) : at;
    if (second >= encoded.length) return illegal(encoded.length);
    if (encoded[second] !== "=") return illegal(second);
    const rest = skip(second + 1);
    return rest < encoded.length ? illegal(rest) : textOfBits(bits);
  }
  return count === 0 ? textOfBits(bits) : illegal(encoded.length - count);
}

/** As {@linkcode decodeBase64}. */
function decodeBase32(given: string): string {
  const encoded = given.replaceAll(/[\r\n]/g, "");
  const illegal = (at: number) => `illegal base32 data at input byte ${at}`;
  const bits: Bits = { octets: [], held: 0, holds: 0 };
  for (let at = 0; at < encoded.length; at++) {
    const count = at % 8;
    const digit = BASE32.indexOf(encoded[at] as string);
    if (digit >= 0) {
      putBits(bits, digit, 5);
      continue;
    }
    const left = encoded.length - at - 1;
    if (encoded[at] !== "=" || count < 2 || left >= 8) return illegal(at);
    if (left + count < 7) return illegal(encoded.length);
    for (let next = at + 1; next < at + 8 - count; next++) {
      if (encoded[next] !== "=") return illegal(next);
    }
    return [1, 3, 6].includes(count) ? illegal(at) : textOfBits(bits);
  }
  const open = encoded.length % 8;
  return open === 0 ? textOfBits(bits) : illegal(encoded.length - open);
}

/** RFC 1950 section 9. */
function adler32(octets: Uint8Array): number {
  let [a, b] = [1, 0];
  for (const octet of octets) {
    a = (a + octet) % 65_521;
    b = (b + a) % 65_521;
  }
  return b * 65_536 + a;
}
