/**
 * One HTTP/2 connection as a state machine, server or client (RFC 9113): bytes in; events and bytes out. No I/O, no clock, no timers.
 *
 * Events are called while {@linkcode Http2Connection.receive} runs; what they send is collected in the output, to be written at once.
 * A peer that breaks the protocol, or a bound of `limits.ts`, gets GOAWAY; nothing more is read from it.
 *
 * Long on purpose: each frame's rules read and change the same windows, streams and rates, and a hop between files would hide the order.
 * What needs none of them is in `payloads.ts`, `streams.ts`, `open_block.ts` and `sender.ts`.
 */
import { isSignetError, SignetError } from "../base/mod.ts";
import { connectionError, FrameReader, readUint31, stripPadding } from "./frame_reader.ts";
import {
  CLIENT_PREFACE,
  DEFAULT_WINDOW,
  FLAG,
  FRAME,
  HTTP2_ERROR,
  MAX_WINDOW,
  SETTING,
} from "./frames.ts";
import {
  contentLength,
  HeaderBlock,
  requestFault,
  responseFault,
  trailersFault,
} from "./headers.ts";
import { type DecodedBlock, HpackDecoder } from "./hpack_decoder.ts";
import type { Http2Limits } from "./limits.ts";
import { OpenBlock } from "./open_block.ts";
import {
  checkDependency,
  checkGoaway,
  checkPing,
  headersFragment,
  isSettingsAck,
  readSettings,
  resetCode,
  windowIncrement,
} from "./payloads.ts";
import type { Http2Connection, Http2ConnectionOptions, Http2Handler } from "./port.ts";
import { Rates } from "./rates.ts";
import { type OutgoingHeaders, Sender } from "./sender.ts";
import { createStream, type Http2Stream } from "./stream.ts";
import { Streams } from "./streams.ts";

/** Last stream identifier of a graceful GOAWAY (section 6.8). */
const LAST_STREAM_ID = 0x7fffffff;

const TOO_LARGE_FIELDS = [[":status", "431"]] as const;

/** Starts a connection; its preface is in the output at once. */
export function createHttp2Connection(options: Http2ConnectionOptions): Http2Connection {
  return new Machine(options);
}

class Machine implements Http2Connection {
  readonly #server: boolean;
  readonly #limits: Http2Limits;
  readonly #handler: Http2Handler;
  readonly #reader = new FrameReader();
  readonly #decoder: HpackDecoder;
  readonly #rates: Rates;
  readonly #sender: Sender;
  readonly #streams: Streams;
  #prefaceLeft: number;
  #settingsSeen = false;
  #block: OpenBlock | undefined;
  #initialSendWindow = DEFAULT_WINDOW;
  #receiveWindow: number;
  #unreturned = 0;
  #goawaySent = LAST_STREAM_ID + 1;
  closed = false;
  peerMaxStreams = Infinity;

