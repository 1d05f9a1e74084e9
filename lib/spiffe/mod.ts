/**
 * SPIFFE IDs, trust domains, and the rule that peers' certificates must keep.
 *
 * @example Name a workload
 * ```ts
 * import { formatWorkloadIdentity } from "signet/spiffe/mod.ts";
 *
 * const id = formatWorkloadIdentity({ trustDomain: "cluster.local", namespace: "shop", serviceAccount: "web" });
 * if (id !== "spiffe://cluster.local/ns/shop/sa/web") throw new TypeError("Should be Istio's form");
 * ```
 *
 * @module
 */
export {
  MAX_SPIFFE_ID_BYTES,
  MAX_TRUST_DOMAIN_BYTES,
  parseSpiffeId,
  parseTrustDomain,
  sanitizeTrustDomain,
  SPIFFE_SCHEME,
  type SpiffeId,
  type SpiffeIdParts,
  type TrustDomain,
} from "./spiffe_id.ts";
export {
  formatWorkloadIdentity,
  parseWorkloadIdentity,
  type WorkloadIdentity,
} from "./workload_identity.ts";
export { checkPeerSvid } from "./peer_svid.ts";
