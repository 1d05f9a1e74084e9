/** The bytes that wait to be sent: frames are written straight into one growing buffer, which is handed over whole. */
import { FRAME_HEADER_BYTES } from "./frames.ts";

const SMALLEST_BUFFER_BYTES = 2_048;
/**
 * Bigger buffers are not kept as the measure of the next one. What a large response is written in, 65,536 octets at a time, fits with the
 * headers of its frames: a buffer that is a few octets short is grown, and copied, for each of them.
 */
const LARGEST_USUAL_BYTES = 65_536 + 4 * FRAME_HEADER_BYTES;

/** A buffer of frames. */
export class Output {
  #bytes = new Uint8Array(SMALLEST_BUFFER_BYTES);
  #length = 0;

  /** Bytes that wait. */
  get length(): number {
    return this.#length;
  }

  /** Writes a frame header; `payload` bytes must follow. */
  header(type: number, flags: number, streamId: number, payload: number): void {
    this.#reserve(FRAME_HEADER_BYTES + payload);
    const bytes = this.#bytes;
    let at = this.#length;
    bytes[at++] = payload >>> 16;
    bytes[at++] = payload >>> 8;
    bytes[at++] = payload;
    bytes[at++] = type;
    bytes[at++] = flags;
    bytes[at++] = streamId >>> 24;
    bytes[at++] = streamId >>> 16;
    bytes[at++] = streamId >>> 8;
    bytes[at++] = streamId;
    this.#length = at;
  }

  /** Writes bytes. */
  bytes(bytes: Uint8Array): void {
    this.#reserve(bytes.length);
    this.#bytes.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** Writes a 16-bit number. */
  uint16(value: number): void {
    this.#reserve(2);
    this.#bytes[this.#length++] = value >>> 8;
    this.#bytes[this.#length++] = value;
  }

  /** Writes a 32-bit number. */
  uint32(value: number): void {
    this.uint16(value >>> 16);
    this.uint16(value & 0xffff);
  }

  /** Hands everything over, to be owned by the caller; `undefined` when there is nothing. */
  take(): Uint8Array | undefined {
    if (this.#length === 0) return undefined;
    const taken = this.#bytes.subarray(0, this.#length);
    const next = Math.min(Math.max(this.#length, SMALLEST_BUFFER_BYTES), LARGEST_USUAL_BYTES);
    this.#bytes = new Uint8Array(next);
    this.#length = 0;
    return taken;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
