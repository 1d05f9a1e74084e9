/**
 * HPACK's Huffman code (RFC 7541 appendix B). The code is canonical, so the lengths say everything: symbols in order of length and value
 * get consecutive codes. Decoding walks four bits at a time.
 */
import { SignetError } from "../base/mod.ts";

/** Bits of the code of each octet, then of EOS. */
const CODE_BITS = [
  13,
  23,
  28,
  28,
  28,
  28,
  28,
  28,
  28,
  24,
  30,
  28,
  28,
  30,
  28,
  28,
  28,
  28,
  28,
  28,
  28,
  28,
  30,
  28,
  28,
  28,
  28,
  28,
  28,
  28,
  28,
  28,
  6,
  10,
  10,
  12,
  13,
  6,
  8,
  11,
  10,
  10,
  8,
  11,
  8,
  6,
  6,
  6,
  5,
  5,
  5,
  6,
  6,
  6,
  6,
  6,
  6,
  6,
  7,
  8,
  15,
  6,
  12,
  10,
  13,
  6,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  7,
  8,
  7,
  8,
  13,
  19,
  13,
  14,
  6,
  15,
  5,
  6,
  5,
  6,
  5,
  6,
  6,
  6,
  5,
  7,
  7,
  6,
  6,
  6,
  5,
  6,
  7,
  6,
  5,
  5,
  6,
  7,
  7,
  7,
  7,
  7,
  15,
  11,
  14,
  13,
  28,
  20,
  22,
  20,
  20,
  22,
  22,
  22,
  23,
  22,
  23,
  23,
  23,
  23,
  23,
  24,
  23,
  24,
  24,
  22,
  23,
  24,
  23,
  23,
  23,
  23,
  21,
  22,
  23,
  22,
  23,
  23,
  24,
  22,
  21,
  20,
  22,
  22,
  23,
  23,
  21,
  23,
  22,
  22,
  24,
  21,
  22,
  23,
  23,
  21,
  21,
  22,
  21,
  23,
  22,
  23,
  23,
  20,
  22,
  22,
  22,
  23,
  22,
  22,
  23,
  26,
  26,
  20,
  19,
  22,
  23,
  22,
  25,
  26,
  26,
  26,
  27,
  27,
  26,
  24,
  25,
  19,
  21,
  26,
  27,
  27,
  26,
  27,
  24,
  21,
  21,
  26,
  26,
  28,
  27,
  27,
  27,
  20,
  24,
  20,
  21,
  22,
  21,
  21,
  23,
  22,
  22,
  25,
  25,
  24,
  24,
  26,
  23,
  26,
  27,
  26,
  26,
  27,
  27,
  27,
  27,
  27,
  28,
  27,
  27,
  27,
  27,
  27,
  26,
  30,
] as const;

const EOS = 256;
/** Padding is at most seven bits, all of them ones. */
const MAX_PADDING_BITS = 7;

interface Tables {
  /** Next node for node * 16 + nibble; -1 for an invalid code. */
  readonly next: Int16Array;
  /** Symbol that ends within that nibble, or -1. */
  readonly symbol: Int16Array;
  /** For each node: 1 when the bits since the last symbol may be padding. */
  readonly accepting: Uint8Array;
}

let tables: Tables | undefined;

/** Builds the walk; made at first use, since most peers compress only the first headers of a connection. */
function buildTables(): Tables {
  // A binary tree: two children a node; negative numbers are symbols as -(symbol + 1), 0 is unset.
  const children: number[] = [0, 0];
  const symbols = CODE_BITS.map((bits, symbol) => ({ bits, symbol })).sort((a, b) =>
    a.bits - b.bits || a.symbol - b.symbol
  );
  let code = 0;
  let previous = 0;
  for (const { bits, symbol } of symbols) {
    code = code * 2 ** (bits - previous);
    previous = bits;
    insert(children, { code, bits, symbol });
    code++;
  }
  const nodes = children.length / 2;
  const next = new Int16Array(nodes * 16);
  const found = new Int16Array(nodes * 16).fill(-1);
  for (let node = 0; node < nodes; node++) {
    for (let nibble = 0; nibble < 16; nibble++) {
      const end = walk(children, node, nibble);
      next[node * 16 + nibble] = end.node;
      found[node * 16 + nibble] = end.symbol;
    }
  }
  return { next, symbol: found, accepting: paddingNodes(children) };
}

function insert(
  children: number[],
  { code, bits, symbol }: { code: number; bits: number; symbol: number },
): void {
  let node = 0;
  for (let bit = bits - 1; bit > 0; bit--) {
    const slot = node * 2 + (Math.floor(code / 2 ** bit) & 1);
    if (children[slot] === 0) {
      children[slot] = children.length / 2;
      children.push(0, 0);
    }
    node = children[slot]!;
  }
  children[node * 2 + (code & 1)] = -(symbol + 1);
}

/** Four bits from a node: at most one symbol ends in them, since the shortest code has five bits. */
function walk(
  children: readonly number[],
  from: number,
  nibble: number,
): { readonly node: number; readonly symbol: number } {
  let node = from;
  let symbol = -1;
  for (let bit = 3; bit >= 0; bit--) {
    const child = children[node * 2 + ((nibble >> bit) & 1)]!;
    if (child < 0) {
      symbol = -child - 1;
      node = 0;
    } else {
      node = child;
    }
  }
  return symbol === EOS ? { node: -1, symbol: -1 } : { node, symbol };
}

function paddingNodes(children: readonly number[]): Uint8Array {
  const accepting = new Uint8Array(children.length / 2);
  let node = 0;
  for (let bits = 0; bits <= MAX_PADDING_BITS && node >= 0; bits++) {
    accepting[node] = 1;
    node = children[node * 2 + 1]!;
  }
  return accepting;
}

/**
 * Decodes a Huffman-coded string; octets become characters of the same number.
 *
 * @throws {SignetError} `http2.bad_hpack` for EOS in the string or wrong padding.
 */
export function decodeHuffman(bytes: Uint8Array, start: number, end: number): string {
  tables ??= buildTables();
  const { next, symbol, accepting } = tables;
  let text = "";
  let node = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at]!;
    for (let shift = 4; shift >= 0; shift -= 4) {
      const index = node * 16 + ((byte >> shift) & 15);
      const found = symbol[index]!;
      if (found >= 0) text += String.fromCharCode(found);
      node = next[index]!;
      if (node < 0) {
        throw new SignetError("http2.bad_hpack", "Cannot decode header: the string holds EOS", {
          offset: at,
        });
      }
    }
  }
  if (accepting[node] !== 1) {
    throw new SignetError(
      "http2.bad_hpack",
      "Cannot decode header: the padding is not a prefix of EOS",
      { offset: end },
    );
  }
  return text;
}

/** Sum of 2^-length over all symbols: 1 for a complete code. Tests check the table by it. */
export function kraftSum(): number {
  return CODE_BITS.reduce<number>((sum, bits) => sum + 2 ** -bits, 0);
}
