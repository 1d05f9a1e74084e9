/** The manifests grant what signet does in a cluster, and nothing else. */
import assert from "node:assert/strict";
import { describePermission, serverPermissions } from "signet/kube/mod.ts";
import { readManifests } from "../../support/manifests.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly ("get" | "list" | "watch" | "create" | "update" | "patch" | "delete")[];
}

Deno.test("packaging/kubernetes/rbac.yaml grants exactly serverPermissions()", async () => {
  const granted: string[] = [];
  for (const { kind, metadata, rules } of await readManifests()) {
    if (kind !== "Role" && kind !== "ClusterRole") continue;
    const namespace = kind === "Role" ? metadata.namespace : "";
    for (const { apiGroups, resources, resourceNames = [""], verbs } of rules as Rule[]) {
      for (const group of apiGroups) {
        for (const resource of resources) {
          for (const name of resourceNames) {
            for (const verb of verbs) {
              granted.push(describePermission({ group, resource, verb, namespace, name }));
            }
          }
        }
      }
    }
  }
  const wanted = serverPermissions({
    namespace: "istio-system",
    ownsCa: true,
    useCacerts: false,
    electsLeader: true,
    configMaps: ["istio-ca-root-cert", "istio-ca-crl"],
  }).map(describePermission);
  assert.deepEqual(granted.toSorted(), wanted.toSorted());
});
