/**
 * Leader election by a Lease (`coordination.k8s.io/v1`), as client-go does it: one of several servers holds it and renews it; the others
 * watch for it to stand still.
 *
 * Clocks of machines are not compared. A holder is taken for gone when its Lease has not changed for the Lease's whole duration by this
 * server's own clock; a holder that could not renew for half of that steps down before. So two never lead at once, unless a server stops
 * in the middle of a write for longer than that: every write carries the version that it was made from, or is the same for all servers.
 */
import { type Clock, createTaskGroup, isSignetError, sleep } from "../base/mod.ts";
import { asObject, asText, metaOf, refusedStatus } from "./documents.ts";
import type { KubeClient, KubeDocument } from "./port.ts";

/**
 * Istiod's lock of the controller that writes ConfigMaps, so that of both one writes; how long the Lease is good, within which time a leader
 * must have renewed it, and the time between two looks.
 */
export const LEASE = {
  name: "istio-namespace-controller-election",
  durationMs: 30_000,
  renewWithinMs: 15_000,
  lookMs: 2_500,
} as const;

/** What is led, and who this is. */
export interface LeaseConfig {
  /** Name of the Lease. */
  readonly name: string;
  /** Its namespace. */
  readonly namespace: string;
  /** This server, among all that share the Lease. */
  readonly identity: string;
}

/** What the election needs of the world. */
export interface LeaseHost {
  /** The API server. */
  readonly client: Pick<KubeClient, "request">;
  /** Time. */
  readonly clock: Clock;
  /** Told each failure, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** Whether this server leads; disposing it gives the Lease back. */
export interface Leadership extends AsyncDisposable {
  /** True while it leads. */
  readonly leads: boolean;
  /** Calls `listener` when this server begins or ceases to lead. */
  onChange(listener: (leads: boolean) => void): Disposable;
}

/** Leads at once and always: for a server that shares nothing. */
export function aloneLeadership(): Leadership {
  return {
    leads: true,
    onChange: () => ({ [Symbol.dispose]: () => {} }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
}

/** Takes part in the election until disposed. */
export function electLeader(config: LeaseConfig, host: LeaseHost): Leadership {
  const candidate = new Candidate(config, host);
  const tasks = createTaskGroup({ onError: (_name, thrown) => host.onFailure(thrown) });
  tasks.run(`elect a leader by ${config.name}`, (signal) => candidate.run(signal));
  return {
    get leads() {
      return candidate.leads;
    },
    onChange(listener) {
      candidate.listeners.add(listener);
      return { [Symbol.dispose]: () => void candidate.listeners.delete(listener) };
    },
    async [Symbol.asyncDispose]() {
      await tasks[Symbol.asyncDispose]();
      candidate.listeners.clear();
      await candidate.giveBack();
    },
  };
}

class Candidate {
  readonly #config: LeaseConfig;
  readonly #host: LeaseHost;
  readonly listeners = new Set<(leads: boolean) => void>();
  /** What of the Lease was seen last, and when it was first seen so. */
  #seen = { version: "", sinceMs: 0 };
  /** When this server renewed it last; undefined while it does not lead. */
  #renewedMs: number | undefined;

  constructor(config: LeaseConfig, host: LeaseHost) {
    this.#config = config;
    this.#host = host;
  }

  /** Asked at any moment: a leader whose renewals stopped does not wait for its next look to step down. */
  get leads(): boolean {
    return this.#renewedMs !== undefined &&
      this.#host.clock.monotonicMs() - this.#renewedMs < LEASE.renewWithinMs;
  }

  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const led = this.#renewedMs !== undefined;
      try {
        await this.#look();
      } catch (thrown) {
        if (!isSignetError(thrown)) throw thrown;
        this.#host.onFailure(thrown);
      }
      if (!this.leads) this.#renewedMs = undefined;
      const leads = this.#renewedMs !== undefined;
      if (leads !== led) this.listeners.forEach((listener) => listener(leads));
      await sleep(this.#host.clock, LEASE.lookMs, { signal });
    }
  }

  /** Lets another lead at once. */
  async giveBack(): Promise<void> {
    if (!this.leads) return;
    this.#renewedMs = undefined;
    try {
      const lease = await this.#get();
      if (lease === undefined || holderOf(lease) !== this.#config.identity) return;
      await this.#put(lease, { ...asObject(lease["spec"]), holderIdentity: "" });
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      this.#host.onFailure(thrown);
    }
  }

  async #look(): Promise<void> {
    const { identity } = this.#config;
    const lookedMs = this.#host.clock.monotonicMs();
    const lease = await this.#get();
    if (lease === undefined) return await this.#create(lookedMs);
    const holder = holderOf(lease);
    const { resourceVersion: version } = metaOf(lease);
    if (version !== this.#seen.version) this.#seen = { version, sinceMs: lookedMs };
    const stoodStill = lookedMs - this.#seen.sinceMs >= LEASE.durationMs;
    if (holder !== identity && holder !== "" && !stoodStill) {
      this.#renewedMs = undefined;
      return;
    }
    const spec = asObject(lease["spec"]);
    const fresh = this.#spec();
    const transitions = Number(spec["leaseTransitions"] ?? 0);
    const wanted = holder === identity
      ? {
        ...fresh,
        acquireTime: spec["acquireTime"] ?? fresh.acquireTime,
        leaseTransitions: transitions,
      }
      : { ...fresh, leaseTransitions: transitions + 1 };
    if (await this.#won(() => this.#put(lease, wanted))) this.#renewedMs = lookedMs;
  }

  async #create(lookedMs: number): Promise<void> {
    const { name, namespace } = this.#config;
    const body = {
      apiVersion: "coordination.k8s.io/v1",
      kind: "Lease",
      metadata: { name, namespace },
      spec: { ...this.#spec(), leaseTransitions: 0 },
    };
    const created = await this.#won(() =>
      this.#host.client.request({ method: "POST", path: this.#list(), body, isUrgent: true })
    );
    if (created) this.#renewedMs = lookedMs;
  }

  /** False when another was faster. */
  async #won(write: () => Promise<unknown>): Promise<boolean> {
    try {
      await write();
      return true;
    } catch (thrown) {
      if (refusedStatus(thrown) !== 409) throw thrown;
      return false;
    }
  }

  #spec(): Readonly<Record<string, unknown>> & { readonly acquireTime: string } {
    // Kubernetes' MicroTime has six digits.
    const now = new Date(this.#host.clock.nowMs()).toISOString().replace("Z", "000Z");
    return {
      holderIdentity: this.#config.identity,
      leaseDurationSeconds: LEASE.durationMs / 1000,
      acquireTime: now,
      renewTime: now,
    };
  }

  async #get(): Promise<KubeDocument | undefined> {
    try {
      const path = `${this.#list()}/${this.#config.name}`;
      return await this.#host.client.request({ path, isUrgent: true });
    } catch (thrown) {
      if (refusedStatus(thrown) === 404) return undefined;
      throw thrown;
    }
  }

  #put(lease: KubeDocument, spec: KubeDocument): Promise<KubeDocument> {
    const path = `${this.#list()}/${this.#config.name}`;
    const body = { ...lease, spec };
    return this.#host.client.request({ method: "PUT", path, body, isUrgent: true });
  }

  #list(): string {
    return `/apis/coordination.k8s.io/v1/namespaces/${this.#config.namespace}/leases`;
  }
}

function holderOf(lease: KubeDocument): string {
  return asText(asObject(lease["spec"])["holderIdentity"]);
}
