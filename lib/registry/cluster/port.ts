/** What is kept of a cluster's objects: the few fields that services and their endpoints are made of. */
import type { ServicePort } from "../../istio/mod.ts";

/** Labels of an object. */
export type Labels = Readonly<Record<string, string>>;

/** One port of a Service. */
export interface KubePort extends ServicePort {
  /** Name of the container's port, when that is how the target is named; empty for a number. */
  readonly targetName: string;
}

/** A Service (`core/v1`). */
export interface KubeService {
  /** Its name. */
  readonly name: string;
  /** Its namespace. */
  readonly namespace: string;
  /** Its cluster IPs; none of a headless one. */
  readonly addresses: readonly string[];
  /** True when names lead to its endpoints. */
  readonly headless: boolean;
  /** Where an ExternalName leads; empty for every other Service. */
  readonly externalName: string;
  /** What selects its workloads; undefined when somebody else writes its EndpointSlices. */
  readonly selector: Labels | undefined;
  /** Its ports. */
  readonly ports: readonly KubePort[];
  /** Namespaces that see it, as written; empty for all. */
  readonly exportTo: readonly string[];
  /** True when endpoints count before they are ready. */
  readonly publishesNotReady: boolean;
}

/** One endpoint of an EndpointSlice. */
export interface KubeEndpoint {
  /** Its address. */
  readonly address: string;
  /** False for one that should get no traffic. */
  readonly ready: boolean;
  /** Name of the pod behind it; empty for none. */
  readonly pod: string;
  /** A name of its own; empty for none. */
  readonly hostname: string;
}

/** An EndpointSlice (`discovery.k8s.io/v1`). */
export interface KubeSlice {
  /** `namespace/name` of its Service. */
  readonly service: string;
  /** Its namespace. */
  readonly namespace: string;
  /** Port numbers by the name of the Service's port. */
  readonly ports: Readonly<Record<string, number>>;
  /** Its endpoints. */
  readonly endpoints: readonly KubeEndpoint[];
}

/** A Pod (`core/v1`). */
export interface KubePod {
  /** Its labels. */
  readonly labels: Labels;
  /** Its service account. */
  readonly serviceAccount: string;
  /** The node that it runs on; empty for none yet. */
  readonly node: string;
  /** Its addresses. */
  readonly addresses: readonly string[];
  /** True when it takes traffic. */
  readonly ready: boolean;
}