  constructor({ role, limits, handler }: Http2ConnectionOptions) {
    this.#server = role === "server";
    this.#streams = new Streams(this.#server);
    this.#limits = limits;
    this.#handler = handler;
    this.#decoder = new HpackDecoder({
      maxTableBytes: limits.maxTableBytes,
      maxListBytes: limits.maxHeaderListBytes,
    });
    this.#rates = new Rates(limits);
    this.#sender = new Sender(limits.maxQueuedBytes, (stream) => {
      this.#retire(stream);
      handler.onWritable(stream.id);
    });
    this.#prefaceLeft = this.#server ? CLIENT_PREFACE.length : 0;
    this.#receiveWindow = Math.max(limits.connectionWindowBytes, DEFAULT_WINDOW);
    this.#open();
  }

  #open(): void {
    if (!this.#server) this.#sender.output.bytes(CLIENT_PREFACE);
    this.#sender.settings([
      [SETTING.headerTableSize, this.#limits.maxTableBytes],
      this.#server
        ? [SETTING.maxConcurrentStreams, this.#limits.maxConcurrentStreams]
        : [SETTING.enablePush, 0],
      [SETTING.initialWindowSize, this.#limits.streamWindowBytes],
      [SETTING.maxHeaderListSize, this.#limits.maxHeaderListBytes],
    ]);
    const more = this.#receiveWindow - DEFAULT_WINDOW;
    if (more > 0) this.#sender.windowUpdate(0, more);
  }

  get openStreams(): number {
    return this.#streams.open;
  }

  get queuedBytes(): number {
    return this.#sender.queuedBytes;
  }

  get outputBytes(): number {
    return this.#sender.output.length;
  }

  takeOutput(): Uint8Array | undefined {
    return this.#sender.output.take();
  }

  receive(chunk: Uint8Array, nowMs: number): void {
    if (this.closed) return;
    this.#rates.tick(nowMs);
    try {
      const rest = this.#prefaceLeft > 0 ? this.#readPreface(chunk) : chunk;
      this.#reader.push(rest, (type, flags, streamId, payload) => {
        if (!this.closed) this.#frame(type, flags, streamId, payload);
      });
    } catch (thrown) {
      this.#fail(thrown);
    }
  }

  #readPreface(chunk: Uint8Array): Uint8Array {
    const take = Math.min(this.#prefaceLeft, chunk.length);
    const start = CLIENT_PREFACE.length - this.#prefaceLeft;
    for (let i = 0; i < take; i++) {
      if (chunk[i] !== CLIENT_PREFACE[start + i]) {
        throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "the connection preface is wrong");
      }
    }
    this.#prefaceLeft -= take;
    return chunk.subarray(take);
  }

  /** Ends the connection after a fault of the peer's; a fault of ours is thrown on. */
  #fail(thrown: unknown): void {
    if (!isSignetError(thrown, "http2.connection_error", "http2.bad_hpack")) throw thrown;
    const code = thrown.code === "http2.bad_hpack"
      ? HTTP2_ERROR.COMPRESSION_ERROR
      : Number(thrown.fields["code"]);
    this.#sender.goaway(this.#streams.lastPeer, code, thrown.message);
    this.closed = true;
    for (const stream of this.#streams.list()) this.#sender.drop(stream);
    this.#handler.onConnectionError(code, thrown.message);
  }

  #frame(type: number, flags: number, streamId: number, payload: Uint8Array): void {
    if (!this.#settingsSeen && type !== FRAME.settings) {
      throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "the first frame is not SETTINGS");
    }
    if (
      this.#block !== undefined &&
      (type !== FRAME.continuation || streamId !== this.#block.streamId)
    ) {
      throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "a header block is interrupted");
    }
    switch (type) {
      case FRAME.data:
        return this.#onData(flags, streamId, payload);
      case FRAME.headers:
        return this.#onHeaders(flags, streamId, payload);
      case FRAME.continuation:
        return this.#onContinuation(flags, payload);
      case FRAME.priority:
        return this.#onPriority(streamId, payload);
      case FRAME.rstStream:
        return this.#onRstStream(streamId, payload);
      case FRAME.settings:
        return this.#onSettings(flags, streamId, payload);
      case FRAME.ping:
        return this.#onPing(flags, streamId, payload);
      case FRAME.goaway:
        return this.#onGoaway(streamId, payload);
      case FRAME.windowUpdate:
        return this.#onWindowUpdate(streamId, payload);
      case FRAME.pushPromise:
        throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "PUSH_PROMISE is not allowed");
      default:
        this.#rates.count("idleFrames");
    }
  }

  #onData(flags: number, streamId: number, payload: Uint8Array): void {
    this.#streams.need(streamId, "DATA");
    this.#receiveWindow -= payload.length;
    if (this.#receiveWindow < 0) {
      throw connectionError(
        HTTP2_ERROR.FLOW_CONTROL_ERROR,
        "DATA is larger than the connection's window",
      );
    }
    const data = flags & FLAG.padded ? stripPadding(payload) : payload;
    const endStream = (flags & FLAG.endStream) !== 0;
    if (data.length === 0 && !endStream) this.#rates.count("idleFrames");
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.remoteClosed) {
      this.#giveBack(payload.length);
      return this.#onClosedStream(streamId, stream);
    }
    stream.receiveWindow -= payload.length;
    stream.receivedBytes += data.length;
    if (stream.receiveWindow < 0) {
      return this.#streamError(stream, HTTP2_ERROR.FLOW_CONTROL_ERROR, payload.length);
    }
    if (!stream.headersReceived) {
      return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, payload.length);
    }
    if (!this.#lengthFits(stream, endStream)) {
      return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, payload.length);
    }
    if (endStream) stream.remoteClosed = true;
    if (stream.answered) {
      this.#giveBack(payload.length);
      const isMuch = stream.receiveWindow < this.#limits.streamWindowBytes / 2;
      return isMuch && !endStream
        ? this.reset(streamId, HTTP2_ERROR.NO_ERROR)
        : this.#retire(stream);
    }
    const padding = payload.length - data.length;
    if (padding > 0) this.consume(streamId, padding);
    this.#handler.onData(streamId, data, endStream);
    this.#retire(stream);
  }

  /** A frame for a stream that is gone or half closed: ignored when we reset it, else an error. */
  #onClosedStream(streamId: number, stream: Http2Stream | undefined): void {
    if (stream !== undefined) return this.#streamError(stream, HTTP2_ERROR.STREAM_CLOSED, 0);
    if (this.#streams.wasReset(streamId)) return;
    throw connectionError(HTTP2_ERROR.STREAM_CLOSED, `stream ${streamId} is closed`);
  }

  #lengthFits({ expectedBytes, receivedBytes }: Http2Stream, ended: boolean): boolean {
    if (expectedBytes === undefined) return true;
    return ended ? receivedBytes === expectedBytes : receivedBytes <= expectedBytes;
  }

  #onHeaders(flags: number, streamId: number, payload: Uint8Array): void {
    const block = headersFragment(flags, streamId, payload);
    const endStream = (flags & FLAG.endStream) !== 0;
    if (flags & FLAG.endHeaders) return this.#onBlock(streamId, block, endStream);
    this.#block = new OpenBlock({ streamId, endStream, first: block }, this.#limits);
  }

  #onContinuation(flags: number, payload: Uint8Array): void {
    const open = this.#block;
    if (open === undefined) {
      throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "CONTINUATION without a header block");
    }
    open.add(payload);
    if ((flags & FLAG.endHeaders) === 0) return;
    this.#block = undefined;
    this.#onBlock(open.streamId, open.join(), open.endStream);
  }

  #onBlock(streamId: number, block: Uint8Array, endStream: boolean): void {
    const decoded = this.#decoder.decode(block);
    const known = this.#streams.get(streamId);
    if (known !== undefined) return this.#onMoreHeaders(known, decoded, endStream);
    const isNew = this.#server && streamId % 2 === 1 && streamId > this.#streams.lastPeer;
    if (!isNew) {
      if (streamId % 2 === 0 || this.#streams.isIdle(streamId)) {
        throw connectionError(
          HTTP2_ERROR.PROTOCOL_ERROR,
          `HEADERS on stream ${streamId}, which is not the client's to open`,
        );
      }
      return this.#onClosedStream(streamId, undefined);
    }
    this.#streams.lastPeer = streamId;
    // Streams above the one that GOAWAY named are the client's to try again elsewhere (section 6.8).
    if (streamId > this.#goawaySent) return this.#streams.rememberReset(streamId);
    this.#onRequest(streamId, decoded, endStream);
  }

  #onRequest(streamId: number, { fields, tooLarge }: DecodedBlock, endStream: boolean): void {
    if (this.#streams.size >= this.#limits.maxConcurrentStreams) {
      this.#rates.count("resets");
      return this.#sendReset(streamId, HTTP2_ERROR.REFUSED_STREAM);
    }
    const stream = createStream(streamId, {
      send: this.#initialSendWindow,
      receive: this.#limits.streamWindowBytes,
    });
    this.#streams.add(stream);
    stream.headersReceived = true;
    stream.remoteClosed = endStream;
    if (tooLarge) {
      this.sendHeaders(streamId, TOO_LARGE_FIELDS, true);
      return;
    }
    const headers = new HeaderBlock(fields);
    stream.expectedBytes = contentLength(headers);
    const malformed = requestFault(fields) !== undefined || Number.isNaN(stream.expectedBytes) ||
      (endStream && !this.#lengthFits(stream, true));
    if (malformed) return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, 0);
    this.#handler.onHeaders(streamId, headers, endStream);
    this.#retire(stream);
  }

  /** A second block of a request: trailers. Of a response: the final headers after informational ones, or trailers. */
  #onMoreHeaders(
    stream: Http2Stream,
    { fields, tooLarge }: DecodedBlock,
    endStream: boolean,
  ): void {
    if (stream.remoteClosed) return this.#streamError(stream, HTTP2_ERROR.STREAM_CLOSED, 0);
    if (tooLarge) return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, 0);
    const headers = new HeaderBlock(fields);
    if (!stream.headersReceived) {
      if (responseFault(fields) !== undefined) {
        return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, 0);
      }
      const isInformational = headers.get(":status")!.startsWith("1");
      // Final headers must follow (section 8.1): without them the response never comes.
      if (isInformational && endStream) {
        return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, 0);
      }
      if (isInformational) return;
      stream.headersReceived = true;
      stream.remoteClosed = endStream;
      this.#handler.onHeaders(stream.id, headers, endStream);
    } else {
      if (!endStream || trailersFault(fields) !== undefined || !this.#lengthFits(stream, true)) {
        return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, 0);
      }
      stream.remoteClosed = true;
      if (!stream.answered) this.#handler.onTrailers(stream.id, headers);
    }
    this.#retire(stream);
  }

  #onPriority(streamId: number, payload: Uint8Array): void {
    this.#rates.count("idleFrames");
    if (streamId === 0) throw connectionError(HTTP2_ERROR.PROTOCOL_ERROR, "PRIORITY on stream 0");
    if (payload.length !== 5) {
      const stream = this.#streams.get(streamId);
      if (stream === undefined) {
        throw connectionError(HTTP2_ERROR.FRAME_SIZE_ERROR, "PRIORITY has a wrong size");
      }
      return this.#streamError(stream, HTTP2_ERROR.FRAME_SIZE_ERROR, 0);
    }
    checkDependency(streamId, payload);
  }

  #onRstStream(streamId: number, payload: Uint8Array): void {
    const code = resetCode(payload);
    this.#streams.need(streamId, "RST_STREAM");
    this.#rates.count("resets");
    const stream = this.#streams.get(streamId);
    if (stream !== undefined) this.#forget(stream, code);
  }

  #onSettings(flags: number, streamId: number, payload: Uint8Array): void {
    if (isSettingsAck(flags, streamId, payload)) return;
    this.#rates.count("settings");
    this.#settingsSeen = true;
    let window = this.#initialSendWindow;
    readSettings(payload, this.#server ? "client" : "server", (identifier, value) => {
      if (identifier === SETTING.initialWindowSize) window = value;
      else if (identifier === SETTING.maxConcurrentStreams) this.peerMaxStreams = value;
      else if (identifier === SETTING.maxFrameSize) this.#sender.setMaxFrameBytes(value);
    });
    this.#sender.settings([], true);
    // Once a frame: a frame may hold 2,700 changes, and each touches every stream. What it lets go follows the acknowledgement.
    if (window !== this.#initialSendWindow) this.#applyWindow(window);
  }

  /** Changes the window of every stream (section 6.9.2). */
  #applyWindow(window: number): void {
    const change = window - this.#initialSendWindow;
    this.#initialSendWindow = window;
    for (const stream of this.#streams.list()) {
      stream.sendWindow += change;
      if (stream.sendWindow > MAX_WINDOW) {
        throw connectionError(HTTP2_ERROR.FLOW_CONTROL_ERROR, "a window is above 2^31 - 1");
      }
      this.#sender.pump(stream);
    }
  }

  #onPing(flags: number, streamId: number, payload: Uint8Array): void {
    checkPing(streamId, payload);
    if (flags & FLAG.ack) return this.#handler.onPong(payload.slice());
    // A client that measures the bandwidth sends one PING for each batch of data that it got (grpc-go: thousands a second).
    if (!this.#sender.takeProgress()) this.#rates.count("pings");
    this.#sender.ping(payload, true);
  }

  #onGoaway(streamId: number, payload: Uint8Array): void {
    checkGoaway(streamId, payload);
    this.#handler.onGoaway(readUint31(payload, 0), readUint31(payload, 4));
  }

  #onWindowUpdate(streamId: number, payload: Uint8Array): void {
    this.#rates.count("windowUpdates");
    const more = windowIncrement(streamId, payload);
    if (streamId === 0) return this.#sender.grow(more);
    this.#streams.need(streamId, "WINDOW_UPDATE");
    const stream = this.#streams.get(streamId);
    if (stream === undefined) return;
    if (more === 0) return this.#streamError(stream, HTTP2_ERROR.PROTOCOL_ERROR, 0);
    stream.sendWindow += more;
    if (stream.sendWindow > MAX_WINDOW) {
      return this.#streamError(stream, HTTP2_ERROR.FLOW_CONTROL_ERROR, 0);
    }
    this.#sender.pump(stream);
  }

  /** Resets a stream by the peer's fault. `unread` octets of it are given back to the connection. */
  #streamError(stream: Http2Stream, code: number, unread: number): void {
    this.#rates.count("resets");
    this.#giveBack(unread);
    this.#sendReset(stream.id, code);
    this.#forget(stream, code);
  }

  /** Drops a stream whose two halves are closed. */
  #retire(stream: Http2Stream): void {
    if (!stream.localClosed || this.#streams.get(stream.id) === undefined) return;
    if (stream.remoteClosed) this.#forget(stream);
    else if (this.#server && !stream.answered) this.#outlive(stream);
  }

  /**
   * The response is whole before the request: nothing of it is wanted any more, but a small rest is let come. RFC 9113 section 8.1 allows
   * a reset at once; clients that are still sending (curl, for one) then lose the response.
   */
  #outlive(stream: Http2Stream): void {
    stream.answered = true;
    const oldest = this.#streams.keepAnswered(stream);
    this.#handler.onStreamClosed(stream.id);
    if (oldest !== undefined) this.reset(oldest.id, HTTP2_ERROR.NO_ERROR);
  }

  /** Drops a stream. `resetCode` says that the peer reset it, or made us do so: the handler hears that first. */
  #forget(stream: Http2Stream, resetCode?: number): void {
    this.#sender.drop(stream);
    this.#streams.delete(stream);
    if (stream.answered) return;
    if (resetCode !== undefined) this.#handler.onReset(stream.id, resetCode);
    this.#handler.onStreamClosed(stream.id);
  }

  #giveBack(bytes: number): void {
    if (bytes <= 0) return;
    this.#unreturned += bytes;
    if (this.#unreturned < this.#limits.connectionWindowBytes / 2) return;
    this.#sender.windowUpdate(0, this.#unreturned);
    this.#receiveWindow += this.#unreturned;
    this.#unreturned = 0;
  }

  #sendReset(streamId: number, code: number): void {
    this.#streams.rememberReset(streamId);
    this.#sender.rstStream(streamId, code);
  }

  openStream(headers: OutgoingHeaders, endStream: boolean): number {
    const streamId = this.#streams.nextOwn;
    if (
      this.#server || this.closed || this.#streams.size >= this.peerMaxStreams ||
      streamId > LAST_STREAM_ID
    ) {
      throw new SignetError(
        "http2.misuse",
        "Cannot open stream: the connection takes no more streams",
      );
    }
    this.#streams.nextOwn += 2;
    const stream = createStream(streamId, {
      send: this.#initialSendWindow,
      receive: this.#limits.streamWindowBytes,
    });
    this.#streams.add(stream);
    this.#sender.headers(stream, headers, endStream);
    return streamId;
  }

  sendHeaders(streamId: number, headers: OutgoingHeaders, endStream: boolean): void {
    this.#withStream(streamId, (stream) => {
      this.#sender.headers(stream, headers, endStream);
    });
  }

  sendData(streamId: number, bytes: Uint8Array): number {
    let queued = 0;
    this.#withStream(streamId, (stream) => {
      this.#sender.data(stream, bytes);
      queued = stream.queuedBytes;
    });
    return queued;
  }

  sendEnd(streamId: number, trailers?: OutgoingHeaders): void {
    this.#withStream(streamId, (stream) => this.#sender.end(stream, trailers));
  }

  /** Runs `send` when the stream still lives; a stream that went away meanwhile swallows what is sent. */
  #withStream(streamId: number, send: (stream: Http2Stream) => void): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.localClosed || this.closed) return;
    try {
      send(stream);
    } catch (thrown) {
      return this.#fail(thrown);
    }
    this.#retire(stream);
  }

  reset(streamId: number, code: number): void {
    const stream = this.#streams.get(streamId);
    if (stream === undefined || this.closed) return;
    this.#sendReset(streamId, code);
    this.#forget(stream);
  }

  consume(streamId: number, bytes: number): void {
    if (this.closed) return;
    this.#giveBack(bytes);
    const stream = this.#streams.get(streamId);
    if (stream === undefined || stream.remoteClosed || stream.answered) return;
    stream.unreturned += bytes;
    if (stream.unreturned < this.#limits.streamWindowBytes / 2) return;
    this.#sender.windowUpdate(streamId, stream.unreturned);
    stream.receiveWindow += stream.unreturned;
    stream.unreturned = 0;
  }

  ping(opaque: Uint8Array): void {
    this.#sender.ping(opaque, false);
  }

  goaway(code: number, options: { readonly graceful?: boolean } = {}): void {
    if (this.closed) return;
    const last = options.graceful ? LAST_STREAM_ID : this.#streams.lastPeer;
    this.#goawaySent = last;
    this.#sender.goaway(last, code, "");
  }
}
