/** The state machine as the transport sees it. */
import type { HeaderBlock } from "./headers.ts";
import type { Http2Limits } from "./limits.ts";
import type { OutgoingHeaders } from "./sender.ts";

/** What a connection tells. Called while bytes are received or sent. */
export interface Http2Handler {
  /** The headers of a request (server) or the final headers of a response (client). */
  onHeaders(streamId: number, headers: HeaderBlock, endStream: boolean): void;
  /** Octets of a body; `bytes` is a view that is valid during the call. They count as unread until `consume`. */
  onData(streamId: number, bytes: Uint8Array, endStream: boolean): void;
  /** Trailers, which end the peer's half. */
  onTrailers(streamId: number, headers: HeaderBlock): void;
  /** The stream was reset: by the peer, or by us for the peer's fault. */
  onReset(streamId: number, code: number): void;
  /** What waited in a stream has been sent. */
  onWritable(streamId: number): void;
  /** Nothing more happens on a stream. */
  onStreamClosed(streamId: number): void;
  /** The peer opens no more streams; those above `lastStreamId` were not processed. */
  onGoaway(lastStreamId: number, code: number): void;
  /** A PING of ours was answered. */
  onPong(opaque: Uint8Array): void;
  /** The peer broke the protocol or a bound; send the output, then close. */
  onConnectionError(code: number, message: string): void;
}

/** Options of a connection. */
export interface Http2ConnectionOptions {
  /** Which end this is. */
  readonly role: "server" | "client";
  /** Bounds of what the peer may make grow. */
  readonly limits: Http2Limits;
  /** Hears what happens. */
  readonly handler: Http2Handler;
}

/** One connection. Sending on a stream that is gone does nothing. */
export interface Http2Connection {
  /** True after a connection error: nothing is read or sent any more. */
  readonly closed: boolean;
  /** Streams that are not closed. */
  readonly openStreams: number;
  /** Streams that the peer allows us to open. */
  readonly peerMaxStreams: number;
  /** Octets of DATA that the peer's windows hold back. */
  readonly queuedBytes: number;
  /** Octets in the output. */
  readonly outputBytes: number;
  /** Takes bytes of the peer. `nowMs` is of any steady clock. */
  receive(chunk: Uint8Array, nowMs: number): void;
  /** Hands over everything that is to be written. */
  takeOutput(): Uint8Array | undefined;
  /** Opens a stream (client). @throws {SignetError} `http2.misuse` when no more streams are allowed. */
  openStream(headers: OutgoingHeaders, endStream: boolean): number;
  /** Sends headers of a response. */
  sendHeaders(streamId: number, headers: OutgoingHeaders, endStream: boolean): void;
  /** Sends octets of a body, which must not change afterwards; returns how many of the stream wait for its windows. */
  sendData(streamId: number, bytes: Uint8Array): number;
  /** Ends our half, with trailers or without, after what waits. */
  sendEnd(streamId: number, trailers?: OutgoingHeaders): void;
  /** Ends a stream at once. */
  reset(streamId: number, code: number): void;
  /** Says that octets of a body were used, so that the peer may send more. */
  consume(streamId: number, bytes: number): void;
  /** Sends a PING of eight octets. */
  ping(opaque: Uint8Array): void;
  /** Sends GOAWAY; a graceful one still takes streams that are under way. */
  goaway(code: number, options?: { readonly graceful?: boolean }): void;
}
