/** Which policies are whose: the order of Istio's rules, as a table. */
import assert from "node:assert/strict";
import { createScopes, createWorkloads, parseNode, peerMode, sidecarOf } from "signet/mesh/mod.ts";
import { meshOf, serviceEntry } from "../../support/mesh.ts";

function authentication(name: string, namespace: string, spec: string): string {
  return `---
apiVersion: security.istio.io/v1
kind: PeerAuthentication
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;
}

function sidecar(name: string, namespace: string, spec: string): string {
  return `---
apiVersion: networking.istio.io/v1
kind: Sidecar
metadata: { name: ${name}, namespace: ${namespace} }
spec: ${spec}
`;
}

Deno.test("peerMode() asks the port, the workload, the namespace, the mesh, in this order", async (t) => {
  const mesh = authentication("mesh", "istio-system", "{ mtls: { mode: STRICT } }");
  const own = authentication("own", "shop", "{ mtls: { mode: DISABLE } }");
  const unset = authentication("own", "shop", "{ mtls: { mode: UNSET } }");
  const web = authentication(
    "web",
    "shop",
    "{ selector: { matchLabels: { app: web } }, mtls: { mode: PERMISSIVE }, portLevelMtls: { 8080: { mode: STRICT }, 9090: { mode: UNSET } } }",
  );
  const everywhere = authentication(
    "web",
    "istio-system",
    "{ selector: { matchLabels: { app: web } }, mtls: { mode: DISABLE } }",
  );
  const rows: readonly (readonly [string, string, number, string])[] = [
    ["", "web", 1, "PERMISSIVE"],
    [mesh, "web", 1, "STRICT"],
    [mesh + own, "web", 1, "DISABLE"],
    [mesh + unset, "web", 1, "STRICT"],
    [mesh + own + web, "web", 1, "PERMISSIVE"],
    [mesh + own + web, "web", 8080, "STRICT"],
    [mesh + own + web, "web", 9090, "PERMISSIVE"],
    [mesh + own + web, "api", 8080, "DISABLE"],
    [mesh + everywhere, "web", 1, "DISABLE"],
    [mesh + everywhere, "api", 1, "STRICT"],
    [own.replaceAll("shop", "zoo"), "web", 1, "PERMISSIVE"],
    [
      authentication("b", "shop", "{ mtls: { mode: STRICT } }") +
      authentication("a", "shop", "{ mtls: { mode: DISABLE } }"),
      "web",
      1,
      "DISABLE",
    ],
  ];
  for (const [yaml, app, port, expected] of rows) {
    await t.step(`${app} ${port} ${expected}`, () => {
      const { policies } = meshOf(yaml);
      const workload = { namespace: "shop", labels: { app } };
      assert.equal(peerMode(policies, { workload, port, rootNamespace: "istio-system" }), expected);
    });
  }
});

Deno.test("sidecarOf() takes the one that selects, then the namespace's, then the mesh's", () => {
  const egress = "egress: [{ hosts: ['~/*'] }]";
  const mesh = sidecar("mesh", "istio-system", `{ ${egress}, ingress: [] }`);
  const own = sidecar("own", "shop", `{ ${egress} }`);
  const web = sidecar("web", "shop", `{ workloadSelector: { labels: { app: web } }, ${egress} }`);
  const selecting = sidecar(
    "mesh",
    "istio-system",
    `{ workloadSelector: { labels: { app: web } }, ${egress} }`,
  );
  const found = (yaml: string, app: string) => {
    const { policies } = meshOf(yaml);
    const spec = sidecarOf(policies, { namespace: "shop", labels: { app } }, "istio-system");
    return policies.sidecars.find((policy) => policy.spec === spec)?.name;
  };
  assert.equal(found(mesh + own + web, "web"), "web");
  assert.equal(found(mesh + own + web, "api"), "own");
  assert.equal(found(mesh + web, "api"), "mesh");
  assert.equal(found(web, "api"), undefined);
  assert.equal(found(selecting, "web"), undefined, "another namespace's workloads");
});

Deno.test("buildSnapshot() takes mutual TLS from endpoints whose policy turns it off", () => {
  const yaml = serviceEntry({
    name: "a",
    endpoints: "[{ address: 10.0.0.1, serviceAccount: sa, labels: { app: a } }]",
  });
  const ports = (policy: string) => meshOf(yaml + policy).services[0]!.endpoints[0]!.meshTlsPorts;
  assert.deepEqual(ports(""), ["main"]);
  assert.deepEqual(ports(authentication("x", "default", "{ mtls: { mode: DISABLE } }")), []);
  const onPort = (port: number) =>
    authentication(
      "x",
      "default",
      `{ selector: { matchLabels: { app: a } }, portLevelMtls: { ${port}: { mode: DISABLE } } }`,
    );
  assert.deepEqual(ports(onPort(9080)), [], "the workload's port");
  assert.deepEqual(ports(onPort(8080)), ["main"], "not the service's");
});

Deno.test("buildSnapshot() keeps policies that say the same", () => {
  const [one, two] = ["one", "two"].map((name) =>
    authentication(name, name, "{ mtls: { mode: STRICT } }")
  );
  const before = meshOf(one! + two!);
  assert.equal(meshOf(one! + two!, { previous: before }).policies, before.policies);
  const after = meshOf(one! + two!.replace("STRICT", "DISABLE"), { previous: before }).policies;
  assert.equal(after.authentication[0], before.policies.authentication[0]);
  assert.notEqual(after.authentication[1], before.policies.authentication[1]);
});

Deno.test("createScopes() shows what a Sidecar's hosts name", () => {
  const shop = (name: string) =>
    serviceEntry({ name }).replace(`name: ${name} }`, `name: ${name}, namespace: shop }`);
  const yaml = serviceEntry({ name: "a" }) + shop("b") + shop("c");
  const rows: Readonly<Record<string, readonly string[]>> = {
    "*/*": ["a.example", "b.example", "c.example"],
    "./*": ["b.example", "c.example"],
    "default/*": ["a.example"],
    "~/*": [],
    "shop/b.example": ["b.example"],
    "*/*.example": ["a.example", "b.example", "c.example"],
    "*/a.other": [],
  };
  for (const [host, expected] of Object.entries(rows)) {
    const mesh = meshOf(yaml + sidecar("s", "shop", `{ egress: [{ hosts: ["${host}"] }] }`));
    const [policy] = mesh.policies.sidecars;
    const viewer = { namespace: "shop", sidecar: policy!.spec };
    const { traffic: { facts } } = createScopes().scopeOf(mesh, viewer);
    assert.deepEqual(facts.map((each) => each.host), expected, host);
  }
});

Deno.test("createWorkloads() takes labels from who has the proxy's address, and its service account first", () => {
  const yaml = serviceEntry({
    name: "a",
    endpoints: `[
      { address: 10.0.0.3, serviceAccount: other, labels: { app: other } },
      { address: 10.0.0.3, serviceAccount: web, labels: { app: known } }]`,
  });
  const mesh = meshOf(yaml);
  const labels = (metadata: Record<string, unknown>, domain = "default.svc.cluster.local") => {
    const node = parseNode({ id: `sidecar~10.0.0.3~web.default~${domain}`, metadata });
    assert.ok(node.ok);
    return createWorkloads().of(mesh, node.proxy).labels;
  };
  const said = { LABELS: { app: "said" } };
  assert.deepEqual(labels({ ...said, SERVICE_ACCOUNT: "web" }), { app: "known" });
  assert.deepEqual(labels({ ...said, SERVICE_ACCOUNT: "third" }), { app: "other" });
  assert.deepEqual(labels({ ...said, INSTANCE_IPS: "10.0.0.4" }), { app: "said" });
  assert.deepEqual(labels(said, "shop.svc.cluster.local"), { app: "said" }, "another namespace's");
});

Deno.test("createWorkloads() takes no label of a cluster's workload from a ServiceEntry that names its address", () => {
  const entry = (name: string, app: string) =>
    serviceEntry({
      name,
      endpoints: `[{ address: 10.0.0.3, serviceAccount: web, labels: { app: ${app} } }]`,
    });
  const mesh = meshOf(entry("a", "free") + entry("b", "guarded"));
  const [named, { facts, ...pod }] = [mesh.services[0]!, mesh.services[1]!];
  const services = [named, { ...pod, facts: { ...facts, registry: "Kubernetes" as const } }];
  const node = parseNode({
    id: "sidecar~10.0.0.3~web.default~default.svc.cluster.local",
    metadata: { SERVICE_ACCOUNT: "web" },
  });
  assert.ok(node.ok);
  assert.deepEqual(createWorkloads().of({ ...mesh, services }, node.proxy).labels, {
    app: "guarded",
  });
});
