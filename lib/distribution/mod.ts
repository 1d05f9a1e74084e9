/**
 * Bringing the mesh's roots to where workloads find them: a ConfigMap in every namespace of a Kubernetes cluster.
 *
 * @example Nothing is done before the leader says so
 * ```ts
 * import { aloneLeadership } from "signet/kube/mod.ts";
 *
 * await using leadership = aloneLeadership();
 * if (!leadership.leads) throw new TypeError("One that is alone leads");
 * ```
 *
 * @module
 */
export { distributeRoots, type DistributionConfig, type DistributionHost } from "./distribute.ts";
