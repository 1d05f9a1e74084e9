/** One request of a server connection: its body with backpressure, its response, its end. */
import { SignetError } from "../base/mod.ts";
import type { HeaderBlock, Http2Connection, OutgoingHeaders } from "../http2/mod.ts";
import type { ServerStream, StreamConnection } from "./port.ts";
import { Unread } from "./unread.ts";

/** Octets of a response that may wait for the peer before a writer has to. */
const HIGH_WATER_BYTES = 65_536;

/** What a stream needs of its connection. */
export interface StreamHost<Peer> {
  /** The state machine. */
  readonly http2: Http2Connection;
  /** Facts for the handler. */
  readonly facts: StreamConnection<Peer>;
  /** Writes what is in the output soon. */
  flush(): void;
}

type Taker = (body: Uint8Array, rest: AsyncIterable<Uint8Array> | undefined) => void;

/** The stream behind the port, with the entry points of its connection. */
export class LiveServerStream<Peer> implements ServerStream<Peer> {
  /** The fields of the request. */
  readonly headers: HeaderBlock;
  readonly #id: number;
  readonly #host: StreamHost<Peer>;
  readonly #unread = new Unread();
  #ended: boolean;
  #failure: SignetError | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #collect: { readonly maxBytes: number; readonly take: Taker; bytes: number } | undefined;
  #abort: AbortController | undefined;

  /** Begins with the request's headers. */
  constructor(
    id: number,
    request: { readonly headers: HeaderBlock; readonly ended: boolean },
    host: StreamHost<Peer>,
  ) {
    this.#id = id;
    this.headers = request.headers;
    this.#ended = request.ended;
    this.#host = host;
  }

  /** Facts of the connection. */
  get connection(): StreamConnection<Peer> {
    return this.#host.facts;
  }

  /** True when the stream is lost or reset. */
  get isLost(): boolean {
    return this.#failure !== undefined;
  }

  /** Aborted when the stream is lost or reset; made when somebody asks. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#failure !== undefined) this.#abort.abort(this.#failure);
    }
    return this.#abort.signal;
  }

  /** The octets of the request; reading them lets the peer send more. */
  get body(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    while (true) {
      const chunk = this.#unread.shift();
      if (chunk !== undefined) {
        this.#consume(chunk.length);
        yield chunk;
        continue;
      }
      if (this.#failure !== undefined) throw this.#failure;
      if (this.#ended) return;
      await new Promise<void>((resolve) => {
        this.#wakeReader = resolve;
      });
    }
  }

  #consume(bytes: number): void {
    this.#host.http2.consume(this.#id, bytes);
    this.#host.flush();
  }

  /** Gives the body to `take`, whole up to `maxBytes`, else what has come and the rest. */
  collect(maxBytes: number, take: Taker): void {
    this.#collect = { maxBytes, take, bytes: 0 };
    if (this.#ended || this.#failure !== undefined) this.#giveCollected(undefined);
  }

  /** Hands over what was collected, once. `last` is the final chunk, still a view. */
  #giveCollected(last: Uint8Array | undefined): void {
    const collect = this.#collect;
    if (collect === undefined) return;
    this.#collect = undefined;
    const body = this.#unread.takeAll(last);
    this.#host.http2.consume(this.#id, body.length);
    collect.take(body, this.#ended ? undefined : this.body);
  }

  /** The peer sent octets; `view` is valid during the call. */
  receive(view: Uint8Array, ended: boolean): void {
    this.#ended = ended;
    const collect = this.#collect;
    if (collect !== undefined) {
      collect.bytes += view.length;
      if (ended || collect.bytes > collect.maxBytes) return this.#giveCollected(view);
    }
    this.#unread.push(view);
    this.#wakeReader?.();
  }

  /** The peer's half ended with trailers, which requests do not use. */
  finish(): void {
    this.#ended = true;
    this.#giveCollected(undefined);
    this.#wakeReader?.();
  }

  /** The stream is gone before its end. */
  fail(error: SignetError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#collect = undefined;
    this.#abort?.abort(error);
    this.release();
    this.#wakeWriter?.();
  }

  /** Nothing more comes: what nobody read is given back to the connection, whose window would shrink for ever otherwise. */
  release(): void {
    const unread = this.#unread.bytes;
    this.#unread.clear();
    if (!this.#ended) this.#failure ??= streamLost("it was answered before its request ended");
    if (unread > 0) this.#consume(unread);
    this.#wakeReader?.();
  }

  /** What waited has been sent. */
  writable(): void {
    this.#wakeWriter?.();
  }

  /** Sends the headers of the response. */
  respond(headers: OutgoingHeaders, endStream: boolean): void {
    this.#host.http2.sendHeaders(this.#id, headers, endStream);
    this.#host.flush();
  }

  /** Sends octets; what is returned resolves when the writer may go on. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    const waiting = this.#host.http2.sendData(this.#id, bytes);
    this.#host.flush();
    if (waiting <= HIGH_WATER_BYTES || this.#failure !== undefined) return undefined;
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  /** Ends the response. */
  end(trailers?: OutgoingHeaders): void {
    const none = trailers === undefined || (Array.isArray(trailers) && trailers.length === 0);
    this.#host.http2.sendEnd(this.#id, none ? undefined : trailers);
    this.#host.flush();
  }

  /** Ends the stream at once. */
  reset(code: number): void {
    this.#host.http2.reset(this.#id, code);
    this.#host.flush();
  }
}

/** The error of a stream that was reset or lost. */
export function streamLost(what: string): SignetError {
  return new SignetError("http2.stream_error", `Cannot go on with stream: ${what}`);
}
