/**
 * HTTP/2, and HTTP/1.1 where it is wanted, on TCP and TLS sockets, by node:net and node:tls (docs/adr/0001: never node:http2).
 *
 * Every socket has its error handler before anything else, no byte of a client is read before it was judged, and one timer of the listener
 * looks at every connection.
 */
import { createServer as createTcpServer, type Server, type Socket } from "node:net";
import {
  createServer as createTlsServer,
  type Server as TlsServer,
  type TLSSocket,
} from "node:tls";
import { sleep } from "../base/mod.ts";
import { DEFAULT_LIMITS } from "../http2/mod.ts";
import { EVENT, METRIC } from "../telemetry/mod.ts";
import { setReading } from "./backpressure.ts";
import { Handshakes } from "./handshakes.ts";
import { AddressPlaces } from "./places.ts";
import type { ConnectionView, Http2Listener, Http2ListenOptions, PeerEvidence } from "./port.ts";
import { Http1Connection } from "./http1_connection.ts";
import {
  AGE_GRACE_MS,
  type LiveConnection,
  ServerConnection,
  type Wire,
} from "./server_connection.ts";
import { bindServer, boundAddress, closeServer, evidenceOf, remoteAddress } from "./sockets.ts";

/** Time between two looks at every connection. */
const TICK_MS = 1_000;
/** Time from TCP accept to the end of the TLS handshake. */
export const HANDSHAKE_TIMEOUT_MS = 10_000;
/** Connections of one listener; more are closed at once. An idle one costs about 50 kB. */
export const MAX_CONNECTIONS = 60_000;
/** Octets that wait in a socket for a peer that does not read; more ends the connection. */
const MAX_SOCKET_BYTES = 32 << 20;

/**
 * Binds an HTTP/2 port.
 *
 * @throws {SignetError} `transport.bind_failed`; `tls.bad_options` when certificate and key cannot be used.
 */
export async function listenHttp2<Peer>(
  options: Http2ListenOptions<Peer>,
): Promise<Http2Listener<Peer>> {
  const { addr, tls, flag } = options;
  const port = new Port(options);
  const server = tls === undefined
    ? createTcpServer({ noDelay: true }, (socket) => port.accept(socket))
    : createTlsServer({ ...tls }, (socket) => port.acceptTls(socket));
  if (tls !== undefined) server.on("connection", (socket) => port.beginTls(socket));
  server.on("tlsClientError", (_: unknown, socket: Socket) => port.failTls(socket));
  await bindServer(server, addr, flag);
  server.on(
    "error",
    (thrown: unknown) =>
      options.logger.error(
        EVENT.connectionFailed,
        "The listener failed",
        { addr: addr.hostname },
        thrown,
      ),
  );
  port.begin();
  return {
    addr: boundAddress(server),
    connections: (max) => port.views(max),
    setSecureContext: (context) => (server as TlsServer).setSecureContext(context),
    judgeAgain: () => port.judgeAgain(),
    drain: (deadlineMs) => port.drain(server, deadlineMs),
    async [Symbol.asyncDispose]() {
      const closed = closeServer(server);
      port.destroy();
      await closed;
    },
  };
}

/** The connections of one listener. */
class Port<Peer> {
  readonly #options: Http2ListenOptions<Peer>;
  readonly #connections = new Set<LiveConnection<Peer>>();
  readonly #sockets = new Set<Socket>();
  readonly #handshakes: Handshakes;
  readonly #places: AddressPlaces;
  readonly #handshakesFailed;
  readonly #handshakeSeconds;
  readonly #accepted;
  readonly #open;
  #timer: Disposable | undefined;
  #ended = false;

