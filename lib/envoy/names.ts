/** Names of clusters, listeners and routes, and the SNI of mesh TLS, as Istio spells them: dashboards, policies and people know them. */

/** Clusters that every proxy has. */
export const FIXED_CLUSTER = {
  blackHole: "BlackHoleCluster",
  passthrough: "PassthroughCluster",
} as const;

/** The cluster of a service's port. */
export function outboundCluster(host: string, port: number, subset = ""): string {
  return `outbound|${port}|${subset}|${host}`;
}

/** The cluster of a port of the workload itself. */
export function inboundCluster(port: number): string {
  return `inbound|${port}||`;
}

/** What a client names in the TLS handshake with a workload of a service. */
export function meshSni(host: string, port: number, subset = ""): string {
  return `outbound_.${port}_.${subset}_.${host}`;
}

/** A listener on an address. */
export function listenerName(bind: string, port: number): string {
  return `${bind}_${port}`;
}
