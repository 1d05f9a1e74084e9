/**
 * The HPACK encoder: static table and literals without indexing, so that a block is the same bytes on every connection and blocks of known
 * shape are encoded once (RFC 7541 section 6.2.2). It keeps no dynamic table.
 */
import { STATIC_TABLE } from "./hpack_static.ts";
import type { HeaderField } from "./hpack_decoder.ts";

const NAME_INDEX = new Map<string, number>();
const FIELD_INDEX = new Map<string, number>();
STATIC_TABLE.forEach(([name, value], position) => {
  if (!NAME_INDEX.has(name)) NAME_INDEX.set(name, position + 1);
  if (value !== "") FIELD_INDEX.set(`${name}\0${value}`, position + 1);
});

/** Says that the table of this encoder is empty (RFC 7541 section 6.3): sent once, in front of the first block of a connection. */
export const EMPTY_TABLE_UPDATE = 0x20;

/** A header block that was encoded before. */
export interface PrecomputedHeaders {
  /** The block. */
  readonly block: Uint8Array;
}

/** Encodes a list of fields; names are lower case already. Characters above U+00FF are a bug of the caller. */
export function encodeHeaderBlock(fields: Iterable<HeaderField>): Uint8Array {
  const out: number[] = [];
  for (const [name, value] of fields) {
    const whole = FIELD_INDEX.get(`${name}\0${value}`);
    if (whole !== undefined) {
      integer(out, { value: whole, prefixBits: 7, first: 0x80 });
      continue;
    }
    const index = NAME_INDEX.get(name) ?? 0;
    integer(out, { value: index, prefixBits: 4, first: 0 });
    if (index === 0) string(out, name);
    string(out, value);
  }
  return new Uint8Array(out);
}

/** Encodes a block that will be sent many times. */
export function precomputeHeaders(fields: Iterable<HeaderField>): PrecomputedHeaders {
  return { block: encodeHeaderBlock(fields) };
}

function integer(
  out: number[],
  { value, prefixBits, first }: { value: number; prefixBits: number; first: number },
): void {
  const mask = (1 << prefixBits) - 1;
  if (value < mask) return void out.push(first | value);
  out.push(first | mask);
  let rest = value - mask;
  for (; rest >= 0x80; rest = rest >>> 7) out.push((rest & 0x7f) | 0x80);
  out.push(rest);
}

function string(out: number[], text: string): void {
  integer(out, { value: text.length, prefixBits: 7, first: 0 });
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 0xff) {
      throw new RangeError(
        `Cannot encode header: character ${i} of ${
          JSON.stringify(text.slice(0, 40))
        } is above U+00FF`,
      );
    }
    out.push(code);
  }
}
