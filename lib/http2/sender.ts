/** The sending half: frames into the output, DATA by the peer's windows, header blocks cut to its frame size. */
import { SignetError } from "../base/mod.ts";
import { connectionError } from "./frame_reader.ts";
import { DEFAULT_WINDOW, FLAG, FRAME, HTTP2_ERROR, MAX_FRAME_BYTES, MAX_WINDOW } from "./frames.ts";
import { EMPTY_TABLE_UPDATE, encodeHeaderBlock, type PrecomputedHeaders } from "./hpack_encoder.ts";
import type { HeaderField } from "./hpack_decoder.ts";
import { Output } from "./output.ts";
import type { Http2Stream } from "./stream.ts";

/** Headers to send: fields, or a block that was encoded before. */
export type OutgoingHeaders = Iterable<HeaderField> | PrecomputedHeaders;

const NOTHING = new Uint8Array(0);

function blockOf(headers: OutgoingHeaders): Uint8Array {
  return "block" in headers ? headers.block : encodeHeaderBlock(headers);
}

/** Writes frames. Streams whose DATA waits for the connection's window are remembered, so that its update finds them. */
export class Sender {
  /** The bytes to send. */
  readonly output: Output = new Output();
  readonly #blocked = new Set<Http2Stream>();
  readonly #maxQueuedBytes: number;
  readonly #onDrained: (stream: Http2Stream) => void;
  #window = DEFAULT_WINDOW;
  #maxFrameBytes = MAX_FRAME_BYTES;
  #queuedBytes = 0;
  #tableUpdateSent = false;
  #progressed = false;

  /** `onDrained` hears of streams whose queue became empty. */
  constructor(maxQueuedBytes: number, onDrained: (stream: Http2Stream) => void) {
    this.#maxQueuedBytes = maxQueuedBytes;
    this.#onDrained = onDrained;
  }

  /** Octets of DATA that wait for windows. */
  get queuedBytes(): number {
    return this.#queuedBytes;
  }

  /** True when HEADERS or DATA went out since the last call. */
  takeProgress(): boolean {
    const progressed = this.#progressed;
    this.#progressed = false;
    return progressed;
  }

  /** Sends a header block, in as many frames as the peer's frame size asks for. */
  headers(stream: Http2Stream, headers: OutgoingHeaders, endStream: boolean): void {
    let block = blockOf(headers);
    if (!this.#tableUpdateSent) {
      this.#tableUpdateSent = true;
      const first = new Uint8Array(block.length + 1);
      first[0] = EMPTY_TABLE_UPDATE;
      first.set(block, 1);
      block = first;
    }
    this.#block(stream, block, endStream);
  }

  #block(stream: Http2Stream, block: Uint8Array, endStream: boolean): void {
    const end = endStream ? FLAG.endStream : 0;
    this.#progressed = true;
    if (block.length <= this.#maxFrameBytes) {
      this.output.header(FRAME.headers, FLAG.endHeaders | end, stream.id, block.length);
      this.output.bytes(block);
    } else {
      for (let at = 0; at < block.length; at += this.#maxFrameBytes) {
        const piece = block.subarray(at, at + this.#maxFrameBytes);
        const last = at + piece.length === block.length ? FLAG.endHeaders : 0;
        this.output.header(
          at === 0 ? FRAME.headers : FRAME.continuation,
          last | (at === 0 ? end : 0),
          stream.id,
          piece.length,
        );
        this.output.bytes(piece);
      }
    }
    if (endStream) stream.localClosed = true;
  }

  /** Sends or queues DATA. `bytes` must not change afterwards. */
  data(stream: Http2Stream, bytes: Uint8Array): void {
    if (stream.queue.length === 0) {
      const sent = this.#sendNow(stream, bytes, false);
      if (sent === bytes.length) return;
      bytes = bytes.subarray(sent);
    }
    stream.queue.push(bytes);
    stream.queuedBytes += bytes.length;
    this.#queuedBytes += bytes.length;
    if (stream.sendWindow > 0) this.#blocked.add(stream);
    if (this.#queuedBytes > this.#maxQueuedBytes) {
      throw connectionError(
        HTTP2_ERROR.ENHANCE_YOUR_CALM,
        `more than ${this.#maxQueuedBytes} octets wait for a reader that does not read`,
      );
    }
  }

