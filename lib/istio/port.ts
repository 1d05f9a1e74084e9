/**
 * Istio's kinds as signet reads them: the fields of `networking.istio.io` that it uses, in Istio's own spelling.
 *
 * What a kind means is Istio's API reference; what is refused stands in the file of each kind.
 */

/** Who a document is. */
export interface ObjectMeta {
  /** `metadata.name`. */
  readonly name: string;
  /** `metadata.namespace`; `default` when it is not written. */
  readonly namespace: string;
  /** `metadata.labels`. */
  readonly labels: Readonly<Record<string, string>>;
  /** `metadata.annotations`. */
  readonly annotations: Readonly<Record<string, string>>;
}

/** How the addresses behind a host are found. */
export type Resolution = "NONE" | "STATIC" | "DNS" | "DNS_ROUND_ROBIN" | "DYNAMIC_DNS";

/** One port of a ServiceEntry. */
export interface ServicePort {
  /** Port that clients connect to. */
  readonly number: number;
  /** Its name: what WorkloadEntries map to ports of their own, and SRV names are made of. */
  readonly name: string;
  /** `HTTP`, `HTTPS`, `GRPC`, `HTTP2`, `MONGO`, `TCP`, `TLS` ..., upper case. */
  readonly protocol: string;
  /** Port of the endpoints when it differs. */
  readonly targetPort: number | undefined;
}

/** `spec` of a WorkloadEntry; an inline endpoint of a ServiceEntry has the same shape. */
export interface WorkloadEntry {
  /** An IP address, a DNS name, or `unix:///path`. */
  readonly address: string;
  /** Port numbers by the name of the service's port. */
  readonly ports: Readonly<Record<string, number>>;
  /** What selectors look at. */
  readonly labels: Readonly<Record<string, string>>;
  /** Network of the workload. */
  readonly network: string;
  /** `region/zone/subzone`. */
  readonly locality: string;
  /** Load balancing weight; 0 for none. */
  readonly weight: number;
  /** Service account that the workload runs as. */
  readonly serviceAccount: string;
}

/** `spec` of a ServiceEntry. */
export interface ServiceEntry {
  /** Host names; `*.` may stand in front. */
  readonly hosts: readonly string[];
  /** IP addresses and CIDR prefixes of the service itself. */
  readonly addresses: readonly string[];
  /** Its ports. */
  readonly ports: readonly ServicePort[];
  /** Whether it is part of the mesh. */
  readonly location: "MESH_EXTERNAL" | "MESH_INTERNAL";
  /** How its endpoints are found. */
  readonly resolution: Resolution;
  /** Endpoints written in the document itself. */
  readonly endpoints: readonly WorkloadEntry[];
  /** Labels of the WorkloadEntries that are its endpoints; undefined when it selects none. */
  readonly workloadSelector: { readonly labels: Readonly<Record<string, string>> } | undefined;
  /** Namespaces that see it: names, `.` for its own, `*` for all; empty is all. */
  readonly exportTo: readonly string[];
  /** SANs that endpoints may show. */
  readonly subjectAltNames: readonly string[];
}

/** Where a document stands. */
export interface DocumentPlace {
  /** Path of the file. */
  readonly file: string;
  /** Line of the document's first field, from 1. */
  readonly line: number;
}

/** Something wrong in a file: where, and what should be there. */
export interface DocumentFault extends DocumentPlace {
  /** Path of the field, `spec.ports[0].number`; empty for the document as a whole. */
  readonly field: string;
  /** What is wrong and what should be, without the place. */
  readonly reason: string;
}

/** A document of a kind that signet does not read. */
export interface UnreadDocument extends DocumentPlace {
  /** `apiVersion` and `kind`, as written. */
  readonly what: string;
}
