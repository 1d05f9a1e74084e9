/**
 * Names on the wire and as keys (RFC 1035 section 3.1 and 4.1.4, RFC 4343).
 *
 * A key is lower case, labels joined by dots, without a last dot; the root is the empty text. An octet that is a dot, a backslash or no
 * printable ASCII is escaped as in zone files (`\.`, `\\`, `\007`), so a key stands for one name and a dot in a label is never taken
 * for a separator.
 */
import { SignetError } from "../../base/mod.ts";
import { MAX_LABEL_BYTES, MAX_NAME_BYTES } from "./numbers.ts";

/** A name that was read, and where what follows it begins. */
export interface ReadName {
  /** The key. */
  readonly key: string;
  /** Offset of the first octet behind the name as it stands, pointer included. */
  readonly end: number;
}

/** Pointers that one name may follow: each leads backwards, so a name has fewer than it has octets; people's names have one. */
const MAX_POINTERS = 32;

/** What an octet is in a key: itself in lower case, or an escape (an empty text stands for the first). */
const ESCAPES: readonly string[] = Array.from({ length: 256 }, (_, octet) => {
  if (octet === 0x2e || octet === 0x5c) return `\\${String.fromCharCode(octet)}`;
  return octet > 0x20 && octet < 0x7f ? "" : `\\${String(octet).padStart(3, "0")}`;
});
/** Every octet, letters of ASCII in lower case (RFC 4343 section 3). */
export const LOWER_CASE: Readonly<Uint8Array> = Uint8Array.from(
  { length: 256 },
  (_, octet) => octet >= 0x41 && octet <= 0x5a ? octet + 0x20 : octet,
);
const scratch = new Uint8Array(MAX_NAME_BYTES);

function fail(offset: number, what: string): SignetError {
  return new SignetError("dns.bad_message", `Cannot read DNS name: ${what}`, { offset });
}

/**
 * Reads a name at `start`, following pointers when they are allowed: each must lead to a place before the one it stands at.
 *
 * @throws {SignetError} `dns.bad_message` with the offset of the fault.
 */
export function readName(
  bytes: Uint8Array,
  start: number,
  options: { readonly pointers: boolean },
): ReadName {
  let at = start;
  let end = -1;
  let length = 1;
  let filled = 0;
  let key = "";
  let limit = start;
  let pointers = 0;
  for (;;) {
    const octet = bytes[at];
    if (octet === undefined) throw fail(at, "it goes past the end of the message");
    if (octet === 0) break;
    if (octet >= 0xc0) {
      if (!options.pointers) throw fail(at, "a pointer stands where none may");
      const low = bytes[at + 1];
      if (low === undefined) throw fail(at, "a pointer goes past the end of the message");
      const target = (octet & 0x3f) << 8 | low;
      if (target >= limit) throw fail(at, "a pointer does not lead backwards");
      if (++pointers > MAX_POINTERS) throw fail(at, `it follows over ${MAX_POINTERS} pointers`);
      if (end < 0) end = at + 2;
      at = limit = target;
      continue;
    }
    if (octet > MAX_LABEL_BYTES) throw fail(at, "a label is of a type that does not exist");
    length += octet + 1;
    if (length > MAX_NAME_BYTES) throw fail(at, `it is longer than ${MAX_NAME_BYTES} octets`);
    const labelEnd = at + 1 + octet;
    if (labelEnd > bytes.length) throw fail(at, "a label goes past the end of the message");
    if (filled > 0 || key !== "") scratch[filled++] = 0x2e;
    for (at++; at < labelEnd; at++) {
      const character = bytes[at]!;
      const escape = ESCAPES[character]!;
      if (escape === "") scratch[filled++] = LOWER_CASE[character]!;
      else {
        key += flush(filled) + escape;
        filled = 0;
      }
    }
  }
  return { key: key + flush(filled), end: end < 0 ? at + 1 : end };
}

function flush(filled: number): string {
  return filled === 0 ? "" : String.fromCharCode.apply(null, scratch.subarray(0, filled) as never);
}

/**
 * The name at `start` without pointers, its octets as they are, case too.
 *
 * @throws {SignetError} `dns.bad_message` as {@linkcode readName}.
 */
export function expandName(bytes: Uint8Array, start: number): Uint8Array {
  readName(bytes, start, { pointers: true });
  const out = new Uint8Array(MAX_NAME_BYTES);
  let filled = 0;
  for (let at = start;;) {
    const octet = bytes[at]!;
    if (octet === 0) return out.slice(0, filled + 1);
    if (octet >= 0xc0) {
      at = (octet & 0x3f) << 8 | bytes[at + 1]!;
      continue;
    }
    out.set(bytes.subarray(at, at + 1 + octet), filled);
    filled += 1 + octet;
    at += 1 + octet;
  }
}

/**
 * The wire form of a key or of a name as people write it, without compression. Case is kept.
 *
 * @throws {SignetError} `dns.bad_name` when a label is empty or too long, or the name is.
 */
export function encodeName(text: string): Uint8Array {
  const octets: number[] = [];
  for (const label of splitLabels(text)) {
    if (label.length === 0 || label.length > MAX_LABEL_BYTES) {
      throw badName(
        text,
        `a label has ${label.length} octets, should have 1 to ${MAX_LABEL_BYTES}`,
      );
    }
    octets.push(label.length, ...label);
  }
  octets.push(0);
  if (octets.length > MAX_NAME_BYTES) {
    throw badName(text, `it has ${octets.length} octets, at most ${MAX_NAME_BYTES} are allowed`);
  }
  return Uint8Array.from(octets);
}

function badName(text: string, what: string): SignetError {
  return new SignetError(
    "dns.bad_name",
    `Cannot write DNS name ${JSON.stringify(text.slice(0, 100))}: ${what}`,
  );
}

/** The labels of a text as octets; `\.`, `\\` and `\ddd` are single octets. */
function splitLabels(text: string): readonly (readonly number[])[] {
  const name = text.endsWith(".") && !text.endsWith("\\.") ? text.slice(0, -1) : text;
  if (name === "") return [];
  const labels: number[][] = [[]];
  for (let at = 0; at < name.length; at++) {
    const character = name.charCodeAt(at);
    if (character === 0x2e) labels.push([]);
    else if (character !== 0x5c) labels.at(-1)!.push(octetOf(character, text));
    else {
      const digits = /^\d{3}/.exec(name.slice(at + 1, at + 4))?.[0];
      const octet = digits === undefined ? name.charCodeAt(at + 1) : Number(digits);
      labels.at(-1)!.push(octetOf(octet, text));
      at += digits === undefined ? 1 : 3;
    }
  }
  return labels;
}

function octetOf(value: number, text: string): number {
  if (value >= 0 && value <= 0xff) return value;
  throw badName(text, "it holds a character that is no octet");
}
