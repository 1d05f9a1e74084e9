/**
 * Questions over TCP and TLS: connections are kept and shared, many questions wait on each, replies come in any order (RFC 7766 section
 * 6.2). A connection that has gone between two questions is no failure of the server: they are asked again on a new one, once.
 */
import { connect as connectTcp, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { type Clock, messageOf, SignetError, type Timer } from "../../../base/mod.ts";
import { type Carrier, type RandomBytes, randomId } from "../carrier.ts";
import { type Exchange, fitOf } from "../exchange.ts";
import { createFrameReader } from "../frames.ts";
import type { Upstream } from "../upstream.ts";

/** Questions that wait on one connection: all connections together take more than may wait in all, so that none is refused for want of room. */
export const MAX_PIPELINED = 300;
/** Connections to one server. */
export const MAX_CONNECTIONS = 4;
/** How long a connection is kept without a question, in milliseconds: below what servers keep one for, 10 s and more. */
const IDLE_MS = 8_000;
/** Time for a connection to be made, in milliseconds. */
const CONNECT_MS = 4_000;

/** What a {@linkcode createStreamCarrier} needs of the world. */
export interface StreamHost {
  /** Time. */
  readonly clock: Clock;
  /** For IDs. */
  readonly randomBytes: RandomBytes;
  /** Roots of servers over TLS, PEM; `undefined` takes those of the platform. */
  readonly rootsPem: string | undefined;
}

/** Makes the {@linkcode Carrier} of a server that is spoken to by TCP, or by TLS when its transport says so. */
export function createStreamCarrier(upstream: Upstream, host: StreamHost): Carrier {
  return new StreamCarrier(upstream, host);
}

interface Waiting {
  readonly exchange: Exchange;
  readonly resolve: (message: Uint8Array) => void;
  readonly reject: (thrown: unknown) => void;
  /** Octets received on the connection when it was sent. */
  readonly receivedBefore: number;
}

class StreamCarrier implements Carrier {
  readonly #upstream: Upstream;
  readonly #host: StreamHost;
  readonly #connections = new Set<Connection>();
  #closed = false;

  constructor(upstream: Upstream, host: StreamHost) {
    this.#upstream = upstream;
    this.#host = host;
  }

  async ask(
    write: (id: number) => Exchange,
    { signal }: { readonly signal: AbortSignal },
  ): Promise<Uint8Array> {
    const connection = this.#pick();
    const wasUsed = connection.isUsed;
    try {
      return await connection.ask(write, signal);
    } catch (thrown) {
      if (signal.aborted || !wasUsed || this.#closed) throw thrown;
      return await this.#pick().ask(write, signal);
    }
  }

  /** The connection with the fewest questions; a new one when all are busy or there is none. */
  #pick(): Connection {
    let least: Connection | undefined;
    for (const connection of this.#connections) {
      if (connection.isGone) this.#connections.delete(connection);
      else if (least === undefined || connection.waiting < least.waiting) least = connection;
    }
    const isFree = least !== undefined && least.waiting < MAX_PIPELINED;
    if (least !== undefined && (isFree || this.#connections.size >= MAX_CONNECTIONS)) return least;
    const made = new Connection(this.#upstream, this.#host);
    this.#connections.add(made);
    return made;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#connections].map((connection) => connection.close()));
  }
}

class Connection {
  readonly #upstream: Upstream;
  readonly #randomBytes: RandomBytes;
  readonly #clock: Clock;
  readonly #socket: Socket;
  readonly #waiting = new Map<number, Waiting>();
  readonly #frames = createFrameReader();
  #received = 0;
  #timer: Timer | undefined;
  #goneBecause: SignetError | undefined;

  constructor(upstream: Upstream, host: StreamHost) {
    this.#upstream = upstream;
    this.#randomBytes = host.randomBytes;
    this.#clock = host.clock;
    const connected = () => this.#timer?.cancel();
    const socket = openSocket(upstream, { rootsPem: host.rootsPem, connected });
    this.#socket = socket;
    this.#timer = host.clock.setTimer(
      CONNECT_MS,
      () => this.#lose(`no connection in ${CONNECT_MS} ms`),
    );
    socket.setNoDelay(true);
    socket.on("error", (thrown: unknown) => this.#lose(messageOf(thrown), thrown));
    socket.on("close", () => this.#lose("the connection was closed"));
    socket.on("end", () => this.#lose("the connection was closed"));
    socket.on("data", (chunk: Uint8Array) => this.#receive(chunk));
  }

  get isGone(): boolean {
    return this.#goneBecause !== undefined;
  }

  /** A reply has come over it before. */
  get isUsed(): boolean {
    return this.#received > 0;
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  ask(write: (id: number) => Exchange, signal: AbortSignal): Promise<Uint8Array> {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason);
      if (this.#goneBecause !== undefined) return reject(this.#goneBecause);
      if (this.#waiting.size >= MAX_PIPELINED) {
        return reject(this.#failure(`${MAX_PIPELINED} questions wait on each connection`));
      }
      const id = this.#freeId();
      const exchange = write(id);
      const settle = () => {
        signal.removeEventListener("abort", onAbort);
        this.#waiting.delete(id);
        if (this.#waiting.size === 0 && this.#received > 0) this.#idle();
      };
      const onAbort = () => {
        const { receivedBefore } = waiting;
        settle();
        reject(signal.reason);
        // Silence since it was asked: the peer may be gone without a word, so that the next question takes a new connection.
        if (this.#received === receivedBefore) this.#lose("no reply");
      };
      const waiting: Waiting = {
        exchange,
        receivedBefore: this.#received,
        resolve: (message) => (settle(), resolve(message)),
        reject: (thrown) => (settle(), reject(thrown)),
      };
      signal.addEventListener("abort", onAbort);
      this.#waiting.set(id, waiting);
      if (this.#received > 0) this.#timer?.cancel();
      this.#socket.write(exchange.framed);
    });
  }

  async close(): Promise<void> {
    const closed = new Promise<void>((resolve) => {
      if (this.#socket.closed) resolve();
      else this.#socket.once("close", () => resolve());
    });
    this.#lose("signet stops");
    await closed;
  }

  #freeId(): number {
    for (;;) {
      const id = randomId(this.#randomBytes);
      if (!this.#waiting.has(id)) return id;
    }
  }

  #receive(chunk: Uint8Array): void {
    this.#received += chunk.length;
    for (const frame of this.#frames.read(chunk)) {
      const waiting = this.#waiting.get(frame.length < 2 ? -1 : frame[0]! << 8 | frame[1]!);
      // Over a stream the address of the server is certain: a question spelt otherwise is a habit, not an attack.
      if (waiting === undefined || fitOf(frame, waiting.exchange) === "foreign") continue;
      waiting.resolve(frame.slice());
    }
  }

  #idle(): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.setTimer(IDLE_MS, () => this.#lose("it was idle"));
  }

  #lose(what: string, cause?: unknown): void {
    if (this.#goneBecause !== undefined) return;
    this.#goneBecause = this.#failure(what, cause);
    for (const waiting of [...this.#waiting.values()]) waiting.reject(this.#goneBecause);
    this.#timer?.cancel();
    this.#socket.destroy();
  }

  #failure(what: string, cause?: unknown): SignetError {
    const message = `Cannot ask ${this.#upstream.label}: ${what}`;
    return new SignetError("dns.upstream_failed", message, { cause });
  }
}

function openSocket(
  { transport, hostname, port, serverName }: Upstream,
  { rootsPem, connected }: {
    readonly rootsPem: string | undefined;
    readonly connected: () => void;
  },
): Socket {
  if (transport !== "tls") return connectTcp({ host: hostname, port }, connected);
  return connectTls({
    host: hostname,
    port,
    // Without a name the certificate must hold the address.
    ...(serverName !== undefined && { servername: serverName }),
    ALPNProtocols: ["dot"],
    minVersion: "TLSv1.2",
    ...(rootsPem !== undefined && { ca: rootsPem }),
  }, connected);
}
