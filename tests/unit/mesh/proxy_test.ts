/** Nodes: what is read, what is refused, what is bounded. */
import assert from "node:assert/strict";
import { parseNode } from "signet/mesh/mod.ts";

const ID = "sidecar~10.0.0.3~web-1.default~default.svc.cluster.local";

function proxyOf(id: string, metadata: Record<string, unknown> = {}) {
  const parsed = parseNode({ id, metadata });
  assert.ok(parsed.ok, JSON.stringify(parsed));
  return parsed.proxy;
}

Deno.test("parseNode() reads the node of a real agent", () => {
  const proxy = proxyOf(ID, {
    CLUSTER_ID: "Kubernetes",
    INSTANCE_IPS: "10.0.0.3,fd00::2",
    INTERCEPTION_MODE: "NONE",
    ISTIO_VERSION: "1.31.0",
    LABELS: { app: "web" },
    NAME: "web-1",
    NAMESPACE: "shop",
    SERVICE_ACCOUNT: "web",
    PROXY_CONFIG: { concurrency: 1 },
    ENVOY_STATUS_PORT: 15021,
  });
  assert.deepEqual(proxy, {
    id: "web-1.default",
    nodeId: ID,
    type: "sidecar",
    addresses: ["10.0.0.3", "fd00::2"],
    domain: "default.svc.cluster.local",
    namespace: "shop",
    serviceAccount: "web",
    labels: { app: "web" },
    interceptionMode: "NONE",
    isPrivileged: true,
    clusterId: "Kubernetes",
    version: "1.31.0",
  });
});

Deno.test("parseNode() falls back on the id where metadata says nothing", () => {
  const proxy = proxyOf(ID);
  assert.deepEqual(proxy.addresses, ["10.0.0.3"]);
  assert.equal(proxy.namespace, "default");
  assert.equal(proxy.interceptionMode, "REDIRECT");
  assert.equal(proxyOf(ID, { UNPRIVILEGED_POD: "true" }).isPrivileged, false);
});

Deno.test("parseNode() refuses with istiod's words", async (t) => {
  const rows: readonly (readonly [string, RegExp, Record<string, unknown>?])[] = [
    ["sidecar~10.0.0.3~web-1.default", /^missing parts in the service node "sidecar~10/],
    [`${ID}~more`, /^missing parts in the service node/],
    [
      ID.replace("sidecar", "robot"),
      /^invalid node type \(valid types: \[sidecar router waypoint ztunnel\]\) in the service node "robot~/,
    ],
    [
      ID.replace("10.0.0.3", "no"),
      /^no valid IP address in the service node id or metadata$/,
    ],
    [
      ID,
      /^no valid IP address in the service node id or metadata$/,
      { INSTANCE_IPS: "a,b" },
    ],
    [`sidecar~10.0.0.3~${"x".repeat(2_000)}~d`, /^the service node id has 20\d\d characters/],
  ];
  for (const [id, pattern, metadata = {}] of rows) {
    await t.step(`${id.slice(0, 60)} ${JSON.stringify(metadata)}`, () => {
      const parsed = parseNode({ id, metadata });
      assert.ok(!parsed.ok);
      assert.match(parsed.reason, pattern);
    });
  }
});

Deno.test("parseNode() keeps no more of a hostile node than its bounds", () => {
  const labels = Object.fromEntries(Array.from({ length: 5_000 }, (_, at) => [`k${at}`, "v"]));
  const proxy = proxyOf(ID, {
    LABELS: { ...labels, long: "x".repeat(10_000) },
    SERVICE_ACCOUNT: "x".repeat(10_000),
    NAMESPACE: { not: "a text" },
    INSTANCE_IPS: Array.from({ length: 1_000 }, (_, at) => `10.0.${at >> 8}.${at & 255}`).join(),
  });
  assert.ok(Object.keys(proxy.labels).length <= 256);
  assert.equal(proxy.serviceAccount, "");
  assert.equal(proxy.namespace, "default");
  assert.ok(proxy.addresses.length <= 256);
  assert.deepEqual(proxyOf(ID, { LABELS: "text" }).labels, {});
  assert.deepEqual(proxyOf(ID, { LABELS: { a: 1, b: "c" } }).labels, { b: "c" });
});
