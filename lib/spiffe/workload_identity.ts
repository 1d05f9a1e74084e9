/** The SPIFFE IDs of Istio's workloads: `spiffe://<trust domain>/ns/<namespace>/sa/<service account>`. */
import { quote, SignetError } from "../base/mod.ts";
import { parseSpiffeId, SPIFFE_SCHEME, type SpiffeId } from "./spiffe_id.ts";

/** What an Istio workload's SPIFFE ID says. */
export interface WorkloadIdentity {
  /** The trust domain. */
  readonly trustDomain: string;
  /** The Kubernetes namespace. */
  readonly namespace: string;
  /** The Kubernetes service account. */
  readonly serviceAccount: string;
}

/**
 * Splits a workload's SPIFFE ID as istiod does when it verifies a peer: exactly five parts, of which namespace and service account
 * may be empty. Characters are not checked: whoever grants something compares the parts.
 *
 * @throws {SignetError} `spiffe.bad_id`.
 */
export function parseWorkloadIdentity(text: string): WorkloadIdentity {
  if (text.startsWith(SPIFFE_SCHEME)) {
    const [trustDomain, ns, namespace, sa, serviceAccount, ...more] = text.slice(
      SPIFFE_SCHEME.length,
    ).split("/", 6);
    const complete = trustDomain !== undefined && namespace !== undefined &&
      serviceAccount !== undefined;
    if (complete && ns === "ns" && sa === "sa" && more.length === 0) {
      return { trustDomain, namespace, serviceAccount };
    }
  }
  throw new SignetError(
    "spiffe.bad_id",
    `Cannot parse workload identity: ${
      quote(text)
    } should be spiffe://<trust domain>/ns/<namespace>/sa/<service account>`,
  );
}

/**
 * The SPIFFE ID of a workload; this is the strict side, on which every part must be there and be well-formed.
 *
 * @throws {SignetError} `spiffe.bad_id`, `spiffe.bad_trust_domain`.
 */
export function formatWorkloadIdentity(
  { trustDomain, namespace, serviceAccount }: WorkloadIdentity,
): SpiffeId {
  if ([trustDomain, namespace, serviceAccount].some((part) => part.includes("/"))) {
    throw new SignetError(
      "spiffe.bad_id",
      "Cannot format workload identity: trust domain, namespace and service account should hold no slash",
    );
  }
  return parseSpiffeId(`${SPIFFE_SCHEME}${trustDomain}/ns/${namespace}/sa/${serviceAccount}`).id;
}
