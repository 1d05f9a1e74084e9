/**
 * A strict DER reader (X.690 section 10) over a view: no indefinite or non-minimal lengths, no left-over bytes, bounded size.
 *
 * One cursor walks one level; `enter` gives a cursor over the content of a constructed value. Nothing is copied: returned bytes are
 * views into the input.
 */
import { type ErrorCode, SignetError } from "../base/mod.ts";

/** Universal and context-specific tags as their identifier octet. Tag numbers above 30 do not occur in X.509. */
export const TAG = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  utf8String: 0x0c,
  printableString: 0x13,
  t61String: 0x14,
  ia5String: 0x16,
  utcTime: 0x17,
  generalizedTime: 0x18,
  universalString: 0x1c,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
} as const;

/** The identifier octet of context-specific tag `number`. */
export function contextTag(number: number, options: { readonly constructed: boolean }): number {
  return (options.constructed ? 0xa0 : 0x80) | number;
}

/** Largest DER value that is read: certificates and CSRs are a few kilobytes. */
export const MAX_DER_BYTES = 1 << 20;

/** Deepest nesting that is entered; a certificate needs about ten levels. */
export const MAX_DER_DEPTH = 32;

/** Throws the error of a decoder with the offset that it happened at. */
export function fail(
  code: Extract<ErrorCode, `asn1.${string}`>,
  what: string,
  offset: number,
): never {
  throw new SignetError(code, `Cannot read DER: ${what} at byte ${offset}`, { offset });
}

/** A position in DER. Created by {@linkcode readDer} or {@linkcode DerCursor.enter}. */
export class DerCursor {
  /** The bytes that all offsets count in. */
  readonly bytes: Uint8Array;
  /** Where the next value begins. */
  at: number;
  /** Where this level ends. */
  readonly end: number;

  readonly #depth: number;
  /** Where the content of the value begins whose header was read last. */
  #contentAt = 0;

  /** Makes a cursor over `bytes` from `at` to `end`. */
  constructor(bytes: Uint8Array, at: number, end: number, depth = 0) {
    this.bytes = bytes;
    this.at = at;
    this.end = end;
    this.#depth = depth;
  }

  /** True when no value is left on this level. */
  get done(): boolean {
    return this.at === this.end;
  }

  /** The identifier octet of the next value; `undefined` at the end. */
  peek(): number | undefined {
    return this.at < this.end ? this.bytes[this.at] : undefined;
  }

  /** Steps over the next value of any kind. */
  skip(): void {
    this.at = this.#header();
  }

  /** Steps over the next value of any kind and returns all of it, header included. */
  readAny(): Uint8Array {
    const start = this.at;
    this.at = this.#header();
    return this.bytes.subarray(start, this.at);
  }

  /** Steps over the next value, which must have `tag`, and returns all of it, header included. */
  readWhole(tag: number): Uint8Array {
    this.#expect(tag);
    return this.readAny();
  }

  /** Reads the content of the next value, which must have `tag`. */
  read(tag: number): Uint8Array {
    this.#expect(tag);
    const end = this.#header();
    const content = this.bytes.subarray(this.#contentAt, end);
    this.at = end;
    return content;
  }

  /** Reads the next value's content when it has `tag`, else leaves it. */
  readOptional(tag: number): Uint8Array | undefined {
    return this.peek() === tag ? this.read(tag) : undefined;
  }

  /** A cursor over the content of the next value, which must be constructed and have `tag`. */
  enter(tag: number): DerCursor {
    this.#expect(tag);
    if (this.#depth >= MAX_DER_DEPTH) {
      fail("asn1.too_deep", `nesting is deeper than ${MAX_DER_DEPTH} levels`, this.at);
    }
    const end = this.#header();
    const inner = new DerCursor(this.bytes, this.#contentAt, end, this.#depth + 1);
    this.at = end;
    return inner;
  }

  /** Like {@linkcode DerCursor.enter} when the next value has `tag`, else `undefined`. */
  enterOptional(tag: number): DerCursor | undefined {
    return this.peek() === tag ? this.enter(tag) : undefined;
  }

  /** Ends this level: bytes that are left are an error. */
  finish(): void {
    if (this.at !== this.end) {
      fail("asn1.trailing_bytes", `${this.end - this.at} bytes are left over`, this.at);
    }
  }

  #expect(tag: number): void {
    const found = this.peek();
    if (found === tag) return;
    if (found === undefined) {
      fail("asn1.truncated", `expected tag ${hex(tag)}, found the end`, this.at);
    }
    fail("asn1.bad_tag", `expected tag ${hex(tag)}, found ${hex(found)}`, this.at);
  }

  /** Reads tag and length at the cursor; sets where the content begins and returns where it ends. */
  #header(): number {
    const { bytes, end } = this;
    let at = this.at;
    if (at >= end) fail("asn1.truncated", "expected a value, found the end", at);
    if ((bytes[at++]! & 0x1f) === 0x1f) {
      fail("asn1.bad_tag", "found a tag of several octets", at - 1);
    }
    if (at >= end) fail("asn1.truncated", "expected a length, found the end", at);
    let length = bytes[at++]!;
    if (length >= 0x80) {
      const octets = length & 0x7f;
      if (octets === 0 || octets > 4) {
        fail("asn1.bad_length", `found a length of ${octets} octets, should be 1 to 4`, at - 1);
      }
      if (octets > end - at) fail("asn1.truncated", "the length is cut off", at);
      length = 0;
      for (let i = 0; i < octets; i++) length = length * 256 + bytes[at++]!;
      if (length < 0x80 || length < 256 ** (octets - 1)) {
        fail("asn1.bad_length", "found a length that is not minimal", at - octets - 1);
      }
    }
    if (length > end - at) {
      fail("asn1.truncated", `the value has ${length} bytes, ${end - at} are left`, at);
    }
    this.#contentAt = at;
    return at + length;
  }
}

function hex(tag: number): string {
  return `0x${tag.toString(16).padStart(2, "0")}`;
}

/**
 * A cursor over a whole DER value.
 *
 * @throws {SignetError} `asn1.too_large` above {@linkcode MAX_DER_BYTES}.
 */
export function readDer(bytes: Uint8Array): DerCursor {
  if (bytes.length > MAX_DER_BYTES) {
    throw new SignetError(
      "asn1.too_large",
      `Cannot read DER: it has ${bytes.length} bytes, should have at most ${MAX_DER_BYTES}`,
    );
  }
  return new DerCursor(bytes, 0, bytes.length);
}
