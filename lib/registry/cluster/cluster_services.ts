/**
 * The services of a cluster, out of copies of its lists that change one object at a time: a change marks the services that it touches, and
 * only those are made anew when somebody asks.
 */
import { isSame } from "../../base/mod.ts";
import type { WorkloadEntryDocument } from "../endpoints.ts";
import type { Endpoint, Service } from "../port.ts";
import { hasLabels } from "../selection.ts";
import type { KubePod, KubeService, KubeSlice, Labels } from "./port.ts";
import { endpointsOf, podEndpoint, type ServiceHead, serviceHead } from "./service.ts";

/** The copies. */
export interface ClusterLists {
  /** Services by `namespace/name`. */
  readonly services: ReadonlyMap<string, KubeService>;
  /** EndpointSlices by `namespace/name`. */
  readonly slices: ReadonlyMap<string, KubeSlice>;
  /** Pods by `namespace/name`. */
  readonly pods: ReadonlyMap<string, KubePod>;
  /** Where nodes are, by name. */
  readonly nodes: ReadonlyMap<string, string>;
}

/** Services that changed since somebody asked last. */
export interface ChangedServices {
  /** By host; `undefined` for one that is gone. */
  readonly services: ReadonlyMap<string, Service | undefined>;
  /** True when a name leads elsewhere than before: not for endpoints of a service that has addresses. */
  readonly names: boolean;
}

/** The services of a cluster. Every change of a copy is told here after the copy has it. */
export interface ClusterServices {
  /** A Service came, changed or went. */
  serviceChanged(key: string): void;
  /** An EndpointSlice came, changed or went. */
  sliceChanged(key: string, now: KubeSlice | undefined, before: KubeSlice | undefined): void;
  /** A Pod came, changed or went. */
  podChanged(key: string, now: KubePod | undefined, before: KubePod | undefined): void;
  /** A Node is elsewhere. */
  nodeChanged(name: string): void;
  /** Other WorkloadEntries are in force. */
  setWorkloads(workloads: readonly WorkloadEntryDocument[]): void;
  /** Pods of a namespace with these labels as endpoints without ports, in order of name. */
  selectPods(namespace: string, labels: Labels): readonly Endpoint[];
  /** Makes what changed. */
  takeChanged(): ChangedServices;
}

/** Makes the services of copies that are empty yet. */
export function createClusterServices(
  lists: ClusterLists,
  { domain }: { readonly domain: string },
): ClusterServices {
  return new LiveServices(lists, domain);
}

interface Built {
  readonly source: KubeService;
  readonly head: ServiceHead;
  readonly service: Service;
}

class LiveServices implements ClusterServices {
  readonly #lists: ClusterLists;
  readonly #domain: string;
  readonly #built = new Map<string, Built>();
  /** Keys of slices by the key of their Service. */
  readonly #slices = new Map<string, Set<string>>();
  /** Keys of pods by namespace. */
  readonly #pods = new Map<string, Set<string>>();
  readonly #changed = new Set<string>();
  #hasBegun = false;
  #workloads: ReadonlyMap<string, readonly WorkloadEntryDocument[]> = new Map();

  constructor(lists: ClusterLists, domain: string) {
    this.#lists = lists;
    this.#domain = domain;
  }

  serviceChanged(key: string): void {
    this.#changed.add(key);
  }

  sliceChanged(key: string, now: KubeSlice | undefined, before: KubeSlice | undefined): void {
    if (before !== undefined && before.service !== now?.service) {
      take(this.#slices, before.service, key);
      this.#changed.add(before.service);
    }
    if (now === undefined) return;
    put(this.#slices, now.service, key);
    this.#changed.add(now.service);
  }

  podChanged(key: string, now: KubePod | undefined, before: KubePod | undefined): void {
    const slash = key.indexOf("/");
    const [namespace, name] = [key.slice(0, slash), key.slice(slash + 1)];
    if (now === undefined) take(this.#pods, namespace, key);
    else if (before === undefined) put(this.#pods, namespace, key);
    this.#touch((slice) =>
      slice.namespace === namespace && slice.endpoints.some(({ pod }) => pod === name)
    );
  }

  nodeChanged(name: string): void {
    const { pods } = this.#lists;
    this.#touch(({ namespace, endpoints }) =>
      endpoints.some(({ pod }) => pods.get(`${namespace}/${pod}`)?.node === name)
    );
  }

  /** Marks the services of slices; before the first are made, each is marked anyway. */
  #touch(isTouched: (slice: KubeSlice) => boolean): void {
    if (!this.#hasBegun) return;
    for (const slice of this.#lists.slices.values()) {
      if (isTouched(slice)) this.#changed.add(slice.service);
    }
  }

  setWorkloads(workloads: readonly WorkloadEntryDocument[]): void {
    const before = this.#workloads;
    this.#workloads = Map.groupBy(workloads, ({ meta }) => meta.namespace);
    for (const [key, { namespace, selector }] of this.#lists.services) {
      if (selector === undefined) continue;
      if (!isSameList(before.get(namespace), this.#workloads.get(namespace))) {
        this.#changed.add(key);
      }
    }
  }

  selectPods(namespace: string, labels: Labels): readonly Endpoint[] {
    const { pods } = this.#lists;
    return [...this.#pods.get(namespace) ?? []].sort().flatMap((key) => {
      const pod = pods.get(key);
      const endpoint = pod && hasLabels(pod.labels, labels)
        ? podEndpoint(pod, this.#localityOf)
        : undefined;
      return endpoint === undefined ? [] : [endpoint];
    });
  }

  takeChanged(): ChangedServices {
    this.#hasBegun = true;
    const services = new Map<string, Service | undefined>();
    let names = false;
    for (const key of this.#changed) {
      const before = this.#built.get(key);
      const now = this.#build(key, before);
      if (now === before) continue;
      if (now === undefined) this.#built.delete(key);
      else this.#built.set(key, now);
      services.set((now ?? before)!.service.host, now?.service);
      names ||= now?.head !== before?.head || now!.service.headless;
    }
    this.#changed.clear();
    return { services, names };
  }

  /** The service as it is now; `before` when nothing of it changed. */
  #build(key: string, before: Built | undefined): Built | undefined {
    const source = this.#lists.services.get(key);
    if (source === undefined) return undefined;
    const head = before?.source === source ? before.head : serviceHead(source, this.#domain);
    const kept = before !== undefined && isSame(before.head, head) ? before.head : head;
    const { pods, slices } = this.#lists;
    const endpoints = endpointsOf(source, {
      slices: [...this.#slices.get(key) ?? []].sort().flatMap((each) => slices.get(each) ?? []),
      podOf: (pod) => pods.get(pod),
      localityOf: this.#localityOf,
      workloads: this.#workloads.get(source.namespace) ?? [],
    });
    const isKept = kept === before?.head && isSame(before.service.endpoints, endpoints);
    return isKept && before.source === source
      ? before
      : { source, head: kept, service: isKept ? before.service : { ...kept, endpoints } };
  }

  readonly #localityOf = (node: string): string => this.#lists.nodes.get(node) ?? "";
}

function put(sets: Map<string, Set<string>>, at: string, key: string): void {
  const set = sets.get(at);
  if (set === undefined) sets.set(at, new Set([key]));
  else set.add(key);
}

function take(sets: Map<string, Set<string>>, at: string, key: string): void {
  const set = sets.get(at);
  set?.delete(key);
  if (set?.size === 0) sets.delete(at);
}

function isSameList<T>(one: readonly T[] = [], other: readonly T[] = []): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}
