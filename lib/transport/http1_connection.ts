/**
 * One server connection of HTTP/1.1: its requests, one at a time, as streams of the same kind as HTTP/2's.
 *
 * A client that sends more than is read waits: what is unread is bounded, and nothing is taken from a socket while a request is answered
 * and another stands behind it, or while the client does not read its responses.
 */
import {
  type Clock,
  concatBytes,
  isSignetError,
  messageOf,
  type SignetError,
  utf8,
} from "../base/mod.ts";
import { Http1Reader } from "./http1_reader.ts";
import { Http1Stream, type Http1StreamHost } from "./http1_stream.ts";
import type { ConnectionView, ServerStream, StreamConnection } from "./port.ts";
import type { LiveConnection, Wire } from "./server_connection.ts";
import { streamLost } from "./server_stream.ts";

/** Time from the first octet of a request to the end of its header fields, in milliseconds; Go's servers of Kubernetes take as long. */
export const HEAD_TIMEOUT_MS = 30_000;
/** Octets of a body that may be unread before the client has to wait. */
const MAX_UNREAD_BYTES = 262_144;
/** A client that does not close its side after ours was closed gets this long. */
const CLOSE_GRACE_MS = 5_000;

const REASONS: Readonly<Record<string, string>> = {
  200: "OK",
  400: "Bad Request",
  404: "Not Found",
  408: "Request Timeout",
  415: "Unsupported Media Type",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
};

/** What a connection needs of its listener. */
export interface Http1ConnectionOptions<Peer> {
  /** Facts for handlers. */
  readonly facts: StreamConnection<Peer>;
  /** Silence between two requests after which the connection is closed, in milliseconds. */
  readonly maxIdleMs: number;
  /** Time. */
  readonly clock: Clock;
  /** Takes a request. */
  readonly onStream: (stream: ServerStream<Peer>) => void;
  /** The client broke the protocol. */
  readonly onError: (code: string, message: string) => void;
}

/** One connection with the request that it is at. */
export class Http1Connection<Peer> implements LiveConnection<Peer> {
  readonly #wire: Wire;
  readonly #options: Http1ConnectionOptions<Peer>;
  readonly #reader: Http1Reader;
  readonly #openedMs: number;
  /** Since when it is idle, or since when header fields are coming. */
  #sinceMs: number;
  #stream: Http1Stream<Peer> | undefined;
  /** The request that is being answered has come whole. */
  #isWhole = true;
  #keepsAlive = true;
  /** The client does not read what it is sent. */
  #isFull = false;
  /** What was taken from the wire and has to wait. */
  #rest: Uint8Array | undefined;
  #endedMs: number | undefined;

