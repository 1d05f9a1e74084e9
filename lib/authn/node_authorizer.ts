/**
 * Certificates in another's name: a proxy that serves a whole node (Istio's ztunnel) asks for those of the pods on its node.
 *
 * istiod's checks, in its order; the identity is made anew of its parts and must be of the mesh's trust domain, while istiod signs the text
 * that it was sent.
 */
import { isSignetError, quote } from "../base/mod.ts";
import type { PodIndex } from "../kube/mod.ts";
import { formatWorkloadIdentity, parseWorkloadIdentity } from "../spiffe/mod.ts";
import type { Caller, Credentials } from "./port.ts";

/** The verdict: the identity to sign, or why not, for the log. */
export type NodeVerdict =
  | { readonly ok: true; readonly identity: string }
  | { readonly ok: false; readonly reason: string };

/** Says whether a caller may be issued another's certificate. */
export type AuthorizeNode = (
  caller: Caller,
  requested: string,
  credentials: Pick<Credentials, "headerValues">,
) => NodeVerdict;

/** What the checks need. */
export interface NodeAuthorizerHost {
  /** `namespace/name` of the service accounts that may ask; none turns it off. */
  readonly trustedAccounts: ReadonlySet<string>;
  /** The pods of a cluster; `undefined` for one that is not known. */
  readonly podsOf: (clusterId: string) => Pick<PodIndex, "find" | "runs"> | undefined;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
}

/** Makes the checks. */
export function createNodeAuthorizer(host: NodeAuthorizerHost): AuthorizeNode {
  return (caller, requested, credentials) => {
    const refuse = (why: string): NodeVerdict => ({
      ok: false,
      reason: `impersonation of ${quote(requested)}: ${why}`,
    });
    if (host.trustedAccounts.size === 0) return refuse("it is not enabled");
    const { account } = caller;
    if (account === undefined) return refuse("the caller is no service account");
    const { namespace, name, podName, podUid, clusterId } = account;
    const clusters = credentials.headerValues("clusterid");
    if (clusters.length !== 1 || clusters[0] !== clusterId) {
      return refuse("the header clusterid does not name the cluster of the caller's token");
    }
    const pods = host.podsOf(clusterId);
    if (pods === undefined) return refuse(`the pods of cluster ${quote(clusterId)} are not known`);
    if (!host.trustedAccounts.has(`${namespace}/${name}`)) {
      return refuse(`caller (${namespace}/${name}) is not allowed to impersonate`);
    }
    const wanted = partsOf(requested);
    if (wanted?.trustDomain !== host.trustDomain()) {
      return refuse("it is no workload of the mesh's trust domain");
    }
    const pod = podName === "" ? undefined : pods.find(namespace, podName);
    if (pod === undefined) return refuse(`pod ${namespace}/${podName} is not found`);
    if (pod.uid !== podUid) return refuse(`pod found, but UID does not match: ${pod.uid}`);
    if (pod.serviceAccount !== name) {
      return refuse(`pod found, but ServiceAccount does not match: ${pod.serviceAccount}`);
    }
    if (!pods.runs({ node: pod.node, ...wanted })) {
      return refuse(`no instances of it found on node ${quote(pod.node)}`);
    }
    return identityOf(wanted, refuse);
  };
}

type Parts = ReturnType<typeof parseWorkloadIdentity>;

function partsOf(requested: string): Parts | undefined {
  try {
    return parseWorkloadIdentity(requested);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return undefined;
  }
}

function identityOf(parts: Parts, refuse: (why: string) => NodeVerdict): NodeVerdict {
  try {
    return { ok: true, identity: formatWorkloadIdentity(parts) };
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return refuse(thrown.message);
  }
}
