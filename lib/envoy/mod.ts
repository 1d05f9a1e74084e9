/**
 * Envoy's configuration from a snapshot of the mesh: clusters, endpoints, listeners and routes, encoded once for all proxies that share
 * them. Pure. Nothing in it needs an Envoy that Istio built.
 *
 * @example Configure a proxy
 * ```ts
 * import { createGenerator, find, loadEncoder } from "signet/envoy/mod.ts";
 * import { buildSnapshot, parseNode } from "signet/mesh/mod.ts";
 *
 * const settings = {
 *   trustDomain: "cluster.local",
 *   rootNamespace: "istio-system",
 *   validatesTrustDomain: true,
 * };
 * const registry = { generation: 1, services: [], documents: [] };
 * const snapshot = buildSnapshot(registry, { settings, previous: undefined });
 * const node = parseNode({ id: "sidecar~10.0.0.3~web-1.shop~shop.svc.cluster.local", metadata: {} });
 * if (!node.ok) throw new TypeError(node.reason);
 * const { clusters } = createGenerator(await loadEncoder()).configOf(snapshot, node.proxy);
 * if (find(clusters, "BlackHoleCluster") === undefined) throw new TypeError("Every proxy has it");
 * ```
 *
 * @module
 */
export { loadEncoder } from "./encode.ts";
export type { Encoder, Resource } from "./encode.ts";
export { createGenerator } from "./proxy_config.ts";
export type { ConfigGenerator, ProxyConfig } from "./proxy_config.ts";
export { all, createDiffer, find } from "./resource_set.ts";
export type { Differ, ResourceDiff, ResourcePart, ResourceSet } from "./resource_set.ts";
