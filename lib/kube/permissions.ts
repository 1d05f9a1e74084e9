/** What signet does in a cluster: the manifests grant this and no more, and `signet check` asks for each. */
import type { KubePermission } from "./access_review.ts";

/** Everything that a server does. */
export function serverPermissions(): readonly KubePermission[] {
  return [
    {
      group: "authentication.k8s.io",
      resource: "tokenreviews",
      verb: "create",
      namespace: "",
      name: "",
    },
  ];
}
