/** What Roles and ClusterRoles grant, as `signet check` says it. */
import { describePermission, type KubePermission } from "signet/kube/mod.ts";
import type { KubeDocument } from "./kubernetes.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly KubePermission["verb"][];
}

/** Every permission that the roles among `objects` grant, sorted. */
export function grantedBy(objects: readonly KubeDocument[]): readonly string[] {
  const granted: string[] = [];
  for (const { kind, metadata, rules } of objects) {
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
  return granted.toSorted();
}
