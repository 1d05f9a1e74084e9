/**
 * The mesh as a value: services, endpoints and what a proxy sees of them, built from the registry. Pure.
 *
 * @example Read a node
 * ```ts
 * import { parseNode } from "signet/mesh/mod.ts";
 *
 * const node = parseNode({ id: "sidecar~10.0.0.3~web-1.shop~shop.svc.cluster.local", metadata: {} });
 * if (!node.ok || node.proxy.namespace !== "shop") throw new TypeError("The namespace is in the domain");
 * ```
 *
 * @module
 */
export type {
  InterceptionMode,
  MeshEndpoint,
  MeshService,
  MeshSettings,
  MeshSnapshot,
  PeerMode,
  Proxy,
  ProxyType,
  ServiceFacts,
  Workload,
} from "./port.ts";
export { createAccesses } from "./access.ts";
export type { Access, Accesses } from "./access.ts";
export type { Destination } from "./destinations.ts";
export { hostIn } from "./destinations.ts";
export { peerMode, sidecarOf } from "./policies.ts";
export type { Authorization, Policies, Policy } from "./policies.ts";
export { parseNode } from "./proxy.ts";
export type { NodeFacts, ParsedNode } from "./proxy.ts";
export { createScopes } from "./scope.ts";
export type { Scope, Scopes, Traffic, Viewer } from "./scope.ts";
export { buildSnapshot } from "./snapshot.ts";
export type { Routing } from "./virtual_services.ts";
export { createWorkloads } from "./workloads.ts";
export type { Workloads } from "./workloads.ts";
