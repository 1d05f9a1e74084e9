/**
 * The servers as a set: in which order they are asked, how one that is down is found to be back, and that none leads back to this one.
 *
 * A loop is looked for by a question for a name that nobody else asks for: when it arrives here as a client's, the server that it was sent
 * to forwards to this one.
 */
import { type Clock, isSignetError, sleep } from "../../base/mod.ts";
import { EVENT, type Logger } from "../../telemetry/mod.ts";
import { encodeName, TYPE } from "../message/mod.ts";
import type { ForwardQuestion } from "../port.ts";
import type { RandomBytes } from "./carrier.ts";
import type { UpstreamServer } from "./server.ts";
import type { Upstream } from "./upstream.ts";

/** Time between two looks at the servers, in milliseconds. */
const LOOK_MS = 250;
/** Time for a question that only looks whether a server is there. */
const PROBE_TIMEOUT_MS = 2_000;
/** Time between two looks at a server that is down: at first, and at most. */
const MIN_PROBE_MS = 500;
const MAX_PROBE_MS = 10_000;
/** Time between two looks for a loop: while there is none, and while there is one. */
const LOOP_PROBE_MS = 300_000;
const LOOPING_PROBE_MS = 15_000;
/** Octets of a label that nobody else asks for. */
const PROBE_LABEL_BYTES = 10;

/** What is remembered of one server beside its health. */
interface Watched {
  readonly server: UpstreamServer;
  nextProbeMs: number;
  probeEveryMs: number;
  nextLoopProbeMs: number;
  isProbing: boolean;
}

/** A look for a loop that is on its way. */
interface LoopProbe {
  readonly server: UpstreamServer;
  cameBack: boolean;
}

/** What the set needs. */
export interface ServersHost {
  /** Time. */
  readonly clock: Clock;
  /** For names of probes. */
  readonly randomBytes: RandomBytes;
  /** For changes. */
  readonly logger: Logger;
  /** Makes a server. */
  readonly create: (upstream: Upstream) => UpstreamServer;
  /** Servers have changed, or one is back: what failed may work now. */
  readonly onBetter: () => void;
}

/** See the module comment. */
export class UpstreamServers implements AsyncDisposable {
  readonly #host: ServersHost;
  readonly #probes = new Map<string, LoopProbe>();
  #watched: readonly Watched[] = [];
  #isUsed = false;

  /** An empty set. */
  constructor(host: ServersHost) {
    this.#host = host;
  }

  /** How many of them are down, or lead back here. */
  get unusable(): number {
    return this.#watched.filter(({ server }) => server.isLoop || server.health.isDown).length;
  }

  /** Servers to ask, in turn: as they were named, those that are down last; none that leads back here. */
  inOrder(): readonly UpstreamServer[] {
    this.#isUsed = true;
    const servers = this.#watched.map(({ server }) => server).filter(({ isLoop }) => !isLoop);
    if (!servers.some(({ health }) => health.isDown)) return servers;
    const [up, down] = [false, true].map((isDown) =>
      servers.filter(({ health }) => health.isDown === isDown)
    );
    return [...up ?? [], ...down ?? []];
  }

  /** True for the name of a look for loops that has come back: the server that it was sent to is not asked any more. */
  isOwnProbe(name: string): boolean {
    if (this.#probes.size === 0) return false;
    const probe = this.#probes.get(name);
    if (probe === undefined) return false;
    probe.cameBack = true;
    const { server } = probe;
    if (!server.isLoop) {
      server.isLoop = true;
      this.#host.logger.error(
        EVENT.dnsLoop,
        "An upstream server forwards to this one; it is not asked any more",
        { upstream: server.upstream.label },
      );
    }
    return true;
  }

  /** Takes other servers; those that stay keep their connections and their health. */
  async replace(upstreams: readonly Upstream[]): Promise<void> {
    const before = new Map(this.#watched.map((each) => [each.server.upstream.label, each]));
    this.#watched = upstreams.map((upstream) => {
      const kept = before.get(upstream.label);
      before.delete(upstream.label);
      return kept ?? watch(this.#host.create(upstream));
    });
    this.#host.onBetter();
    await Promise.all([...before.values()].map(({ server }) => server[Symbol.asyncDispose]()));
  }

