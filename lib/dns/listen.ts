/**
 * DNS over TLS on a socket (RFC 7858): accept, admit, hand bytes to connections, keep the bounds.
 *
 * A client certificate is asked for and judged as on the gRPC port; the namespace in it decides which short names a client has. A client
 * without one is admitted by its address or refused, with an answer or without a connection.
 */
import { createServer, type TLSSocket } from "node:tls";
import type { Socket } from "node:net";
import { type Clock, sleep } from "../base/mod.ts";
import { EVENT, METRIC } from "../telemetry/mod.ts";
import { type ClientCertificate, secureContext, serverTlsOptions } from "../tls/mod.ts";
import {
  bindServer,
  boundAddress,
  closeServer,
  evidenceOf,
  Handshakes,
  type PeerJudge,
  type PeerStanding,
} from "../transport/mod.ts";
import type { AddressList } from "./allow.ts";
import { admit } from "./admission.ts";
import { DnsConnection } from "./connection.ts";
import type { CloseReason, DnsConnectionHost, DnsWire, StopReason } from "./connection_host.ts";
import { type DnsLimits, idleTimeMs, keepaliveUnits } from "./limits.ts";
import type { DnsObserver } from "./observer.ts";
import { Outbox } from "./outbox.ts";
import type { Answerer } from "./port.ts";
import { QueuedTotal, relieve } from "./queued_total.ts";
import type { SaidAnswers } from "./said_answers.ts";
import type { ServerCert } from "../server_cert/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";

/** Time between two looks at every connection, in milliseconds. */
const TICK_MS = 250;

/** Settings of the listener. */
export interface DnsListenConfig {
  /** Where to listen. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** Lowest TLS version. */
  readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
  /** Addresses that may ask without a certificate. */
  readonly allow: AddressList;
  /** What others get: an answer that says REFUSED, or no connection. */
  readonly refuse: "answer" | "handshake";
  /** Bounds. */
  readonly limits: DnsLimits;
}

/** What the listener needs of the world. */
export interface DnsListenHost {
  /** Time. */
  readonly clock: Clock;
  /** The serving certificate and the roots of clients. */
  readonly cert: ServerCert;
  /** Judges client certificates. */
  readonly judge: PeerJudge;
  /** Judges a client with a certificate again while it stays. */
  readonly standing: (client: ClientCertificate) => PeerStanding;
  /** Answers. */
  readonly answer: Answerer;
  /** Answers that may be said again. */
  readonly said: SaidAnswers;
  /** Counts and logs. */
  readonly observer: DnsObserver;
  /** For failures. */
  readonly logger: Logger;
  /** For connection counters. */
  readonly metrics: Metrics;
}

/** A bound port. Disposing it closes every connection at once. */
export interface DnsListener extends AsyncDisposable {
  /** Where it listens, `host:port`. */
  readonly addr: string;
  /** Connections now, for the debug view. */
  readonly connections: number;
  /** Stops accepting, answers what is in flight until the deadline, closes. */
  drain(deadlineMs: number): Promise<void>;
}

/**
 * Binds the port and serves.
 *
 * @throws {SignetError} `transport.bind_failed`.
 */
export async function listenDot(
  config: DnsListenConfig,
  host: DnsListenHost,
): Promise<DnsListener> {
  const options = serverTlsOptions(host.cert.current, {
    alpn: ["dot"],
    minVersion: config.tlsMinVersion,
  });
  const port = new DnsPort(config, host);
  // A client may close its side after its last query and still wants the answers.
  const server = createServer({ ...options, allowHalfOpen: true }, (socket) => port.accept(socket));
  server.on("connection", (socket) => port.begin(socket));
  server.on("tlsClientError", (_: unknown, socket: Socket) => port.failed(socket));
  await bindServer(server, config.addr, "dnsAddr");
  server.on(
    "error",
    (thrown: unknown) =>
      host.logger.error(EVENT.connectionFailed, "The DNS listener failed", {}, thrown),
  );
  const swapped = host.cert.onChange((material) => {
    server.setSecureContext(secureContext(material));
    port.judgeAgain();
  });
  port.tick();
  return {
    addr: boundAddress(server),
    get connections() {
      return port.size;
    },
    async drain(deadlineMs) {
      const closed = closeServer(server);
      await port.drain(deadlineMs);
      await closed;
    },
    async [Symbol.asyncDispose]() {
      swapped[Symbol.dispose]();
      const closed = closeServer(server);
      port.destroy();
      await closed;
    },
  };
}

