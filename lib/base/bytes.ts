/** Bytes: joining, comparing, text. Hex and base64 are the built-in methods of `Uint8Array`. */

/** A `Uint8Array` over an ordinary buffer, which is what Web Crypto and FFI take. */
export type Bytes = Uint8Array<ArrayBuffer>;

const ENCODER = new TextEncoder();
const DECODER = new TextDecoder();

/** Joins chunks into one fresh array. */
export function concatBytes(chunks: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const chunk of chunks) length += chunk.length;
  const joined = new Uint8Array(length);
  let offset = 0;
  for (const chunk of chunks) {
    joined.set(chunk, offset);
    offset += chunk.length;
  }
  return joined;
}

/** True when both arrays hold the same bytes. Not for secrets: see {@linkcode constantTimeEqual}. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Like {@linkcode equalBytes}, in a time that depends on the lengths alone. */
export function constantTimeEqual(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= a[i]! ^ b[i]!;
  return difference === 0;
}

/** UTF-8 bytes of a text. */
export function utf8(text: string): Bytes {
  return ENCODER.encode(text);
}

/** Text of UTF-8 bytes; malformed sequences become U+FFFD. */
export function fromUtf8(bytes: Uint8Array): string {
  return DECODER.decode(bytes);
}

/** How {@linkcode readText} reads. */
export interface ReadTextOptions {
  /** Most bytes. */
  readonly maxBytes: number;
  /** True refuses malformed UTF-8 by a TypeError; default: such sequences become U+FFFD. */
  readonly fatal?: boolean;
}

/** The text of UTF-8 chunks. @throws {RangeError} when there are too many bytes; no more than those and one chunk are taken. */
export async function readText(
  chunks: AsyncIterable<Uint8Array> | null,
  { maxBytes, fatal = false }: ReadTextOptions,
): Promise<string> {
  const decoder = new TextDecoder("utf-8", { fatal });
  let text = "";
  let bytes = 0;
  for await (const chunk of chunks ?? []) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw new RangeError(`It has more than ${maxBytes} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** A value that may come now or later: providers that compute in process return it at once. */
export type MaybePromise<T> = T | Promise<T>;