  constructor(options: Http2ListenOptions<Peer>) {
    this.#options = options;
    this.#handshakes = new Handshakes(options.handshakeTimeoutMs ?? HANDSHAKE_TIMEOUT_MS);
    this.#places = new AddressPlaces(options.perAddress?.max ?? Infinity);
    this.#handshakesFailed = options.metrics.counter(METRIC.handshakesFailed);
    this.#handshakeSeconds = options.metrics.histogram(METRIC.handshakeSeconds);
    const labels = { port: options.flag };
    this.#accepted = options.metrics.counter(METRIC.connectionsAccepted, labels);
    this.#open = options.metrics.gauge(METRIC.connectionsOpen, labels);
  }

  begin(): void {
    this.#timer = this.#options.clock.setTimer(TICK_MS, () => {
      if (this.#ended) return;
      const nowMs = this.#options.clock.monotonicMs();
      this.judgeAgain();
      for (const connection of [...this.#connections]) connection.tick(nowMs);
      const late = this.#handshakes.expire(nowMs);
      if (late > 0) this.#handshakesFailed.inc(late);
      this.begin();
    });
  }

  judgeAgain(): void {
    const { standing } = this.#options;
    if (standing === undefined) return;
    for (const connection of [...this.#connections]) {
      const now = standing(connection.peer);
      if (now === "over") connection.goaway(AGE_GRACE_MS);
      else if (now === "withdrawn") connection.dismiss();
    }
  }

  views(max: number): readonly ConnectionView<Peer>[] {
    const nowMs = this.#options.clock.monotonicMs();
    return Iterator.from(this.#connections).take(max).map((each) => each.view(nowMs)).toArray();
  }

  /** A TCP connection before its handshake: it counts, and it may not take for ever. */
  beginTls(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (!this.#hasPlace(socket)) return void socket.destroy();
    this.#handshakes.begin(socket, this.#options.clock.monotonicMs());
  }

  /** A handshake failed. The TCP socket stays in `#handshakes` until it is closed: some runtimes leave it open. */
  failTls(socket: Socket): void {
    this.#handshakesFailed.inc();
    socket.destroy();
  }

  acceptTls(socket: TLSSocket): void {
    socket.on("error", () => socket.destroy());
    const tookMs = this.#handshakes.succeeded(socket, this.#options.clock.monotonicMs());
    if (tookMs !== undefined) this.#handshakeSeconds.observe(tookMs / 1000);
    this.#guard(socket);
    if (this.#ended) return void socket.destroy();
    const { http1 = false, tls } = this.#options;
    if (socket.alpnProtocol !== "h2" && !http1) return void socket.destroy();
    const evidence = tls?.requestCert ? evidenceOf(socket) : withoutCertificate(socket);
    this.#judge(socket, evidence);
  }

  accept(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    if (!this.#hasPlace(socket)) return void socket.destroy();
    this.#guard(socket);
    this.#judge(socket, withoutCertificate(socket));
  }

  #guard(socket: Socket): void {
    this.#accepted.inc();
    socket.setNoDelay(true);
    this.#sockets.add(socket);
    this.#open.set(this.#sockets.size);
    socket.on("close", () => {
      this.#sockets.delete(socket);
      this.#open.set(this.#sockets.size);
    });
  }

  /** Takes a place for a TCP connection until it is closed; whoever gets none is counted and told in the log. */
  #hasPlace(socket: Socket): boolean {
    if (this.#ended) return false;
    const { maxConnections = MAX_CONNECTIONS, perAddress } = this.#options;
    if (this.#sockets.size + this.#handshakes.size >= maxConnections) {
      return this.#refuse("all", maxConnections, socket);
    }
    if (perAddress === undefined) return true;
    return this.#places.take(perAddress.keyOf(remoteAddress(socket)), socket) ||
      this.#refuse("address", perAddress.max, socket);
  }

  #refuse(bound: "all" | "address", max: number, socket: Socket): false {
    const { metrics, logger, flag } = this.#options;
    metrics.counter(METRIC.connectionsRefused, { port: flag, bound }).inc();
    logger.scoped("grpc").warn(EVENT.connectionRefused, "Refused a connection", {
      peer: remoteAddress(socket),
      bound,
      max,
    });
    return false;
  }

  /** Lets the client in, now or when the verdict is there; a refused one is cut off. */
  #judge(socket: Socket, evidence: PeerEvidence): void {
    let verdict: Promise<Peer> | Peer;
    try {
      verdict = this.#options.authorizePeer(evidence);
    } catch {
      return void socket.destroy();
    }
    if (!(verdict instanceof Promise)) {
      return this.#connect(socket, { remoteAddress: evidence.remoteAddress, peer: verdict });
    }
    // The reason of a refusal was logged by whoever refused.
    verdict.then(
      (peer) =>
        socket.destroyed || this.#connect(socket, { remoteAddress: evidence.remoteAddress, peer }),
      () => socket.destroy(),
    );
  }

  #connect(socket: Socket, facts: { readonly remoteAddress: string; readonly peer: Peer }): void {
    const connection = this.#connectionOf(socket, facts);
    this.#connections.add(connection);
    socket.on("data", (chunk: Uint8Array) => this.#receive(connection, socket, chunk));
    socket.on("drain", () => connection.drained());
    socket.on("end", () => socket.end());
    socket.on("close", () => {
      this.#connections.delete(connection);
      connection.lost();
    });
  }

  #connectionOf(
    socket: Socket,
    facts: { readonly remoteAddress: string; readonly peer: Peer },
  ): LiveConnection<Peer> {
    const { clock, keepalive, limits, onStream, logger, metrics, tls, http1 } = this.#options;
    const onError = (code: string, reason: string) => {
      metrics.counter(METRIC.connectionErrors, { code }).inc();
      logger.scoped("grpc").info(EVENT.connectionFailed, "Ended a connection", {
        peer: facts.remoteAddress,
        code,
        reason,
      });
    };
    const options = { facts, clock, onStream, onError };
    const wire = wireOf(socket);
    if (http1 && tls !== undefined && (socket as TLSSocket).alpnProtocol !== "h2") {
      const { maxIdleMs = Infinity } = keepalive;
      return new Http1Connection<Peer>(wire, { ...options, maxIdleMs });
    }
    return new ServerConnection<Peer>(wire, {
      ...options,
      keepalive,
      limits: { ...DEFAULT_LIMITS, ...limits },
    });
  }

  /** A bug in a handler must end one connection, not the process. */
  #receive(connection: LiveConnection<Peer>, socket: Socket, chunk: Uint8Array): void {
    try {
      connection.receive(chunk);
    } catch (thrown) {
      this.#options.logger.error(EVENT.connectionFailed, "Failed on a connection", {}, thrown);
      socket.destroy();
    }
  }

  async drain(server: Server, deadlineMs: number): Promise<void> {
    const { clock } = this.#options;
    const closed = closeServer(server);
    const until = clock.monotonicMs() + deadlineMs;
    for (const connection of this.#connections) connection.goaway(Infinity);
    // Sockets that are still in their handshake have nothing in flight.
    while (this.#connections.size > 0 && clock.monotonicMs() < until) await sleep(clock, 10);
    this.destroy();
    await closed;
  }

  destroy(): void {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    for (const socket of this.#sockets) socket.destroy();
    this.#handshakes.destroy();
  }
}

/** A client that was not asked for a certificate. */
function withoutCertificate(socket: Socket): PeerEvidence {
  return {
    remoteAddress: remoteAddress(socket),
    leaf: undefined,
    chain: () => [],
    authorized: false,
    authorizationError: undefined,
  };
}

function wireOf(socket: Socket): Wire {
  return {
    write(bytes) {
      if (socket.destroyed || !socket.writable) return true;
      const taken = socket.write(bytes);
      if (socket.writableLength > MAX_SOCKET_BYTES) socket.destroy();
      return taken;
    },
    setReading: (reading) => setReading(socket, reading),
    end: () => void socket.end(),
    destroy: () => void socket.destroy(),
  };
}
