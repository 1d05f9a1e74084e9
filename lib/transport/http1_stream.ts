/** One request of HTTP/1.1 and its response, as a stream of the same kind as HTTP/2's. */
import { SignetError } from "../base/mod.ts";
import type { HeaderBlock, OutgoingHeaders } from "../http2/mod.ts";
import type { ServerStream, StreamConnection } from "./port.ts";
import { streamLost } from "./server_stream.ts";
import { Unread } from "./unread.ts";

/** What a stream needs of its connection. */
export interface Http1StreamHost<Peer> {
  /** Facts for the handler. */
  readonly facts: StreamConnection<Peer>;
  /** The body is wanted. */
  asked(): void;
  /** Octets were read: the client may send more. */
  pace(): void;
  /** Sends the status and the header fields. */
  head(status: string, fields: readonly (readonly [string, string])[], hasLength: boolean): boolean;
  /** Sends octets; false when the client does not read fast enough. */
  write(bytes: Uint8Array): boolean;
  /** The response is whole. */
  isEnded(): void;
  /** Ends the connection at once. */
  destroy(): void;
}

type Taker = (body: Uint8Array, rest: AsyncIterable<Uint8Array> | undefined) => void;

/** One request and its response. */
export class Http1Stream<Peer> implements ServerStream<Peer> {
  /** The fields of the request. */
  readonly headers: HeaderBlock;
  readonly #host: Http1StreamHost<Peer>;
  readonly #unread = new Unread();
  #isWhole = false;
  #hasBegun = false;
  #hasEnded = false;
  #failure: SignetError | undefined;
  #wakeReader: (() => void) | undefined;
  #wakeWriter: (() => void) | undefined;
  #collect: { readonly maxBytes: number; readonly take: Taker } | undefined;
  #abort: AbortController | undefined;

  /** Begins with the request's fields. */
  constructor(headers: HeaderBlock, host: Http1StreamHost<Peer>) {
    this.headers = headers;
    this.#host = host;
  }

  /** Facts of the connection. */
  get connection(): StreamConnection<Peer> {
    return this.#host.facts;
  }

  /** True once the response has begun. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Octets that nobody has read. */
  get unreadBytes(): number {
    return this.#unread.bytes;
  }

  /** True when nobody will see a response, or no more of the request comes. */
  get isLost(): boolean {
    return this.#failure !== undefined;
  }

  /** Aborted when the stream is lost; made when somebody asks. */
  get signal(): AbortSignal {
    if (this.#abort === undefined) {
      this.#abort = new AbortController();
      if (this.#failure !== undefined) this.#abort.abort(this.#failure);
    }
    return this.#abort.signal;
  }

  /** The octets of the request; reading them lets the client send more. */
  get body(): AsyncIterable<Uint8Array> {
    return this.#read();
  }

  async *#read(): AsyncGenerator<Uint8Array> {
    this.#host.asked();
    while (true) {
      const chunk = this.#unread.shift();
      if (chunk !== undefined) {
        this.#host.pace();
        yield chunk;
      } else if (this.#failure !== undefined) throw this.#failure;
      else if (this.#isWhole) return;
      else {
        await new Promise<void>((resolve) => {
          this.#wakeReader = resolve;
        });
      }
    }
  }

  /** Gives the body to `take`, whole up to `maxBytes`, else what has come and the rest. */
  collect(maxBytes: number, take: Taker): void {
    this.#collect = { maxBytes, take };
    if (this.#isWhole || this.#failure !== undefined) this.#giveCollected(undefined);
    else this.#host.asked();
  }

  #giveCollected(last: Uint8Array | undefined): void {
    const collect = this.#collect;
    if (collect === undefined) return;
    this.#collect = undefined;
    const body = this.#unread.takeAll(last);
    collect.take(body, this.#isWhole ? undefined : this.body);
  }

  /** The client sent octets; `view` is valid during the call. */
  receive(view: Uint8Array): void {
    // What comes after the response is of no use to anybody.
    if (this.#hasEnded) return;
    const collect = this.#collect;
    if (collect !== undefined && this.#unread.bytes + view.length > collect.maxBytes) {
      return this.#giveCollected(view);
    }
    this.#unread.push(view);
    this.#wakeReader?.();
  }

  /** The request is whole. */
  finish(): void {
    this.#isWhole = true;
    this.#giveCollected(undefined);
    this.#wakeReader?.();
  }

  /** The stream is gone before its end. */
  fail(error: SignetError): void {
    if (this.#failure !== undefined) return;
    this.#failure = error;
    this.#hasEnded = true;
    this.#collect = undefined;
    this.#unread.clear();
    this.#abort?.abort(error);
    this.#wakeReader?.();
    this.#wakeWriter?.();
  }

  /** What waited has been sent. */
  writable(): void {
    this.#wakeWriter?.();
  }

  /** Sends status and header fields. @throws {SignetError} `http2.misuse` for fields that were encoded before. */
  respond(headers: OutgoingHeaders, endStream: boolean): void {
    if (this.#hasBegun || this.#hasEnded) return;
    this.#hasBegun = true;
    if ("block" in headers) {
      throw new SignetError("http2.misuse", "Cannot respond: HTTP/1.1 has no encoded fields");
    }
    const fields = [...headers];
    const status = fields.find(([name]) => name === ":status")?.[1] ?? "500";
    const regular = fields.filter(([name]) => !name.startsWith(":"));
    const hasLength = regular.some(([name]) => name === "content-length");
    if (endStream && !hasLength) regular.push(["content-length", "0"]);
    this.#host.head(status, regular, hasLength || endStream);
    if (endStream) this.end();
  }

  /** Sends octets; what is returned resolves when the writer may go on. */
  write(bytes: Uint8Array): Promise<void> | undefined {
    if (this.#hasEnded || this.#host.write(bytes)) return undefined;
    return new Promise((resolve) => {
      this.#wakeWriter = resolve;
    });
  }

  /** Ends the response; trailers are not sent. */
  end(_trailers?: OutgoingHeaders): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    if (!this.#isWhole) this.#failure ??= streamLost("it was answered before its request ended");
    this.#unread.clear();
    this.#wakeReader?.();
    this.#host.isEnded();
  }

  /** Ends the connection at once, unless the response has ended. */
  reset(_code: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#host.destroy();
  }
}