/** A connection of a client that was let in, and what it was let in for. */
interface Admitted {
  readonly connection: DnsConnection;
  readonly certificate: ClientCertificate | undefined;
}

class DnsPort {
  readonly #config: DnsListenConfig;
  readonly #host: DnsListenHost;
  readonly #sockets = new Map<Socket, Admitted | undefined>();
  readonly #perAddress = new Map<string, number>();
  readonly #handshakes: Handshakes;
  readonly #counted;
  readonly #queued: QueuedTotal;
  readonly #shared: DnsConnectionHost;
  #timer: Disposable | undefined;
  #ended = false;

  constructor(config: DnsListenConfig, host: DnsListenHost) {
    this.#config = config;
    this.#host = host;
    this.#handshakes = new Handshakes(config.limits.handshakeTimeoutMs);
    const { metrics } = host;
    this.#counted = {
      accepted: metrics.counter(METRIC.connectionsAccepted, { port: "dnsAddr" }),
      open: metrics.gauge(METRIC.connectionsOpen, { port: "dnsAddr" }),
      handshakesFailed: metrics.counter(METRIC.handshakesFailed),
      handshakeSeconds: metrics.histogram(METRIC.handshakeSeconds),
      closed: (reason: CloseReason | "full" | "full_client" | "handshake_time" | "not_admitted") =>
        metrics.counter(METRIC.dnsConnectionsClosed, { reason }).inc(),
      stopped: (reason: StopReason) => metrics.counter(METRIC.dnsReadsStopped, { reason }).inc(),
    };
    this.#queued = new QueuedTotal(config.limits.maxQueuedBytesInAll, () => this.#relieve());
    metrics.computedGauge(METRIC.dnsQueuedBytes, () => this.#queued.bytes);
    this.#shared = this.#makeShared();
  }

  #makeShared(): DnsConnectionHost {
    const { answer, said, observer, clock } = this.#host;
    const { limits } = this.#config;
    const idleMs = () => idleTimeMs(limits, this.#sockets.size);
    return {
      ...{ limits, idleMs, answer, said, observer },
      nowMs: () => clock.monotonicMs(),
      keepalive: () => keepaliveUnits(idleMs()),
      outbox: new Outbox(),
      queued: this.#queued,
      onStop: this.#counted.stopped,
      onClose: (reason, thrown) => {
        this.#counted.closed(reason);
        if (reason !== "failed") return;
        this.#host.logger.error(EVENT.connectionFailed, "Failed on a connection", {}, thrown);
      },
    };
  }

  get size(): number {
    return this.#sockets.size;
  }

  #relieve(): void {
    const connections = [...this.#sockets.values()].flatMap((admitted) =>
      admitted === undefined ? [] : [admitted.connection]
    );
    relieve(this.#queued, connections);
  }