  /** Ends the stream after what is queued: by trailers, or by an empty DATA frame. */
  end(stream: Http2Stream, trailers: OutgoingHeaders | undefined): void {
    if (stream.ending !== undefined || stream.localClosed) {
      throw new SignetError("http2.misuse", "Cannot end stream: it has ended");
    }
    stream.ending = { trailers: trailers === undefined ? undefined : blockOf(trailers) };
    if (stream.queue.length === 0) this.#finish(stream);
  }

  #finish(stream: Http2Stream): void {
    const trailers = stream.ending?.trailers;
    if (trailers !== undefined) return this.#block(stream, trailers, true);
    this.output.header(FRAME.data, FLAG.endStream, stream.id, 0);
    stream.localClosed = true;
  }

  /** Sends as much of `bytes` as the windows allow and returns how much that was. */
  #sendNow(stream: Http2Stream, bytes: Uint8Array, endStream: boolean): number {
    let sent = 0;
    while (sent < bytes.length) {
      const room = Math.min(
        bytes.length - sent,
        this.#window,
        stream.sendWindow,
        this.#maxFrameBytes,
      );
      if (room <= 0) break;
      const last = sent + room === bytes.length && endStream;
      this.output.header(FRAME.data, last ? FLAG.endStream : 0, stream.id, room);
      this.output.bytes(bytes.subarray(sent, sent + room));
      this.#progressed = true;
      this.#window -= room;
      stream.sendWindow -= room;
      sent += room;
    }
    return sent;
  }

  /** Sends what waits in a stream as far as the windows allow. */
  pump(stream: Http2Stream): void {
    if (stream.queue.length === 0) return;
    while (stream.queue.length > 0) {
      const first = stream.queue[0]!;
      const sent = this.#sendNow(stream, first, false);
      stream.queuedBytes -= sent;
      this.#queuedBytes -= sent;
      if (sent < first.length) {
        stream.queue[0] = first.subarray(sent);
        // One that waits for its own window is found by that window's update.
        if (stream.sendWindow > 0) this.#blocked.add(stream);
        else this.#blocked.delete(stream);
        return;
      }
      stream.queue.shift();
    }
    this.#blocked.delete(stream);
    if (stream.ending !== undefined) this.#finish(stream);
    this.#onDrained(stream);
  }

  /** Forgets what waits in a stream that is gone. */
  drop(stream: Http2Stream): void {
    this.#queuedBytes -= stream.queuedBytes;
    stream.queuedBytes = 0;
    stream.queue.length = 0;
    this.#blocked.delete(stream);
  }

  /** The peer takes `more` octets on the connection. */
  grow(more: number): void {
    this.#window += more;
    if (this.#window > MAX_WINDOW) {
      throw connectionError(
        HTTP2_ERROR.FLOW_CONTROL_ERROR,
        "the connection's window is above 2^31 - 1",
      );
    }
    // Each turn ends a stream's wait, or the window: however many wait, an update costs no more than what it sends.
    for (const stream of this.#blocked) {
      if (this.#window <= 0) return;
      this.pump(stream);
    }
  }

  /** The peer takes frames of up to `bytes`. */
  setMaxFrameBytes(bytes: number): void {
    this.#maxFrameBytes = Math.min(bytes, 65_536);
  }

  /** RST_STREAM. */
  rstStream(streamId: number, code: number): void {
    this.output.header(FRAME.rstStream, 0, streamId, 4);
    this.output.uint32(code);
  }

  /** WINDOW_UPDATE. */
  windowUpdate(streamId: number, bytes: number): void {
    this.output.header(FRAME.windowUpdate, 0, streamId, 4);
    this.output.uint32(bytes);
  }

  /** PING, or the answer to one. */
  ping(opaque: Uint8Array, ack: boolean): void {
    this.output.header(FRAME.ping, ack ? FLAG.ack : 0, 0, 8);
    this.output.bytes(opaque);
  }

  /** GOAWAY; `text` is for people at the other end. */
  goaway(lastStreamId: number, code: number, text: string): void {
    const debug = text === "" ? NOTHING : new TextEncoder().encode(text.slice(0, 200));
    this.output.header(FRAME.goaway, 0, 0, 8 + debug.length);
    this.output.uint32(lastStreamId);
    this.output.uint32(code);
    this.output.bytes(debug);
  }

  /** SETTINGS with these identifiers and values, or the acknowledgement of the peer's. */
  settings(values: readonly (readonly [number, number])[], ack = false): void {
    this.output.header(FRAME.settings, ack ? FLAG.ack : 0, 0, values.length * 6);
    for (const [identifier, value] of values) {
      this.output.uint16(identifier);
      this.output.uint32(value);
    }
  }
}
