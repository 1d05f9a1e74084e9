/**
 * One server connection: the state machine between a wire and its streams. Bytes go out in one write for each chunk that came in, and for
 * each turn in which handlers answered.
 */
import type { Clock } from "../base/mod.ts";
import {
  createHttp2Connection,
  errorCodeName,
  HTTP2_ERROR,
  type Http2Connection,
  type Http2Limits,
} from "../http2/mod.ts";
import type { ConnectionView, KeepaliveOptions, ServerStream, StreamConnection } from "./port.ts";
import { LiveServerStream, type StreamHost, streamLost } from "./server_stream.ts";

/** After asking a client to go away for its age, streams get this long. */
export const AGE_GRACE_MS = 10_000;
/** A peer that does not close its side after ours was closed gets this long, then the socket is gone. */
const CLOSE_GRACE_MS = 5_000;
/** A graceful GOAWAY is followed by the final one after this long, when no ping answer came before. */
const GOAWAY_SETTLE_MS = 1_000;

/** A socket, as far as a connection needs it. */
export interface Wire {
  /** Writes bytes; false when the peer does not read fast enough. */
  write(bytes: Uint8Array): boolean;
  /** Stops and starts reading. */
  setReading(reading: boolean): void;
  /** Closes after what was written. */
  end(): void;
  /** Closes at once. */
  destroy(): void;
}

/** A connection as its listener sees it, whichever HTTP it speaks. */
export interface LiveConnection<Peer> {
  /** What was made of the client when it came. */
  readonly peer: Peer;
  /** What people see of it. */
  view(nowMs: number): ConnectionView<Peer>;
  /** Takes a chunk of the wire. */
  receive(chunk: Uint8Array): void;
  /** The wire takes bytes again. */
  drained(): void;
  /** The wire is gone: every stream is lost. */
  lost(): void;
  /** Asks the client to go away; streams under way go on for `graceMs`. */
  goaway(graceMs: number): void;
  /** Takes no further stream from now on. Those under way may end. */
  dismiss(): void;
  /** A look at the clock. */
  tick(nowMs: number): void;
}

/** What a connection needs of its listener. */
export interface ConnectionOptions<Peer> {
  /** Facts for handlers. */
  readonly facts: StreamConnection<Peer>;
  /** Bounds. */
  readonly limits: Http2Limits;
  /** Pings and ages. */
  readonly keepalive: KeepaliveOptions;
  /** Time. */
  readonly clock: Clock;
  /** Takes a request. */
  readonly onStream: (stream: ServerStream<Peer>) => void;
  /** The peer broke the protocol. */
  readonly onError: (code: string, message: string) => void;
}

/** One connection with its streams. */
export class ServerConnection<Peer> implements LiveConnection<Peer> {
  readonly #wire: Wire;
  readonly #options: ConnectionOptions<Peer>;
  readonly #http2: Http2Connection;
  readonly #streams = new Map<number, LiveServerStream<Peer>>();
  readonly #openedMs: number;
  #heardMs: number;
  /** Since when there is no stream. */
  #idleMs: number;
  #pingedMs: number | undefined;
  #goawayMs: number | undefined;
  #graceMs = AGE_GRACE_MS;
  #final = false;
  #flushing = false;
  #receiving = false;
  #ended = false;
  #endedMs = 0;