  tick(): void {
    const { clock } = this.#host;
    this.#timer = clock.setTimer(TICK_MS, () => {
      if (this.#ended) return;
      const nowMs = clock.monotonicMs();
      this.judgeAgain();
      for (const admitted of [...this.#sockets.values()]) admitted?.connection.tick(nowMs);
      const late = this.#handshakes.expire(nowMs);
      for (let i = 0; i < late; i++) this.#counted.closed("handshake_time");
      if (late > 0) this.#counted.handshakesFailed.inc(late);
      this.tick();
    });
  }

  /** Takes no more from clients whose certificate counts no more, or whose time is over: a good one comes again. */
  judgeAgain(): void {
    for (const admitted of [...this.#sockets.values()]) {
      if (admitted?.certificate === undefined) continue;
      if (this.#host.standing(admitted.certificate) !== "good") admitted.connection.drain();
    }
  }

  /** A TCP connection before its handshake: bounds come first, as a handshake is what costs most. */
  begin(socket: Socket): void {
    socket.on("error", () => socket.destroy());
    const { maxConnections, maxConnectionsPerClient } = this.#config.limits;
    const address = socket.remoteAddress ?? "unknown";
    const ofAddress = this.#perAddress.get(address) ?? 0;
    const open = this.#sockets.size + this.#handshakes.size;
    if (this.#ended || open >= maxConnections) return this.#refuse(socket, "full");
    if (ofAddress >= maxConnectionsPerClient) return this.#refuse(socket, "full_client");
    this.#perAddress.set(address, ofAddress + 1);
    socket.on("close", () => {
      const left = (this.#perAddress.get(address) ?? 1) - 1;
      if (left > 0) this.#perAddress.set(address, left);
      else this.#perAddress.delete(address);
    });
    this.#handshakes.begin(socket, this.#host.clock.monotonicMs());
  }

  #refuse(socket: Socket, reason: "full" | "full_client"): void {
    this.#counted.closed(reason);
    socket.destroy();
  }

  failed(socket: Socket): void {
    this.#counted.handshakesFailed.inc();
    socket.destroy();
  }

  accept(socket: TLSSocket): void {
    const tookMs = this.#handshakes.succeeded(socket, this.#host.clock.monotonicMs());
    if (tookMs !== undefined) this.#counted.handshakeSeconds.observe(tookMs / 1000);
    socket.on("error", () => socket.destroy());
    this.#counted.accepted.inc();
    if (this.#ended) return void socket.destroy();
    socket.setNoDelay(true);
    this.#sockets.set(socket, undefined);
    this.#counted.open.set(this.#sockets.size);
    socket.on("close", () => {
      this.#sockets.get(socket)?.connection.lost();
      this.#sockets.delete(socket);
      this.#counted.open.set(this.#sockets.size);
    });
    this.#judge(socket);
  }

  #judge(socket: TLSSocket): void {
    let verdict: ReturnType<PeerJudge>;
    try {
      verdict = this.#host.judge(evidenceOf(socket));
    } catch {
      // The reason of a refusal was logged by whoever refused.
      return void socket.destroy();
    }
    if (!(verdict instanceof Promise)) return this.#admit(socket, verdict);
    verdict.then(
      (certificate) => socket.destroyed || this.#admit(socket, certificate),
      () => socket.destroy(),
    );
  }

  #admit(socket: TLSSocket, certificate: ClientCertificate | undefined): void {
    const address = socket.remoteAddress ?? "unknown";
    const client = admit({ address, certificate }, this.#config.allow);
    if (!client.admitted && this.#config.refuse === "handshake") {
      this.#counted.closed("not_admitted");
      return void socket.destroy();
    }
    const connection = new DnsConnection(new SocketWire(socket), client, this.#shared);
    this.#sockets.set(socket, { connection, certificate });
    socket.on("data", (chunk: Uint8Array) => connection.receive(chunk));
    socket.on("drain", () => connection.drained());
    socket.on("end", () => connection.clientEnded());
  }

  async drain(deadlineMs: number): Promise<void> {
    const { clock } = this.#host;
    const until = clock.monotonicMs() + deadlineMs;
    for (const admitted of this.#sockets.values()) admitted?.connection.drain();
    while (this.#sockets.size > 0 && clock.monotonicMs() < until) await sleep(clock, 10);
    this.destroy();
  }

  destroy(): void {
    this.#ended = true;
    this.#timer?.[Symbol.dispose]();
    for (const socket of this.#sockets.keys()) socket.destroy();
    this.#handshakes.destroy();
  }
}

class SocketWire implements DnsWire {
  readonly #socket: TLSSocket;

  constructor(socket: TLSSocket) {
    this.#socket = socket;
  }

  get queuedBytes(): number {
    return this.#socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    const socket = this.#socket;
    if (!socket.destroyed && socket.writable) socket.write(bytes);
  }

  end(): void {
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }
}
