/** The service registry as its readers see it: one immutable snapshot at a time, from files and from a cluster. */
import type { IstioDocument, Resolution, ServicePort } from "../istio/mod.ts";

/** Who knows a service. */
export type RegistryName = "External" | "Kubernetes";

/** One workload behind a service. */
export interface Endpoint {
  /** IP address, DNS name or `unix://` socket. */
  readonly address: string;
  /** Port of the workload by the name of the service's port. */
  readonly ports: Readonly<Record<string, number>>;
  /** Labels. */
  readonly labels: Readonly<Record<string, string>>;
  /** Network; empty for the default one. */
  readonly network: string;
  /** `region/zone/subzone`. */
  readonly locality: string;
  /** Load balancing weight; 0 for none. */
  readonly weight: number;
  /** Service account. */
  readonly serviceAccount: string;
  /** A name of its own under a headless service: `mysql-0`; empty for none. */
  readonly hostname: string;
  /** False for one that should get no traffic. */
  readonly ready: boolean;
  /** `istio` for one that takes mutual TLS of the mesh. */
  readonly tlsMode: "istio" | "disabled";
}

/** One host of the mesh. */
export interface Service {
  /** Fully qualified host, lower case, without a last dot; `*.` may stand in front. */
  readonly host: string;
  /** Name of the object that brought it. */
  readonly name: string;
  /** Its namespace. */
  readonly namespace: string;
  /** Who knows it. */
  readonly registry: RegistryName;
  /** Addresses of the service itself, prefixes included. */
  readonly addresses: readonly string[];
  /** Addresses that were made up for it, because it has none: one IPv4 and one IPv6. */
  readonly autoAddresses: readonly string[];
  /** True when names lead to the endpoints themselves. */
  readonly headless: boolean;
  /** Where a Kubernetes ExternalName leads; empty for every other service. */
  readonly externalName: string;
  /** Its ports. */
  readonly ports: readonly ServicePort[];
  /** How endpoints are found. */
  readonly resolution: Resolution;
  /** True when it is part of the mesh. */
  readonly meshInternal: boolean;
  /** Its endpoints. */
  readonly endpoints: readonly Endpoint[];
  /** Namespaces that see it; empty is all. `.` is already replaced by its namespace. */
  readonly exportTo: readonly string[];
  /** SANs that endpoints may show. */
  readonly subjectAltNames: readonly string[];
}

/** Everything that is known at one instant. */
export interface RegistrySnapshot {
  /** Counts up with every change. */
  readonly generation: number;
  /** The generation of the last change of anything that a name leads to: most changes of endpoints are none. */
  readonly namesGeneration: number;
  /** The services, in an order that does not depend on the order of files. */
  readonly services: readonly Service[];
  /** The documents of every kind that are in force. */
  readonly documents: readonly IstioDocument[];
}

/** A source of services. */
export interface ServiceRegistry extends AsyncDisposable {
  /** What is known now. */
  readonly current: RegistrySnapshot;
  /** Calls `listener` with every new snapshot. */
  onChange(listener: (snapshot: RegistrySnapshot) => void): Disposable;
}

/** Settings of the registry. */
export interface RegistryConfig {
  /** `--configDir`; undefined for none. */
  readonly configDir: string | undefined;
  /** Prefixes that addresses are made up from; undefined makes up none. */
  readonly autoAddresses: AutoAddressPrefixes | undefined;
  /** The DNS domain of a cluster's services, `cluster.local`. */
  readonly domain: string;
}

/** Where made-up addresses come from. */
export interface AutoAddressPrefixes {
  /** IPv4 prefix such as `240.240.0.0/16`. */
  readonly ipv4: string;
  /** IPv6 prefix such as `2001:2::/48`. */
  readonly ipv6: string;
}
