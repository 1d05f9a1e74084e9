/** Cutting a byte stream into frames (RFC 9113 section 4.1). Whole frames are views into the chunk; only a cut one is copied. */
import { concatBytes, SignetError } from "../base/mod.ts";
import { FRAME_HEADER_BYTES, HTTP2_ERROR, type Http2ErrorCode, MAX_FRAME_BYTES } from "./frames.ts";

/** Makes the error that ends a connection; `fields.code` is the HTTP/2 error code. */
export function connectionError(code: Http2ErrorCode, what: string): SignetError {
  return new SignetError("http2.connection_error", `Cannot go on with connection: ${what}`, {
    fields: { code },
  });
}

/** Takes one frame; `payload` is valid during the call. */
export type FrameHandler = (
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array,
) => void;

/** Collects chunks and gives frames. */
export class FrameReader {
  #rest: Uint8Array = new Uint8Array(0);

  /** Octets of a frame that is not whole yet. */
  get waiting(): number {
    return this.#rest.length;
  }

  /**
   * Takes a chunk and calls `onFrame` for each frame that it completes. Stops early when `onFrame` throws.
   *
   * @throws {SignetError} `http2.connection_error` for a frame larger than announced.
   */
  push(chunk: Uint8Array, onFrame: FrameHandler): void {
    const bytes = this.#rest.length === 0 ? chunk : concatBytes([this.#rest, chunk]);
    let at = 0;
    while (bytes.length - at >= FRAME_HEADER_BYTES) {
      const length = bytes[at]! * 65_536 + bytes[at + 1]! * 256 + bytes[at + 2]!;
      if (length > MAX_FRAME_BYTES) {
        throw connectionError(
          HTTP2_ERROR.FRAME_SIZE_ERROR,
          `a frame has ${length} octets, at most ${MAX_FRAME_BYTES} are allowed`,
        );
      }
      const end = at + FRAME_HEADER_BYTES + length;
      if (end > bytes.length) break;
      const streamId = ((bytes[at + 5]! & 0x7f) << 24) | (bytes[at + 6]! << 16) |
        (bytes[at + 7]! << 8) | bytes[at + 8]!;
      const type = bytes[at + 3]!;
      const flags = bytes[at + 4]!;
      const payload = bytes.subarray(at + FRAME_HEADER_BYTES, end);
      at = end;
      onFrame(type, flags, streamId, payload);
    }
    this.#rest = at === bytes.length ? new Uint8Array(0) : bytes.slice(at);
  }
}

/** The content of a padded payload (section 6.1). */
export function stripPadding(payload: Uint8Array): Uint8Array {
  const padding = payload[0];
  if (padding === undefined) {
    throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "a padded frame is empty");
  }
  if (padding >= payload.length) {
    throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "the padding is as long as the frame");
  }
  return payload.subarray(1, payload.length - padding);
}

/** A 32-bit number, without its first bit. */
export function readUint31(bytes: Uint8Array, at: number): number {
  return ((bytes[at]! & 0x7f) << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) |
    bytes[at + 3]!;
}
