/**
 * The HPACK decoder (RFC 7541): a dynamic table of bounded size and header lists of bounded size.
 *
 * A list above its bound is decoded to the end all the same, without being kept, since the dynamic table must stay in step; the caller is told.
 */
import { SignetError } from "../base/mod.ts";
import { decodeHuffman } from "./huffman.ts";
import { STATIC_TABLE } from "./hpack_static.ts";

/** One header field. */
export type HeaderField = readonly [name: string, value: string];

/** Octets that an entry counts beside its strings (RFC 7541 section 4.1). */
const ENTRY_OVERHEAD = 32;
const STATIC_ENTRIES = STATIC_TABLE.length;

/** A decoded block. */
export interface DecodedBlock {
  /** The fields in order; those up to the bound when it was passed. */
  readonly fields: readonly HeaderField[];
  /** True when the list is larger than allowed. */
  readonly tooLarge: boolean;
}

/** Bounds of a decoder. */
export interface HpackLimits {
  /** Largest dynamic table, in octets: what SETTINGS_HEADER_TABLE_SIZE announces. */
  readonly maxTableBytes: number;
  /** Largest header list, in octets as RFC 9113 section 10.5.1 counts. */
  readonly maxListBytes: number;
}

/** Decodes the header blocks of one connection, in order. */
export class HpackDecoder {
  readonly #limits: HpackLimits;
  /** Newest entry last. */
  #table: HeaderField[] = [];
  #tableBytes = 0;
  #tableLimit: number;
  #at = 0;

  /** Makes a decoder with an empty table. */
  constructor(limits: HpackLimits) {
    this.#limits = limits;
    this.#tableLimit = limits.maxTableBytes;
  }

  /** Decodes one whole block. @throws {SignetError} `http2.bad_hpack`: the connection cannot go on. */
  decode(block: Uint8Array): DecodedBlock {
    this.#at = 0;
    const fields: HeaderField[] = [];
    let listBytes = 0;
    while (this.#at < block.length) {
      const first = block[this.#at]!;
      if (first >= 0x20 && first < 0x40) {
        if (listBytes > 0) bad("a table size update stands after a field", this.#at);
        this.#resize(this.#integer(block, 5));
        continue;
      }
      const field = this.#field(block, first);
      listBytes += field[0].length + field[1].length + ENTRY_OVERHEAD;
      if (listBytes <= this.#limits.maxListBytes) fields.push(field);
    }
    return { fields, tooLarge: listBytes > this.#limits.maxListBytes };
  }

  #field(block: Uint8Array, first: number): HeaderField {
    if (first >= 0x80) return this.#entry(this.#integer(block, 7));
    const indexing = first >= 0x40;
    const index = this.#integer(block, indexing ? 6 : 4);
    const name = index === 0 ? this.#string(block) : this.#entry(index)[0];
    const field: HeaderField = [name, this.#string(block)];
    if (indexing) this.#add(field);
    return field;
  }

  #entry(index: number): HeaderField {
    if (index > 0 && index <= STATIC_ENTRIES) return STATIC_TABLE[index - 1]!;
    const entry = index === 0
      ? undefined
      : this.#table[this.#table.length - (index - STATIC_ENTRIES)];
    return entry ?? bad(`there is no entry ${index}`, this.#at);
  }

  #add(field: HeaderField): void {
    const bytes = field[0].length + field[1].length + ENTRY_OVERHEAD;
    this.#table.push(field);
    this.#tableBytes += bytes;
    this.#evict();
  }

  #resize(limit: number): void {
    if (limit > this.#limits.maxTableBytes) {
      bad(`the table size ${limit} is above the ${this.#limits.maxTableBytes} announced`, this.#at);
    }
    this.#tableLimit = limit;
    this.#evict();
  }

  #evict(): void {
    let gone = 0;
    while (this.#tableBytes > this.#tableLimit) {
      const [name, value] = this.#table[gone++]!;
      this.#tableBytes -= name.length + value.length + ENTRY_OVERHEAD;
    }
    if (gone > 0) this.#table.splice(0, gone);
  }

  #integer(block: Uint8Array, prefixBits: number): number {
    const mask = (1 << prefixBits) - 1;
    let value = block[this.#at++]! & mask;
    if (value < mask) return value;
    for (let shift = 0;; shift += 7) {
      const byte = block[this.#at++];
      if (byte === undefined) bad("an integer is cut off", this.#at);
      // Four continuation octets hold every number that means anything here.
      if (shift > 21) bad("an integer is too large", this.#at);
      value += (byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
  }

  #string(block: Uint8Array): string {
    const huffman = (block[this.#at] ?? bad("a string is cut off", this.#at)) >= 0x80;
    const length = this.#integer(block, 7);
    const start = this.#at;
    const end = start + length;
    if (end > block.length) bad("a string is cut off", start);
    this.#at = end;
    return huffman ? decodeHuffman(block, start, end) : latin1(block, start, end);
  }
}

/** Octets as characters of the same number. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  if (end - start <= 4096) {
    return String.fromCharCode.apply(null, bytes.subarray(start, end) as unknown as number[]);
  }
  let text = "";
  for (let at = start; at < end; at += 4096) text += latin1(bytes, at, Math.min(at + 4096, end));
  return text;
}

function bad(what: string, offset: number): never {
  throw new SignetError("http2.bad_hpack", `Cannot decode header block: ${what}`, { offset });
}