  /** Begins with nothing read. */
  constructor(wire: Wire, options: Http1ConnectionOptions<Peer>) {
    this.#wire = wire;
    this.#options = options;
    this.#openedMs = this.#sinceMs = options.clock.monotonicMs();
    this.#reader = new Http1Reader({
      onHead: ({ headers, keepsAlive, expectsContinue }) => {
        this.#isWhole = false;
        this.#keepsAlive &&= keepsAlive;
        this.#stream = new Http1Stream(headers, this.#hostOf(expectsContinue));
        options.onStream(this.#stream);
      },
      onBody: (bytes) => this.#stream?.receive(bytes),
      onEnd: () => {
        this.#isWhole = true;
        this.#stream?.finish();
      },
    });
  }

  /** What was made of the client when it came. */
  get peer(): Peer {
    return this.#options.facts.peer;
  }

  /** What people see of it. */
  view(nowMs: number): ConnectionView<Peer> {
    const { remoteAddress, peer } = this.#options.facts;
    const openStreams = this.#stream === undefined ? 0 : 1;
    return { remoteAddress, peer, ageMs: nowMs - this.#openedMs, openStreams };
  }

  /** Takes a chunk of the wire. */
  receive(chunk: Uint8Array): void {
    // After the end octets are read and thrown away, so that the client sees the response and not a reset.
    if (this.#endedMs !== undefined) return;
    if (this.#isWaiting || this.#rest !== undefined) {
      this.#rest = this.#rest === undefined ? chunk.slice() : concatBytes([this.#rest, chunk]);
      return this.#wire.setReading(false);
    }
    this.#read(chunk);
  }

  /** A request has come whole and its response has not ended, or the client has not read the responses before. */
  get #isWaiting(): boolean {
    return this.#isFull || this.#stream !== undefined && this.#isWhole;
  }

  #write(bytes: Uint8Array): boolean {
    const isTaken = this.#wire.write(bytes);
    if (!isTaken) this.#isFull = true;
    return isTaken;
  }

  #read(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length && this.#endedMs === undefined) {
      if (this.#isWaiting) {
        this.#rest = chunk.slice(at);
        return this.#wire.setReading(false);
      }
      if (this.#reader.isIdle) this.#sinceMs = this.#options.clock.monotonicMs();
      try {
        at += this.#reader.read(chunk.subarray(at));
      } catch (thrown) {
        if (!isSignetError(thrown, "transport.bad_request")) throw thrown;
        return this.#refuse(thrown);
      }
    }
    this.#pace();
  }

  /** Says why, where nothing was said yet, and ends. */
  #refuse(fault: SignetError): void {
    this.#options.onError("BAD_REQUEST", fault.message);
    const stream = this.#stream;
    if (stream === undefined || !stream.hasBegun) {
      this.#sayAndEnd(Number(fault.fields["status"]), fault.message);
    } else this.#end();
    stream?.fail(streamLost("the request broke the protocol"));
  }

  #sayAndEnd(status: number, message: string): void {
    const body = utf8(`${message}\n`);
    const fields: readonly (readonly [string, string])[] = [
      ["content-type", "text/plain; charset=utf-8"],
      ["content-length", String(body.length)],
    ];
    this.#wire.write(concatBytes([headOf(String(status), fields, false), body]));
    this.#end();
  }

  #hostOf(expectsContinue: boolean): Http1StreamHost<Peer> {
    let continues = expectsContinue;
    return {
      facts: this.#options.facts,
      asked: () => {
        if (continues) this.#write(utf8("HTTP/1.1 100 Continue\r\n\r\n"));
        continues = false;
      },
      pace: () => this.#pace(),
      head: (status, fields, hasLength) => {
        continues = false;
        // Without a length the end of the connection is the end of the response.
        if (!hasLength || !this.#isWhole) this.#keepsAlive = false;
        return this.#write(headOf(status, fields, this.#keepsAlive));
      },
      write: (bytes) => this.#write(bytes),
      isEnded: () => this.#responded(),
      destroy: () => this.#wire.destroy(),
    };
  }

  #responded(): void {
    this.#stream = undefined;
    if (!this.#keepsAlive || !this.#isWhole) return this.#end();
    this.#sinceMs = this.#options.clock.monotonicMs();
    if (this.#rest === undefined) return this.#pace();
    // Not at once: a client that sends a thousand requests in one chunk must not make a thousand calls deep.
    queueMicrotask(() => this.#goOn());
  }

  /** Reads what has waited, then the wire. A bug in a handler must end one connection, not the process. */
  #goOn(): void {
    if (this.#endedMs !== undefined || this.#isWaiting) return;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest === undefined) return this.#pace();
    try {
      this.#read(rest);
    } catch (thrown) {
      this.#options.onError("INTERNAL", messageOf(thrown));
      this.#wire.destroy();
    }
  }

  #pace(): void {
    if (this.#endedMs !== undefined || this.#isWaiting) return;
    this.#wire.setReading((this.#stream?.unreadBytes ?? 0) <= MAX_UNREAD_BYTES);
  }

  /** The wire takes bytes again. */
  drained(): void {
    this.#isFull = false;
    this.#stream?.writable();
    this.#goOn();
  }

  /** The wire is gone: the request that it is at is lost. */
  lost(): void {
    this.#endedMs ??= this.#options.clock.monotonicMs();
    this.#stream?.fail(streamLost("the connection was lost"));
    this.#stream = undefined;
    this.#rest = undefined;
  }

  #end(): void {
    if (this.#endedMs !== undefined) return;
    this.#endedMs = this.#options.clock.monotonicMs();
    this.#rest = undefined;
    this.#wire.setReading(true);
    this.#wire.end();
  }

  /** Ends with the response that is under way, or now. */
  goaway(_graceMs: number): void {
    this.#keepsAlive = false;
    if (this.#stream === undefined) this.#end();
  }

  /** The same: a client of HTTP/1.1 is told by the end alone. */
  dismiss(): void {
    this.goaway(0);
  }

  /** A look at the clock: silence, header fields that do not end, a client that never closes. */
  tick(nowMs: number): void {
    if (this.#endedMs !== undefined) {
      if (nowMs - this.#endedMs >= CLOSE_GRACE_MS) this.#wire.destroy();
    } else if (this.#stream === undefined) {
      const sinceMs = nowMs - this.#sinceMs;
      if (this.#reader.isIdle) {
        if (sinceMs >= this.#options.maxIdleMs) this.#end();
      } else if (sinceMs >= HEAD_TIMEOUT_MS) {
        this.#sayAndEnd(408, `Cannot read request: no header fields within ${HEAD_TIMEOUT_MS} ms`);
      }
    }
  }
}

function headOf(
  status: string,
  fields: Iterable<readonly [string, string]>,
  keepsAlive: boolean,
): Uint8Array {
  const lines = [...fields].map(([name, value]) => `${name}: ${value}\r\n`);
  const closes = keepsAlive ? "" : "connection: close\r\n";
  return utf8(`HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n${lines.join("")}${closes}\r\n`);
}
