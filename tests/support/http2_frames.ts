/** HTTP/2 frames written by hand, good and bad, and a connection that remembers what it was told. */
import {
  createHttp2Connection,
  DEFAULT_LIMITS,
  encodeHeaderBlock,
  type HeaderField,
  type Http2Connection,
  type Http2Handler,
  type Http2Limits,
} from "signet/http2/mod.ts";
import { concatBytes } from "signet/base/mod.ts";

/** The client's preface: the text of RFC 9113 section 3.4. */
export const PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
/** Frame types (RFC 9113 section 6). */
export const TYPE = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** One frame as it stood on the wire. */
export interface Frame {
  readonly type: number;
  readonly flags: number;
  readonly streamId: number;
  readonly payload: Uint8Array;
}

/** A frame; the length is that of the payload. */
export function frame(
  type: number,
  flags: number,
  streamId: number,
  payload: Uint8Array | readonly number[] = [],
): Uint8Array {
  const { length } = payload;
  const bytes = new Uint8Array(9 + length);
  bytes.set([length >>> 16, (length >>> 8) & 255, length & 255, type, flags]);
  bytes.set(uint32(streamId), 5);
  bytes.set(payload, 9);
  return bytes;
}

/** Four octets. */
export function uint32(value: number): number[] {
  return [(value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
}

/** SETTINGS with pairs of identifier and value. */
export function settings(...pairs: readonly (readonly [number, number])[]): Uint8Array {
  return frame(
    TYPE.settings,
    0,
    0,
    pairs.flatMap(([id, value]) => [id >> 8, id & 255, ...uint32(value)]),
  );
}

/** What a client sends first. */
export const CLIENT_START = concatBytes([PREFACE, settings()]);

/** The fields of a usual request. */
export const REQUEST_FIELDS: readonly HeaderField[] = [
  [":method", "POST"],
  [":scheme", "https"],
  [":path", "/x"],
  [":authority", "localhost"],
];

/** HEADERS with END_HEADERS. */
export function headers(
  streamId: number,
  fields: readonly HeaderField[] = REQUEST_FIELDS,
  endStream = false,
): Uint8Array {
  return frame(TYPE.headers, endStream ? 5 : 4, streamId, encodeHeaderBlock(fields));
}

/** DATA. */
export function data(
  streamId: number,
  bytes: Uint8Array | readonly number[],
  endStream = false,
): Uint8Array {
  return frame(TYPE.data, endStream ? 1 : 0, streamId, bytes);
}

/** The frames in `bytes`, which must end with one. */
export function framesOf(bytes: Uint8Array): Frame[] {
  const frames: Frame[] = [];
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const length = view.getUint32(0) >>> 8;
    const payload = bytes.slice(at + 9, at + 9 + length);
    if (payload.length < length) throw new TypeError("Cannot read frames: the last is cut off");
    frames.push({
      type: view.getUint8(3),
      flags: view.getUint8(4),
      streamId: view.getUint32(5) & 0x7fffffff,
      payload,
    });
    at += 9 + length;
  }
  return frames;
}

/** A connection, what it told its handler, and what it wants to send. */
export interface Recorded {
  readonly http2: Http2Connection;
  /** One line an event: `headers 1 end`, `data 1 5`, `reset 1 PROTOCOL_ERROR`... */
  readonly events: string[];
  /** The error that ended the connection. */
  error(): number | undefined;
  /** The frames that wait to be sent. */
  sent(): Frame[];
}

/** A server connection (a client one on demand) that writes down its events. Data is consumed unless `options.unread` says otherwise. */
export function record(
  options: {
    readonly role?: "server" | "client";
    readonly limits?: Partial<Http2Limits>;
    readonly unread?: boolean;
    readonly handler?: Partial<Http2Handler>;
  } = {},
): Recorded {
  const events: string[] = [];
  let error: number | undefined;
  const own = options.handler ?? {};
  const handler: Http2Handler = {
    onHeaders(id, block, end) {
      events.push(`headers ${id}${end ? " end" : ""}`);
      own.onHeaders?.(id, block, end);
    },
    onData(id, bytes, end) {
      events.push(`data ${id} ${bytes.length}${end ? " end" : ""}`);
      if (!options.unread) http2.consume(id, bytes.length);
      own.onData?.(id, bytes, end);
    },
    onTrailers(id, block) {
      events.push(`trailers ${id}`);
      own.onTrailers?.(id, block);
    },
    onReset(id, code) {
      events.push(`reset ${id} ${code}`);
      own.onReset?.(id, code);
    },
    onWritable: (id) => own.onWritable?.(id),
    onStreamClosed: (id) => own.onStreamClosed?.(id),
    onGoaway(last, code) {
      events.push(`goaway ${last} ${code}`);
      own.onGoaway?.(last, code);
    },
    onPong: (opaque) => own.onPong?.(opaque),
    onConnectionError(code, message) {
      error = code;
      own.onConnectionError?.(code, message);
    },
  };
  const http2: Http2Connection = createHttp2Connection({
    role: options.role ?? "server",
    limits: { ...DEFAULT_LIMITS, ...options.limits },
    handler,
  });
  return {
    http2,
    events,
    error: () => error,
    sent: () => framesOf(http2.takeOutput() ?? new Uint8Array(0)),
  };
}
