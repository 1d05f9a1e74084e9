/** A cluster's lists, copied and followed: what the registry knows of a cluster. */
import { isSame, isSignetError, SignetError } from "../../base/mod.ts";
import {
  asObject,
  type KubeDocument,
  type Namespaces,
  type ReflectorHost,
  refusedStatus,
} from "../../kube/mod.ts";
import { type ClusterServices, createClusterServices } from "./cluster_services.ts";
import { type ClusterKinds, followKinds } from "./kinds.ts";
import { keepNode, keepPod, keepService, keepSlice } from "./objects.ts";
import type { KubePod, KubeService, KubeSlice } from "./port.ts";
import { followSelected, namespaceOf, type SelectedList } from "./selected_list.ts";
import { createSharedValues } from "./shared_values.ts";

/** How long a start waits for the lists, in milliseconds; a pod is then started anew. */
export const START_TIMEOUT_MS = 120_000;

/** What following needs of the world. */
export interface ClusterHost extends ReflectorHost {
  /** Namespaces whose objects are seen; without, those of all are. */
  readonly namespaces?: Namespaces | undefined;
  /** Told after a change of services, of their endpoints, or of where those are. */
  readonly onServices: () => void;
  /** Told after a change of Istio's documents. */
  readonly onDocuments: () => void;
  /** Told after a change of a Pod: as it is, and as it was. */
  readonly onPod: (
    namespace: string,
    now: KubePod | undefined,
    before: KubePod | undefined,
  ) => void;
  /** Told each failure, before the next try: what could not be read. */
  readonly onFailure: (what: string, thrown: unknown) => void;
}

/** What is known of a cluster; disposing ends the watches. */
export interface Cluster extends AsyncDisposable {
  /** Its services. */
  readonly services: ClusterServices;
  /** Istio's documents. */
  readonly kinds: ClusterKinds;
  /** Objects that are known, by the plural of their kind. */
  count(): Readonly<Record<"services" | "endpointslices" | "pods" | "nodes", number>>;
  /**
   * Waits until all is known.
   *
   * @throws {SignetError} `kube.refused` when the API server refuses a list, `kube.unavailable` after some minutes without one.
   */
  whole(): Promise<void>;
}

/** Starts to follow. */
export function followCluster(
  { domain }: { readonly domain: string },
  host: ClusterHost,
): Cluster {
  return new LiveCluster(domain, host);
}

interface Lists {
  readonly services: SelectedList<KubeService>;
  readonly slices: SelectedList<KubeSlice>;
  readonly pods: SelectedList<KubePod>;
  readonly nodes: SelectedList<string>;
}

class LiveCluster implements Cluster {
  readonly #host: ClusterHost;
  readonly #refused = Promise.withResolvers<never>();
  readonly #lists: Lists;
  readonly #selection: Disposable | undefined;
  readonly kinds: ClusterKinds;
  readonly services: ClusterServices;

  constructor(domain: string, host: ClusterHost) {
    this.#host = host;
    // Nobody waits for it after the start.
    this.#refused.promise.catch(() => {});
    this.#lists = this.#follow();
    this.services = createClusterServices({
      services: this.#lists.services.objects,
      slices: this.#lists.slices.objects,
      pods: this.#lists.pods.objects,
      nodes: this.#lists.nodes.objects,
    }, { domain });
    const { client, clock, random } = host;
    this.kinds = followKinds({
      ...{ client, clock, random },
      isSelected: (namespace) => this.#isSelected(namespace),
      onChange: host.onDocuments,
      onFailure: (what, thrown) => this.#fail(what, thrown),
    });
    this.#selection = host.namespaces?.onSelection(() => this.#reselect());
  }

  async whole(): Promise<void> {
    const { clock } = this.#host;
    const late = Promise.withResolvers<never>();
    const timer = clock.setTimer(START_TIMEOUT_MS, () => {
      const seconds = START_TIMEOUT_MS / 1000;
      const what = `the API server has not given them within ${seconds} s`;
      late.reject(
        new SignetError("kube.unavailable", `Cannot read the cluster's services: ${what}`),
      );
    });
    const synced = [this.kinds, ...Object.values(this.#lists)].map(({ synced }) => synced);
    const { namespaces } = this.#host;
    if (namespaces?.isSelective) synced.push(namespaces.whole());
    try {
      await Promise.race([Promise.all(synced), this.#refused.promise, late.promise]);
    } finally {
      timer.cancel();
    }
  }

  count(): ReturnType<Cluster["count"]> {
    const { services, slices, pods, nodes } = this.#lists;
    return {
      services: services.objects.size,
      endpointslices: slices.objects.size,
      pods: pods.objects.size,
      nodes: nodes.objects.size,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#selection?.[Symbol.dispose]();
    const all: readonly AsyncDisposable[] = [this.kinds, ...Object.values(this.#lists)];
    await Promise.all(all.map((each) => each[Symbol.asyncDispose]()));
  }

  #follow(): Lists {
    const values = createSharedValues();
    const { onServices, onPod } = this.#host;
    return {
      services: this.#list("/api/v1/services", keepService, (key) => {
        this.services.serviceChanged(key);
        onServices();
      }),
      slices: this.#list(
        "/apis/discovery.k8s.io/v1/endpointslices",
        (object) => keepSlice(object, values),
        (key, now, before) => {
          this.services.sliceChanged(key, now, before);
          onServices();
        },
      ),
      pods: this.#list(
        "/api/v1/pods",
        (object) => keepPod(object, values),
        (key, now, before) => {
          this.services.podChanged(key, now, before);
          onServices();
          onPod(namespaceOf(key), now, before);
        },
        // Pods that ended have addresses that others may have by now.
        { fieldSelector: "status.phase!=Succeeded,status.phase!=Failed" },
      ),
      nodes: this.#list("/api/v1/nodes", keepNode, (name) => {
        this.services.nodeChanged(name);
        onServices();
      }),
    };
  }

  #isSelected(namespace: string): boolean {
    return this.#host.namespaces?.isSelected(namespace) ?? true;
  }

  #reselect(): void {
    for (const list of Object.values(this.#lists)) list.reselect();
    this.#host.onDocuments();
  }

  /** A copy of a list, of whose changes only those are told that change what is kept and seen. */
  #list<T>(
    path: string,
    keep: (object: KubeDocument) => T,
    onChange: (key: string, now: T | undefined, before: T | undefined) => void,
    query: Readonly<Record<string, string>> = {},
  ): SelectedList<T> {
    const { client, clock, random } = this.#host;
    return followSelected<T>(
      {
        ...{ path, query, onChange },
        keep(object, before) {
          const kept = keep(asObject(object));
          return isSame(kept, before) ? before! : kept;
        },
        onFailure: (thrown) => this.#fail(path, thrown),
      },
      (namespace) => this.#isSelected(namespace),
      { client, clock, random },
    );
  }

  #fail(what: string, thrown: unknown): void {
    this.#host.onFailure(what, thrown);
    if (refusedStatus(thrown) === 403 && isSignetError(thrown)) {
      this.#refused.reject(
        new SignetError(
          "kube.refused",
          `${thrown.message}; apply the RBAC of this version, as signet check tells, or leave the cluster out by --registries=""`,
          { cause: thrown, fields: thrown.fields },
        ),
      );
    }
  }
}