  /** Begins, and writes SETTINGS. */
  constructor(wire: Wire, options: ConnectionOptions<Peer>) {
    this.#wire = wire;
    this.#options = options;
    this.#openedMs = this.#heardMs = this.#idleMs = options.clock.monotonicMs();
    this.#http2 = createHttp2Connection({
      role: "server",
      limits: options.limits,
      handler: this.#handler(),
    });
    this.#write();
  }

  /** Streams under way. */
  get openStreams(): number {
    return this.#streams.size;
  }

  /** What was made of the client when it came. */
  get peer(): Peer {
    return this.#options.facts.peer;
  }

  /** What people see of it. */
  view(nowMs: number): ConnectionView<Peer> {
    const { remoteAddress, peer } = this.#options.facts;
    return { remoteAddress, peer, ageMs: nowMs - this.#openedMs, openStreams: this.#streams.size };
  }

  #handler() {
    const machine = () => this.#http2;
    const host: StreamHost<Peer> = {
      get http2() {
        return machine();
      },
      facts: this.#options.facts,
      flush: () => this.#flush(),
    };
    const streams = this.#streams;
    const nothing = () => {};
    return {
      onHeaders: (id: number, headers: LiveServerStream<Peer>["headers"], ended: boolean) => {
        const stream = new LiveServerStream(id, { headers, ended }, host);
        streams.set(id, stream);
        this.#options.onStream(stream);
      },
      onData: (id: number, bytes: Uint8Array, ended: boolean) =>
        streams.get(id)?.receive(bytes, ended),
      onTrailers: (id: number) => streams.get(id)?.finish(),
      onReset: (id: number, code: number) =>
        this.#lose(id, `it was reset with ${errorCodeName(code)}`),
      onWritable: (id: number) => streams.get(id)?.writable(),
      onStreamClosed: (id: number) => {
        const stream = streams.get(id);
        streams.delete(id);
        if (streams.size === 0) this.#idleMs = this.#options.clock.monotonicMs();
        stream?.release();
      },
      onGoaway: nothing,
      onPong: () => {
        this.#pingedMs = undefined;
        if (this.#goawayMs !== undefined) this.#finishGoaway();
      },
      onConnectionError: (code: number, message: string) => {
        this.#options.onError(errorCodeName(code), message);
        this.#close("the connection broke the protocol");
      },
    };
  }

  #lose(id: number, what: string): void {
    const stream = this.#streams.get(id);
    this.#streams.delete(id);
    if (this.#streams.size === 0) this.#idleMs = this.#options.clock.monotonicMs();
    stream?.fail(streamLost(what));
  }

  /** Takes a chunk of the wire. */
  receive(chunk: Uint8Array): void {
    if (this.#ended) return;
    this.#heardMs = this.#options.clock.monotonicMs();
    this.#receiving = true;
    try {
      this.#http2.receive(chunk, this.#heardMs);
    } finally {
      this.#receiving = false;
      this.#write();
    }
  }

  /** Writes soon: at the end of the chunk that is being read, or of the turn. */
  #flush(): void {
    if (this.#receiving || this.#flushing) return;
    this.#flushing = true;
    queueMicrotask(() => {
      this.#flushing = false;
      this.#write();
    });
  }

  #write(): void {
    const bytes = this.#http2.takeOutput();
    if (bytes !== undefined && !this.#ended && !this.#wire.write(bytes)) {
      this.#wire.setReading(false);
    }
    if (this.#final && this.#streams.size === 0) this.#close("the server is going away");
  }

  /** The wire takes bytes again. */
  drained(): void {
    this.#wire.setReading(true);
  }

  /** The wire is gone: every stream is lost. */
  lost(): void {
    this.#ended = true;
    for (const id of [...this.#streams.keys()]) this.#lose(id, "the connection was lost");
  }

  #close(what: string): void {
    if (this.#ended) return;
    const bytes = this.#http2.takeOutput();
    if (bytes !== undefined) this.#wire.write(bytes);
    this.#ended = true;
    this.#endedMs = this.#options.clock.monotonicMs();
    this.#wire.end();
    for (const id of [...this.#streams.keys()]) this.#lose(id, what);
  }

  /** Asks the client to go away; streams under way go on for `graceMs`. */
  goaway(graceMs: number): void {
    if (this.#ended) return;
    this.#graceMs = this.#goawayMs === undefined ? graceMs : Math.max(graceMs, this.#graceMs);
    if (this.#goawayMs !== undefined) return;
    this.#goawayMs = this.#options.clock.monotonicMs();
    this.#http2.goaway(HTTP2_ERROR.NO_ERROR, { graceful: true });
    this.#http2.ping(new Uint8Array(8));
    this.#write();
  }

  /** Takes no further stream from now on: a client that is still good asks again on a new connection. Those under way may end. */
  dismiss(): void {
    this.#graceMs = AGE_GRACE_MS;
    this.#goawayMs ??= this.#options.clock.monotonicMs();
    this.#finishGoaway();
  }

  /** The client has heard: streams that it opens from now on are not taken. */
  #finishGoaway(): void {
    if (this.#final || this.#ended) return;
    this.#final = true;
    this.#http2.goaway(HTTP2_ERROR.NO_ERROR);
    this.#write();
  }

  /** A look at the clock: keepalive, age, the second GOAWAY, a peer that never closes. */
  tick(nowMs: number): void {
    const { intervalMs, timeoutMs, maxConnectionAgeMs, maxIdleMs = Infinity } =
      this.#options.keepalive;
    if (this.#ended) {
      if (nowMs - this.#endedMs >= CLOSE_GRACE_MS) this.#wire.destroy();
      return;
    }
    if (this.#goawayMs !== undefined) {
      if (nowMs - this.#goawayMs >= GOAWAY_SETTLE_MS) this.#finishGoaway();
      if (nowMs - this.#goawayMs >= this.#graceMs) return this.#close("the connection is too old");
    } else if (maxConnectionAgeMs !== undefined && nowMs - this.#openedMs >= maxConnectionAgeMs) {
      return this.goaway(AGE_GRACE_MS);
    } else if (this.#streams.size === 0 && nowMs - this.#idleMs >= maxIdleMs) {
      return this.goaway(AGE_GRACE_MS);
    }
    if (this.#pingedMs !== undefined && this.#heardMs > this.#pingedMs) this.#pingedMs = undefined;
    if (this.#pingedMs !== undefined) {
      if (nowMs - this.#pingedMs >= timeoutMs) this.#wire.destroy();
    } else if (nowMs - this.#heardMs >= intervalMs) {
      this.#pingedMs = nowMs;
      this.#http2.ping(new Uint8Array(8));
      this.#write();
    }
  }
}
