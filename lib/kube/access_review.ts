/** Asking the API server what this client may do (`authorization.k8s.io/v1` SelfSubjectAccessReview). */
import { asObject } from "./documents.ts";
import type { KubeClient } from "./port.ts";

/** Something that signet does in a cluster. */
export interface KubePermission {
  /** API group; empty for the core. */
  readonly group: string;
  /** Plural of the kind, with a subresource after a slash. */
  readonly resource: string;
  /** What is done. */
  readonly verb:
    | "get"
    | "list"
    | "watch"
    | "create"
    | "update"
    | "patch"
    | "delete"
    /** Of signers: to approve requests for them, to speak for them. */
    | "approve"
    | "attest";
  /** Where; empty for all namespaces and for what has none. */
  readonly namespace: string;
  /** The one object that it is done to; empty for any. */
  readonly name: string;
}

/** True when the API server would let this client do it. @throws {SignetError} `kube.*`. */
export async function isAllowed(
  client: Pick<KubeClient, "request">,
  permission: KubePermission,
): Promise<boolean> {
  const [resource, subresource = ""] = permission.resource.split("/");
  const { group, verb, namespace, name } = permission;
  const answer = await client.request({
    method: "POST",
    path: "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews",
    body: {
      apiVersion: "authorization.k8s.io/v1",
      kind: "SelfSubjectAccessReview",
      spec: { resourceAttributes: { group, resource, subresource, verb, namespace, name } },
    },
  });
  return asObject(answer["status"])["allowed"] === true;
}

/** For people: `create tokenreviews.authentication.k8s.io`. */
export function describePermission(permission: KubePermission): string {
  const { group, resource, verb, namespace, name } = permission;
  const kind = group === "" ? resource : `${resource}.${group}`;
  return [
    `${verb} ${kind}`,
    ...(name === "" ? [] : [name]),
    ...(namespace === "" ? [] : [`in ${namespace}`]),
  ].join(" ");
}
