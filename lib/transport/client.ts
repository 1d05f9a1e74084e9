/**
 * An HTTP/2 client over TLS: calls and streams over one connection. For the command line and the agent, whose connections live long.
 */
import { connect, type TLSSocket } from "node:tls";
import { type Clock, concatBytes, messageOf, parseIpAddress, SignetError } from "../base/mod.ts";
import {
  createHttp2Connection,
  DEFAULT_LIMITS,
  errorCodeName,
  type HeaderBlock,
  HTTP2_ERROR,
  type Http2Connection,
  type OutgoingHeaders,
} from "../http2/mod.ts";
import type { Address } from "./port.ts";
import { streamLost } from "./server_stream.ts";
import { peerChain } from "./sockets.ts";

/** Options of {@linkcode connectHttp2}. */
export interface Http2ClientOptions {
  /** The server. */
  readonly addr: Address;
  /** Name that the server's certificate must hold; an address only when it is that of `addr`. */
  readonly serverName: string;
  /** Roots that the server is checked against, PEM; `undefined` checks nothing, for fetching what is checked by other means. */
  readonly rootsPem: string | undefined;
  /**
   * Looks at the server's certificates, leaf first, after the runtime found them good; throwing ends the connection before anything is
   * sent. Deno 2.7.14 trusts its own store beside `rootsPem`, so whoever means those roots alone checks the chain here.
   */
  readonly checkServer?: (chain: readonly Uint8Array[]) => Promise<void>;
  /** Our certificate and key, PEM; none for an anonymous client. */
  readonly identity: { readonly certChainPem: string; readonly keyPem: string } | undefined;
  /** Time. */
  readonly clock: Clock;
  /** Time for the connection to be made, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends the attempt to connect, and the connection once it is there. */
  readonly signal?: AbortSignal;
}

/** A whole response. */
export interface Http2ClientResponse {
  /** Its headers. */
  readonly headers: HeaderBlock;
  /** Its body. */
  readonly body: Uint8Array;
  /** Its trailers; `undefined` without any. */
  readonly trailers: HeaderBlock | undefined;
}

/** One connection. */
export interface Http2Client extends AsyncDisposable {
  /** Sends a request and waits for the whole response. @throws {SignetError} `http2.stream_error`, `transport.closed`. */
  request(
    headers: OutgoingHeaders,
    body: Uint8Array,
    options?: { readonly maxBytes?: number },
  ): Promise<Http2ClientResponse>;
}

/** Largest response body, unless a call says otherwise. */
const MAX_RESPONSE_BYTES = 4 << 20;
const VERDICT_REGEXP = /^(?:UNABLE_TO|SELF_SIGNED|DEPTH_ZERO|CERT)_[A-Z_]+$/;

/**
 * Opens a connection.
 *
 * @throws {SignetError} `transport.connect_failed`, `transport.timeout`.
 */
export async function connectHttp2(options: Http2ClientOptions): Promise<Http2Client> {
  const { signal } = options;
  signal?.throwIfAborted();
  const socket = await openSocket(options);
  try {
    await options.checkServer?.(peerChain(socket));
  } catch (thrown) {
    socket.destroy();
    throw thrown;
  }
  return new LiveClient(socket, options.clock);
}

/** Why a TLS connection could not be made, in words where the runtime has a code alone, and what to do where that is known. */
export function describeTlsFailure(thrown: unknown): string {
  const text = messageOf(thrown);
  // Deno 2.7.14 has the code as the message, later versions as a field.
  const code = thrown instanceof Error && "code" in thrown ? String(thrown.code) : text;
  if (VERDICT_REGEXP.test(text) || VERDICT_REGEXP.test(code)) {
    return `its certificate is not trusted by the roots that were given (${text}): another server answers there, or its root was replaced`;
  }
  if (text.includes("ECONNREFUSED")) return `${text}; is a server running there?`;
  if (text.includes("InvalidContentType")) {
    return `it does not speak TLS (${text}); is it that port?`;
  }
  return text;
}

function openSocket(
  { addr, serverName, rootsPem, identity, clock, timeoutMs, signal }: Http2ClientOptions,
): Promise<TLSSocket> {
  const where = `${addr.hostname}:${addr.port}`;
  return new Promise((resolve, reject) => {
    const socket = connect({
      host: addr.hostname,
      port: addr.port,
      // An address is no name for SNI: the certificate must then hold the address that is connected to.
      ...(parseIpAddress(serverName) === undefined && { servername: serverName }),
      ...(rootsPem === undefined ? { rejectUnauthorized: false } : { ca: rootsPem }),
      ALPNProtocols: ["h2"],
      ...(identity && { cert: identity.certChainPem, key: identity.keyPem }),
    });
    const onAbort = () => {
      timer.cancel();
      socket.destroy();
      reject(signal?.reason);
    };
    signal?.addEventListener("abort", onAbort, { once: true });
    socket.once("close", () => signal?.removeEventListener("abort", onAbort));
    const timer = clock.setTimer(timeoutMs, () => {
      socket.destroy();
      reject(
        new SignetError(
          "transport.timeout",
          `Cannot connect to ${where}: no answer in ${timeoutMs} ms`,
        ),
      );
    });
    socket.on("error", (cause: unknown) => {
      timer.cancel();
      reject(
        new SignetError(
          "transport.connect_failed",
          `Cannot connect to ${where} as ${serverName}: ${describeTlsFailure(cause)}`,
          { cause },
        ),
      );
    });
    socket.once("secureConnect", () => {
      timer.cancel();
      if (socket.alpnProtocol === "h2") return resolve(socket);
      socket.destroy();
      reject(
        new SignetError(
          "transport.connect_failed",
          `Cannot connect to ${where}: it does not speak HTTP/2`,
        ),
      );
    });
  });
}

