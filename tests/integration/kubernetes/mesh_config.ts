/** The mesh config of a cluster while a server runs, and what a cluster does not grant. */
import assert from "node:assert/strict";

import { type TestCluster, writeKubeconfig } from "../../support/kubernetes.ts";
import { runSignet, type SignetServer, spawnSignet } from "../../support/server.ts";
import { until, untilLogged } from "../../support/until.ts";

const CONFIG_MAPS = "/api/v1/namespaces/istio-system/configmaps";

/** Makes the ConfigMaps, and lets signet read the shared one. */
export async function createMeshConfig(cluster: TestCluster): Promise<void> {
  const create = (name: string, mesh: string) =>
    cluster.api("POST", CONFIG_MAPS, { metadata: { name }, data: { mesh } });
  await create("istio", "accessLogFile: /dev/stdout\n");
  await create("shared", "trustDomain: shared.example\n");
  // The manifests grant the mesh config alone; whoever shares one grants it.
  const role = "/apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/roles/signet";
  const { rules } = await cluster.api("GET", role);
  const found = rules.find(({ resourceNames = [] }: { resourceNames?: string[] }) =>
    resourceNames.includes("istio")
  );
  found.resourceNames.push("shared");
  await cluster.api("PATCH", role, { rules });
}

/** A kubeconfig of a service account. */
export async function kubeconfigOf(
  cluster: TestCluster,
  [namespace, name]: readonly [string, string],
): Promise<string> {
  return await writeKubeconfig(`${cluster.dir}/as-${name}`, {
    cluster: { server: cluster.url, "certificate-authority": cluster.caFile },
    user: { token: await cluster.token(namespace, name, { audiences: [] }) },
  });
}

/** The mesh config as it changes, is broken and goes away. */
export async function meshConfig(cluster: TestCluster, server: SignetServer): Promise<void> {
  const trustDomain = async () =>
    (await (await fetch(`http://${server.addr("http")}/debug/ca`)).json()).trustDomain as string;
  const write = (name: string, mesh: string) =>
    cluster.api("PATCH", `${CONFIG_MAPS}/${name}`, { data: { mesh } });
  const becomes = (wanted: string) =>
    until(`it is ${wanted}`, async () => await trustDomain() === wanted || undefined);
  assert.equal(await trustDomain(), "shared.example", "from its start");
  await write("istio", "trustDomain: own.example\n");
  await becomes("own.example");
  await untilLogged(server, /The trust domain changed: .*the root keeps its name/);
  await write("istio", "trustDomain: [own.example\n");
  await untilLogged(
    server,
    /Cannot use mesh config of ConfigMap istio-system\/istio: it is not YAML/,
  );
  await write("istio", "trustDomain: under_score\n");
  await untilLogged(server, /under_score.* should be a DNS name/);
  await write("istio", "defaultConfig: { discoveryAddress: other.svc:15012 }\n");
  await untilLogged(server, /discoveryAddress changed: .*after the next start/);
  await becomes("shared.example");
  await cluster.api("DELETE", `${CONFIG_MAPS}/shared`);
  await cluster.api("DELETE", `${CONFIG_MAPS}/istio`);
  await untilLogged(server, /Cannot find ConfigMap istio-system\/istio over shared any more/);
}

/** Namespaces that the mesh takes, by `discoverySelectors`, while a server runs: names and roots follow labels and selectors. */
export async function discovery(
  cluster: TestCluster,
  server: SignetServer,
  knows: () => Promise<boolean>,
): Promise<void> {
  const roots = (namespace: string) =>
    cluster.api("GET", `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`);
  const write = (mesh: string) =>
    cluster.api("PATCH", `${CONFIG_MAPS}/istio`, { data: { mesh: `${mesh}\n` } });
  const label = (namespace: string, mesh: string | null) =>
    cluster.api("PATCH", `/api/v1/namespaces/${namespace}`, { metadata: { labels: { mesh } } });
  const becomes = (wanted: boolean) =>
    until(`names of shop are ${wanted}`, async () => await knows() === wanted || undefined);
  await until("roots are in shop", () => roots("shop").catch(() => undefined));
  await write(
    "discoverySelectors: [{matchExpressions: [{key: mesh, operator: In, values: [on]}]}]",
  );
  await becomes(false);
  await roots("shop"); // what is there stays
  await cluster.createNamespace("outside");
  await cluster.createNamespace("inside");
  await label("inside", "on");
  await until("roots are in inside", () => roots("inside").catch(() => undefined));
  await assert.rejects(roots("outside"), /404/);
  await label("shop", "on");
  await becomes(true);
  await write("discoverySelectors: [{matchLabel: {mesh: off}}]");
  await untilLogged(server, /discoverySelectors\[0\] has .*matchLabel.*, should have matchLabels/);
  await label("shop", "off");
  await becomes(false); // the last good selectors are in force
  await write("accessLogFile: /dev/stdout");
  await becomes(true);
  await until("roots are in outside", () => roots("outside").catch(() => undefined));
}

/** What an account that may do less is told, by `signet check` and by a start. */
export async function refusals(cluster: TestCluster): Promise<void> {
  const kubeconfig = await kubeconfigOf(cluster, ["shop", "web"]);
  const ran = await runSignet(["check", "--kubeconfig", kubeconfig, "--output", "json"]);
  assert.equal(ran.code, 1);
  const { checks } = JSON.parse(ran.stdout) as { checks: { detail: string }[] };
  const said = checks.map(({ detail }) => detail);
  for (const missing of ["list services", "watch endpointslices.discovery.k8s.io"]) {
    assert.ok(said.includes(`signet may not ${missing}`), said.join("\n"));
  }
  // What the CA needs is granted, so that the services are what is missing.
  const roleRef = { apiGroup: "rbac.authorization.k8s.io", kind: "Role", name: "signet" };
  const subjects = [{ kind: "ServiceAccount", name: "web", namespace: "shop" }];
  await cluster.api(
    "POST",
    "/apis/rbac.authorization.k8s.io/v1/namespaces/istio-system/rolebindings",
    { metadata: { name: "web" }, roleRef, subjects },
  );
  await using server = await spawnSignet({ args: ["--kubeconfig", kubeconfig] });
  assert.equal(await server.exited, 1);
  assert.match(server.stderr(), /403 .*(services|pods|nodes|endpointslices).*; apply the RBAC/);
}
