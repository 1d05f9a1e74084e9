/** A header block that came in several frames: HEADERS and the CONTINUATION frames after it (RFC 9113 section 4.3). */
import { concatBytes } from "../base/mod.ts";
import { connectionError } from "./frame_reader.ts";
import { HTTP2_ERROR } from "./frames.ts";
import type { Http2Limits } from "./limits.ts";

/** Collects the pieces of one block, within bounds. */
export class OpenBlock {
  /** The stream that it is for. */
  readonly streamId: number;
  /** END_STREAM was on the HEADERS frame. */
  readonly endStream: boolean;
  readonly #limits: Http2Limits;
  readonly #pieces: Uint8Array[];
  #bytes: number;

  /** Starts with the piece of the HEADERS frame, which is copied. */
  constructor(
    { streamId, endStream, first }: {
      readonly streamId: number;
      readonly endStream: boolean;
      readonly first: Uint8Array;
    },
    limits: Http2Limits,
  ) {
    this.streamId = streamId;
    this.endStream = endStream;
    this.#limits = limits;
    this.#pieces = [first.slice()];
    this.#bytes = first.length;
  }

  /** Adds the piece of a CONTINUATION frame. @throws {SignetError} ENHANCE_YOUR_CALM above the bounds. */
  add(piece: Uint8Array): void {
    this.#pieces.push(piece.slice());
    this.#bytes += piece.length;
    const tooMany = this.#pieces.length > this.#limits.maxContinuationFrames + 1;
    if (this.#bytes <= this.#limits.maxHeaderBlockBytes && !tooMany) return;
    throw connectionError(HTTP2_ERROR.ENHANCE_YOUR_CALM, "a header block is too large");
  }

  /** The whole block. */
  join(): Uint8Array {
    return concatBytes(this.#pieces);
  }
}
