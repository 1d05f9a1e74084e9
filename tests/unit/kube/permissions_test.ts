/** The manifests grant what signet does in a cluster, and nothing else. */
import assert from "node:assert/strict";
import {
  describePermission,
  type KubePermission,
  type PermissionScope,
  serverPermissions,
} from "signet/kube/mod.ts";
import { configurationNames } from "signet/webhook/mod.ts";
import { readManifests } from "../../support/manifests.ts";

interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly resourceNames?: readonly string[];
  readonly verbs: readonly KubePermission["verb"][];
}

/** What signet does with the manifests as they are. */
const SCOPE: PermissionScope = {
  namespace: "istio-system",
  ownsCa: true,
  useCacerts: false,
  electsLeader: true,
  configMaps: ["istio-ca-root-cert", "istio-ca-crl"],
  meshConfigMaps: ["istio"],
  signers: [],
  webhooks: configurationNames({ revision: "default", namespace: "istio-system" }),
};
/** What it does more with each of the options' folders. */
const OPTIONS: Readonly<Record<string, Partial<PermissionScope>>> = {
  signers: { signers: ["signers.example.com/*"] },
};

async function grantedBy(options: readonly string[]): Promise<readonly string[]> {
  const granted: string[] = [];
  for (const { kind, metadata, rules } of await readManifests(options)) {
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

function wantedFor(scope: PermissionScope): readonly string[] {
  return serverPermissions(scope).map(describePermission).toSorted();
}

Deno.test("packaging/kubernetes/rbac.yaml grants exactly serverPermissions()", async () => {
  assert.deepEqual(await grantedBy([]), wantedFor(SCOPE));
});

Deno.test("packaging/kubernetes/options grant exactly what each option does more", async (t) => {
  for (const [name, more] of Object.entries(OPTIONS)) {
    await t.step(name, async () => {
      assert.deepEqual(await grantedBy([name]), wantedFor({ ...SCOPE, ...more }));
    });
  }
});