  /** A server went down or came back. */
  healthChanged(server: UpstreamServer): void {
    const upstream = server.upstream.label;
    if (server.health.isDown) {
      const watched = this.#watched.find((each) => each.server === server);
      if (watched !== undefined) {
        watched.probeEveryMs = MIN_PROBE_MS;
        watched.nextProbeMs = this.#host.clock.monotonicMs() + MIN_PROBE_MS;
      }
      this.#host.logger.warn(EVENT.dnsUpstreamDown, "An upstream server does not reply", {
        upstream,
      });
    } else {
      this.#host.logger.info(EVENT.dnsUpstreamUp, "An upstream server replies again", { upstream });
      this.#host.onBetter();
    }
  }

  /** Looks after the servers until the signal is aborted, then rejects with its reason. */
  async look(signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(this.#host.clock, LOOK_MS, { signal });
      if (!this.#isUsed) continue;
      for (const watched of this.#watched) this.#lookAt(watched, signal);
    }
  }

  #lookAt(watched: Watched, signal: AbortSignal): void {
    const nowMs = this.#host.clock.monotonicMs();
    const { server } = watched;
    if (watched.isProbing) return;
    if (server.health.isDown) {
      if (nowMs < watched.nextProbeMs) return;
      watched.probeEveryMs = Math.min(watched.probeEveryMs * 2, MAX_PROBE_MS);
      watched.nextProbeMs = nowMs + watched.probeEveryMs;
      void this.#probe(watched, { name: "", type: TYPE.NS, signal });
    } else if (nowMs >= watched.nextLoopProbeMs) {
      void this.#lookForLoop(watched, signal);
    }
  }

  async #lookForLoop(watched: Watched, signal: AbortSignal): Promise<void> {
    const { server } = watched;
    const label = () => this.#host.randomBytes(PROBE_LABEL_BYTES).toHex();
    const name = `${label()}.${label()}`;
    const probe: LoopProbe = { server, cameBack: false };
    this.#probes.set(name, probe);
    await this.#probe(watched, { name, type: TYPE.HINFO, signal });
    this.#probes.delete(name);
    const everyMs = probe.cameBack ? LOOPING_PROBE_MS : LOOP_PROBE_MS;
    watched.nextLoopProbeMs = this.#host.clock.monotonicMs() + everyMs;
    if (!server.isLoop || probe.cameBack) return;
    server.isLoop = false;
    this.#host.onBetter();
  }

  /** Asks, for the sake of the server's health; what comes back does not matter. */
  async #probe(
    watched: Watched,
    { name, type, signal }: {
      readonly name: string;
      readonly type: number;
      readonly signal: AbortSignal;
    },
  ): Promise<void> {
    const { clock, logger } = this.#host;
    const ended = new AbortController();
    const timer = clock.setTimer(PROBE_TIMEOUT_MS, () => ended.abort());
    watched.isProbing = true;
    try {
      const both = AbortSignal.any([signal, ended.signal]);
      await watched.server.ask(probeQuestion(name, type), { signal: both });
    } catch (thrown) {
      // That it does not reply is in its health.
      if (signal.aborted || ended.signal.aborted || isSignetError(thrown)) return;
      logger.error(EVENT.taskFailed, "Cannot look at an upstream server", {}, thrown);
    } finally {
      timer.cancel();
      watched.isProbing = false;
    }
  }

  /** Closes every connection. */
  async [Symbol.asyncDispose](): Promise<void> {
    const watched = this.#watched;
    this.#watched = [];
    await Promise.all(watched.map(({ server }) => server[Symbol.asyncDispose]()));
  }
}

function watch(server: UpstreamServer): Watched {
  return {
    server,
    nextProbeMs: 0,
    probeEveryMs: MIN_PROBE_MS,
    nextLoopProbeMs: 0,
    isProbing: false,
  };
}

function probeQuestion(name: string, type: number): ForwardQuestion {
  return {
    wireName: encodeName(name),
    name,
    type,
    dnssecOk: false,
    checkingDisabled: false,
    authenticData: false,
  };
}
