/** The manifests grant what signet does in a cluster, and nothing else. */
import assert from "node:assert/strict";
import { describePermission, type PermissionScope, serverPermissions } from "signet/kube/mod.ts";
import { grantedBy } from "../../support/granted.ts";
import { configurationNames } from "signet/webhook/mod.ts";
import { readManifests } from "../../support/manifests.ts";

/** What signet does with the manifests as they are. */
const SCOPE: PermissionScope = {
  namespace: "istio-system",
  ownsCa: true,
  useCacerts: false,
  electsLeader: true,
  configMaps: ["istio-ca-root-cert", "istio-ca-crl"],
  meshConfigMaps: ["istio"],
  selectsNamespaces: false,
  injectConfigMap: "istio-sidecar-injector",
  signers: [],
  webhooks: configurationNames({ revision: "default", namespace: "istio-system" }),
  trustBundle: false,
  remoteClustersNamespace: undefined,
  remoteCerts: false,
};
/** What it does more with each of the options' folders. */
const OPTIONS: Readonly<Record<string, Partial<PermissionScope>>> = {
  signers: { signers: ["signers.example.com/*"] },
  trust_bundle: { trustBundle: true },
  remote_clusters: { remoteClustersNamespace: "istio-system" },
  remote_certs: { remoteCerts: true },
};

function wantedFor(scope: PermissionScope): readonly string[] {
  return serverPermissions(scope).map(describePermission).toSorted();
}

Deno.test("packaging/kubernetes/rbac.yaml grants exactly serverPermissions()", async () => {
  assert.deepEqual(grantedBy(await readManifests()), wantedFor(SCOPE));
});

Deno.test("packaging/kubernetes/options grant exactly what each option does more", async (t) => {
  for (const [name, more] of Object.entries(OPTIONS)) {
    await t.step(name, async () => {
      assert.deepEqual(grantedBy(await readManifests([name])), wantedFor({ ...SCOPE, ...more }));
    });
  }
});
