/**
 * The registry: services out of the documents of `--configDir` and of a cluster, and out of the cluster's own lists.
 *
 * What comes from files is taken at once. Changes of a cluster come one object at a time and in bursts: those of an instant become one
 * snapshot, in which whatever did not change is the object that it was.
 */
import type { Clock, Timer } from "../base/mod.ts";
import { messageOf } from "../base/mod.ts";
import type { IstioDocument } from "../istio/mod.ts";
import type { KubeClient, Namespaces } from "../kube/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import type { Allocations } from "./auto_addresses.ts";
import type { KubePod } from "./cluster/port.ts";
import { type Cluster, followCluster } from "./cluster/watch.ts";
import { type Collected, join } from "./collect.ts";
import { type FileDocuments, followFiles } from "./file_documents.ts";
import { merged, withChanged } from "./order.ts";
import type { RegistryConfig, RegistrySnapshot, Service, ServiceRegistry } from "./port.ts";
import { createReports, type Reports } from "./reports.ts";
import { hasLabels } from "./selection.ts";
import { buildServices } from "./services.ts";

/**
 * How long changes of a cluster are gathered, in milliseconds: one write of Kubernetes is often several objects. Longer, up to the second
 * number, where it costs much to take them up: whoever may write EndpointSlices gets a tenth of a processor.
 */
const GATHER_MS = { least: 10, most: 5_000 } as const;
const COST_TO_PAUSE = 9;

const NOTHING: Collected = { documents: [], faults: [], warnings: [], unread: [] };

/** What the registry needs of the world. */
export interface RegistryHost {
  /** Time. */
  readonly clock: Clock;
  /** For changes and faults. */
  readonly logger: Logger;
  /** For the number of services and faults. */
  readonly metrics: Metrics;
  /** The cluster whose services are taken; undefined for none. */
  readonly kube?: {
    readonly client: KubeClient;
    readonly random: () => number;
    /** Namespaces that are seen; without, all are. */
    readonly namespaces?: Namespaces | undefined;
  } | undefined;
}

/**
 * Opens the registry, and waits until all of a cluster is known. Documents with faults are reported and left out; the server starts
 * without them.
 *
 * @throws {SignetError} `registry.unreadable` when the folder cannot be read, `kube.*` when the cluster cannot.
 */
export async function openRegistry(
  config: RegistryConfig,
  host: RegistryHost,
): Promise<ServiceRegistry> {
  const registry = new LiveRegistry(config, host);
  try {
    await registry.begin();
    return registry;
  } catch (thrown) {
    await registry[Symbol.asyncDispose]();
    throw thrown;
  }
}

