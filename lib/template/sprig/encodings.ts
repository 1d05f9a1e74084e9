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
  b64dec: one((text) =>
    decode(text, { ...{ name: "base64", alphabet: BASE64, bits: 6, group: 4 } })
  ),
  b32enc: one(encodeBase32),
  b32dec: one((text) =>
    decode(text, { ...{ name: "base32", alphabet: BASE32, bits: 5, group: 8 } })
  ),
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

interface Encoding {
  readonly name: string;
  readonly alphabet: string;
  /** Bits of a character. */
  readonly bits: number;
  /** Characters that make whole octets. */
  readonly group: number;
}

/** The text, or in its place what is wrong with the encoded one: that is what sprig's functions give. */
function decode(encoded: string, { name, alphabet, bits, group }: Encoding): string {
  const illegal = (at: number) => `illegal ${name} data at input byte ${at}`;
  const octets: number[] = [];
  let [held, holds, count] = [0, 0, 0];
  for (let at = 0; at < encoded.length; at++) {
    const character = encoded[at] as string;
    if (character === "\n" || character === "\r") continue;
    const digit = alphabet.indexOf(character);
    if (digit < 0) {
      if (character !== "=" || !isPadding(encoded, at, count, group)) return illegal(at);
      return textOfOctets(Uint8Array.from(octets));
    }
    count = (count + 1) % group;
    held = ((held << bits) | digit) & 0xffff;
    holds += bits;
    if (holds >= 8) {
      holds -= 8;
      octets.push((held >> holds) & 0xff);
    }
  }
  return count === 0 ? textOfOctets(Uint8Array.from(octets)) : illegal(encoded.length - count);
}

/** True when the rest fills the last group, and the group may end so. */
function isPadding(encoded: string, at: number, count: number, group: number): boolean {
  const rest = encoded.slice(at).replaceAll(/[\r\n]/g, "");
  const mayEnd = group === 4 ? count >= 2 : [2, 4, 5, 7].includes(count);
  return mayEnd && rest === "=".repeat(group - count);
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