interface Call {
  headers: HeaderBlock | undefined;
  trailers: HeaderBlock | undefined;
  readonly chunks: Uint8Array[];
  bytes: number;
  readonly maxBytes: number;
  readonly resolve: (response: Http2ClientResponse) => void;
  readonly reject: (error: SignetError) => void;
}

class LiveClient implements Http2Client {
  readonly #socket: TLSSocket;
  readonly #http2: Http2Connection;
  readonly #calls = new Map<number, Call>();
  /** Settles when the socket is closed, whoever closed it; the event comes once. */
  readonly #closed: Promise<void>;
  #goneBecause: string | undefined;

  constructor(socket: TLSSocket, clock: Clock) {
    this.#socket = socket;
    this.#http2 = createHttp2Connection({
      role: "client",
      limits: DEFAULT_LIMITS,
      handler: this.#handler(),
    });
    socket.setNoDelay(true);
    socket.on("data", (chunk: Uint8Array) => {
      this.#http2.receive(chunk, clock.monotonicMs());
      this.#write();
    });
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#closed = promise;
    const onClose = () => {
      this.#lose("the connection was closed");
      resolve();
    };
    // It may have been closed while the server's certificate was looked at.
    if (socket.closed) onClose();
    else socket.on("close", onClose);
    this.#write();
  }

  #handler() {
    const calls = this.#calls;
    return {
      onHeaders: (id: number, headers: HeaderBlock, ended: boolean) => {
        const call = calls.get(id);
        if (call === undefined) return;
        call.headers = headers;
        if (ended) this.#finish(id, call);
      },
      onData: (id: number, bytes: Uint8Array, ended: boolean) => this.#onData(id, bytes, ended),
      onTrailers: (id: number, trailers: HeaderBlock) => {
        const call = calls.get(id);
        if (call === undefined) return;
        call.trailers = trailers;
        this.#finish(id, call);
      },
      onReset: (id: number, code: number) => {
        calls.get(id)?.reject(streamLost(`it was reset with ${errorCodeName(code)}`));
        calls.delete(id);
      },
      onWritable: () => {},
      onStreamClosed: () => {},
      onGoaway: () => {
        this.#goneBecause ??= "the server is going away";
      },
      onPong: () => {},
      onConnectionError: (_code: number, message: string) => {
        this.#write();
        this.#lose(message);
      },
    };
  }

  #onData(id: number, bytes: Uint8Array, ended: boolean): void {
    this.#http2.consume(id, bytes.length);
    const call = this.#calls.get(id);
    if (call === undefined) return;
    call.bytes += bytes.length;
    if (call.bytes > call.maxBytes) {
      this.#http2.reset(id, HTTP2_ERROR.CANCEL);
      this.#calls.delete(id);
      return call.reject(streamLost(`the response has more than ${call.maxBytes} octets`));
    }
    call.chunks.push(bytes.slice());
    if (ended) this.#finish(id, call);
  }

  #finish(id: number, { headers, trailers, chunks, resolve, reject }: Call): void {
    this.#calls.delete(id);
    if (headers === undefined) reject(streamLost("it ended without headers"));
    else resolve({ headers, trailers, body: concatBytes(chunks) });
  }

  #lose(what: string): void {
    this.#goneBecause ??= what;
    for (const call of this.#calls.values()) call.reject(streamLost(what));
    this.#calls.clear();
    this.#socket.destroy();
  }

  #write(): void {
    const bytes = this.#http2.takeOutput();
    if (bytes !== undefined && this.#socket.writable) this.#socket.write(bytes);
  }

  request(
    headers: OutgoingHeaders,
    body: Uint8Array,
    options: { readonly maxBytes?: number } = {},
  ): Promise<Http2ClientResponse> {
    return new Promise((resolve, reject) => {
      if (this.#goneBecause !== undefined) {
        return reject(
          new SignetError("transport.closed", `Cannot send request: ${this.#goneBecause}`),
        );
      }
      const id = this.#http2.openStream(headers, false);
      const maxBytes = options.maxBytes ?? MAX_RESPONSE_BYTES;
      this.#calls.set(id, {
        headers: undefined,
        trailers: undefined,
        chunks: [],
        bytes: 0,
        maxBytes,
        resolve,
        reject,
      });
      this.#http2.sendData(id, body);
      this.#http2.sendEnd(id);
      this.#write();
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#http2.goaway(HTTP2_ERROR.NO_ERROR);
    this.#write();
    this.#socket.end();
    this.#socket.destroySoon();
    await this.#closed;
  }
}