class LiveRegistry implements ServiceRegistry {
  readonly #config: RegistryConfig;
  readonly #host: RegistryHost;
  readonly #logger: Logger;
  readonly #reports: Reports;
  readonly #listeners = new Set<(snapshot: RegistrySnapshot) => void>();
  #files: FileDocuments | undefined;
  #cluster: Cluster | undefined;
  /** Services of documents, and those of the cluster's lists, each in order. */
  #external: readonly Service[] = [];
  #kubernetes: readonly Service[] = [];
  #allocations: Allocations = new Map();
  #current: RegistrySnapshot = {
    ...{ generation: 1, namesGeneration: 1, services: [], documents: [] },
  };
  #isWhole = false;
  /** True when there are other documents. */
  #isStale = true;
  /** True when a pod changed that a ServiceEntry selects. */
  #isMoved = false;
  /** Documents that services are made of. */
  #entries: readonly IstioDocument[] = [];
  #gathering: Timer | undefined;
  #gatherMs: number = GATHER_MS.least;

  constructor(config: RegistryConfig, host: RegistryHost) {
    this.#config = config;
    this.#host = host;
    this.#logger = host.logger.scoped("registry");
    this.#reports = createReports(this.#logger);
    host.metrics.computedGauge(METRIC.registryServices, () => this.#current.services.length);
    host.metrics.computedGauge(METRIC.registryFaults, () => this.#reports.faults);
  }

  get current(): RegistrySnapshot {
    return this.#current;
  }

  onChange(listener: (snapshot: RegistrySnapshot) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async begin(): Promise<void> {
    const { clock, kube } = this.#host;
    const { configDir, domain } = this.#config;
    if (configDir !== undefined) {
      const onChange = () => this.#documentsChanged();
      this.#files = await followFiles(configDir, { clock, logger: this.#logger, onChange });
    }
    if (kube !== undefined) {
      const changed = () => this.#gather();
      this.#cluster = followCluster({ domain }, {
        ...{ client: kube.client, random: kube.random, namespaces: kube.namespaces, clock },
        onServices: changed,
        onDocuments: () => {
          this.#isStale = true;
          changed();
        },
        onPod: (namespace, now, before) => this.#podChanged(namespace, [now, before]),
        onFailure: (what, thrown) => this.#failed(what, thrown),
      });
      await this.#cluster.whole();
    }
    this.#isWhole = true;
    if (this.#files !== undefined || this.#cluster !== undefined) this.#publish();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    this.#gathering?.cancel();
    this.#isWhole = false;
    await this.#files?.[Symbol.asyncDispose]();
    await this.#cluster?.[Symbol.asyncDispose]();
    this.#gathering?.cancel();
  }

  #failed(what: string, thrown: unknown): void {
    const fields = { what, reason: messageOf(thrown) };
    this.#host.metrics.counter(METRIC.registryWatchFailures).inc();
    this.#logger.warn(EVENT.registryUnwatched, "Cannot follow a list of the cluster", fields);
  }

  #documentsChanged(): void {
    this.#isStale = true;
    if (this.#isWhole) this.#publish();
  }

  /** A pod that a ServiceEntry selects is an endpoint of its hosts. */
  #podChanged(namespace: string, pods: readonly (KubePod | undefined)[]): void {
    if (!this.#isWhole || this.#isMoved) return;
    this.#isMoved = this.#entries.some((document) => {
      if (document.kind !== "ServiceEntry" || document.meta.namespace !== namespace) return false;
      const labels = document.spec.workloadSelector?.labels;
      return labels !== undefined && pods.some((pod) => pod && hasLabels(pod.labels, labels));
    });
  }

  #gather(): void {
    if (!this.#isWhole || this.#gathering !== undefined) return;
    const { clock } = this.#host;
    this.#gathering = clock.setTimer(this.#gatherMs, () => {
      const fromMs = clock.monotonicMs();
      this.#publish();
      const pauseMs = COST_TO_PAUSE * (clock.monotonicMs() - fromMs);
      this.#gatherMs = Math.min(GATHER_MS.most, Math.max(GATHER_MS.least, pauseMs));
    });
  }

  #publish(): void {
    this.#gathering?.cancel();
    this.#gathering = undefined;
    const before = this.#current;
    const isStale = this.#isStale;
    this.#isStale = false;
    const documents = isStale ? this.#collect() : before.documents;
    const isOther = this.#takeEntries(documents);
    const changed = this.#cluster?.services.takeChanged();
    if (changed !== undefined && changed.services.size > 0) {
      this.#kubernetes = withChanged(this.#kubernetes, changed.services);
    } else if (!isStale && !isOther) return;
    const services = merged(this.#kubernetes, this.#external);
    const generation = before.generation + 1;
    const namesGeneration = isOther || changed?.names ? generation : before.namesGeneration;
    this.#current = { generation, namesGeneration, services, documents };
    this.#tell(isStale || before.services.length !== services.length);
    for (const listener of this.#listeners) listener(this.#current);
  }

  /** Makes the services of documents when those are others, or have other endpoints; false when nothing of them changed. */
  #takeEntries(documents: readonly IstioDocument[]): boolean {
    const isMoved = this.#isMoved;
    this.#isMoved = false;
    const entries = documents.filter(({ kind }) =>
      kind === "ServiceEntry" || kind === "WorkloadEntry"
    );
    const isSameList = entries.length === this.#entries.length &&
      entries.every((entry, at) => entry === this.#entries[at]);
    if (isSameList && !isMoved) return false;
    this.#entries = entries;
    const workloads = entries.filter((document) => document.kind === "WorkloadEntry");
    this.#cluster?.services.setWorkloads(workloads);
    this.#buildExternal(entries);
    return true;
  }

  /** Endpoints come and go all day. */
  #tell(isMore: boolean): void {
    const fields = {
      services: this.#current.services.length,
      ...(this.#files && { files: this.#files.files }),
      ...this.#cluster?.count(),
      faults: this.#reports.faults,
    };
    if (isMore) this.#logger.info(EVENT.registryChanged, "Services read", fields);
    else this.#logger.debug(EVENT.registryChanged, "Endpoints changed", fields);
  }

  #collect(): readonly IstioDocument[] {
    const files = this.#files?.collected;
    const cluster = this.#cluster?.kinds.collect();
    const collected = files === undefined || cluster === undefined
      ? files ?? cluster ?? NOTHING
      : join(files, cluster);
    this.#reports.report(collected);
    return collected.documents;
  }

  #buildExternal(documents: readonly IstioDocument[]): void {
    const cluster = this.#cluster?.services;
    const built = buildServices(documents, {
      autoAddresses: this.#config.autoAddresses,
      previous: this.#allocations,
      ...(cluster && { selectPods: (namespace, labels) => cluster.selectPods(namespace, labels) }),
    });
    this.#external = built.services;
    this.#allocations = built.allocations;
    for (const host of built.unallocated) {
      this.#logger.warn(EVENT.registryFault, "No address is left for a host", { host });
    }
  }
}
