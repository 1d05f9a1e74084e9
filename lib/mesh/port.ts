/** The mesh at one instant, as the makers of configuration see it. Values are shared between snapshots: what did not change is the same object. */
import type { Endpoint, Service } from "../registry/mod.ts";
import type { Policies } from "./policies.ts";

/** What holds for the whole mesh. */
export interface MeshSettings {
  /** The trust domain. */
  readonly trustDomain: string;
  /** The namespace whose policies are everybody's. */
  readonly rootNamespace: string;
  /** False when any trust domain of a client is taken (`PILOT_SKIP_VALIDATE_TRUST_DOMAIN`). */
  readonly validatesTrustDomain: boolean;
}

/** Everything of a service but its endpoints: what clusters, listeners and routes are made of. */
export interface ServiceFacts extends Omit<Service, "endpoints"> {
  /** SPIFFE IDs that its endpoints may show, sorted. */
  readonly identities: readonly string[];
}

/** An endpoint of a service. */
export interface MeshEndpoint extends Endpoint {
  /** Names of the ports on which it takes mutual TLS of the mesh. */
  readonly meshTlsPorts: readonly string[];
}

/** A service of the mesh. */
export interface MeshService {
  /** All but its endpoints. */
  readonly facts: ServiceFacts;
  /** Its endpoints. */
  readonly endpoints: readonly MeshEndpoint[];
  /** What the registry said. */
  readonly source: Service;
}

/** What a workload's port takes: mutual TLS alone, plain text too, or plain text alone. */
export type PeerMode = "STRICT" | "PERMISSIVE" | "DISABLE";

/** Whom policies are for. */
export interface Workload {
  /** Its namespace. */
  readonly namespace: string;
  /** Its labels. */
  readonly labels: Readonly<Record<string, string>>;
}

/** The mesh at one instant. */
export interface MeshSnapshot {
  /** What holds for all of it. */
  readonly settings: MeshSettings;
  /** Its services, in order of host, namespace and name. */
  readonly services: readonly MeshService[];
  /** What documents say of workloads. */
  readonly policies: Policies;
}

/** Kinds of proxies. */
export type ProxyType = "sidecar" | "router" | "waypoint" | "ztunnel";

/** How traffic comes to a sidecar. */
export type InterceptionMode = "REDIRECT" | "TPROXY" | "NONE";

/** A proxy, as its node says. */
export interface Proxy {
  /** `name.namespace`: what people call it. */
  readonly id: string;
  /** The whole `node.id`. */
  readonly nodeId: string;
  /** What it is. */
  readonly type: ProxyType;
  /** Its IP addresses, the first its own. */
  readonly addresses: readonly string[];
  /** Its namespace. */
  readonly namespace: string;
  /** Its DNS domain, `default.svc.cluster.local`. */
  readonly domain: string;
  /** Its service account; empty when it does not say. */
  readonly serviceAccount: string;
  /** Its own labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** How traffic comes to it. */
  readonly interceptionMode: InterceptionMode;
  /** False when it may not bind to ports below 1024. */
  readonly isPrivileged: boolean;
  /** Its cluster. */
  readonly clusterId: string;
  /** Version of Istio that it says; empty when it does not. */
  readonly version: string;
}
