/** The options of a Kubernetes cluster. */
import assert from "node:assert/strict";
import {
  type Config,
  DEFAULT_MESH_CONFIG,
  type Environment,
  readDiscovery,
} from "signet/config/mod.ts";

const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };

function config(args: readonly string[] = [], env: Environment = {}): Config {
  return readDiscovery(args, env).complete(DEFAULT_MESH_CONFIG);
}

Deno.test("the cluster is that of --kubeconfig, of KUBECONFIG, or of the pod; never that of a home folder", () => {
  assert.equal(config().kube, undefined);
  assert.equal(config([], { HOME: "/root" }).kube, undefined);
  assert.deepEqual(config(["--kubeconfig", "/a"], { KUBECONFIG: "/b", ...POD }).kube?.access, {
    kind: "kubeconfig",
    path: "/a",
  });
  assert.deepEqual(config([], { KUBECONFIG: "/b", ...POD }).kube?.access, {
    kind: "kubeconfig",
    path: "/b",
  });
  const pod = { kind: "in_cluster", host: "10.0.0.1", port: "443" };
  assert.deepEqual(config([], POD).kube?.access, { ...pod, isRequired: false });
  assert.deepEqual(config(["--registries", "Kubernetes"], POD).kube?.access, {
    ...pod,
    isRequired: true,
  });
  assert.equal(config([], { KUBERNETES_SERVICE_HOST: "10.0.0.1" }).kube, undefined);
});

Deno.test("--registries given as nothing uses no cluster", () => {
  assert.equal(config(["--registries="], POD).kube, undefined);
  const { kube, notices } = config(["--registries=", "--kubeconfig", "/a"]);
  assert.equal(kube, undefined);
  assert.deepEqual(notices, [
    "--kubeconfig has no effect, as --registries does not name Kubernetes",
  ]);
});

Deno.test("options of a cluster say so where there is none", () => {
  const env = { USE_CACERTS_FOR_SELF_SIGNED_CA: "true", CLUSTER_ID: "one" };
  assert.deepEqual(config([], env).notices, [
    "CLUSTER_ID has no effect without a cluster",
    "USE_CACERTS_FOR_SELF_SIGNED_CA has no effect without a cluster",
  ]);
  assert.deepEqual(config([], { ...env, ...POD }).notices, []);
});

Deno.test("what is kept in the cluster: names of Secrets and ConfigMaps, and whether one leads", () => {
  const kube = (env: Environment = {}) => config([], { ...POD, ...env }).kube!;
  const { namespace, electsLeader, useCacerts, distribution } = kube();
  assert.deepEqual({ namespace, electsLeader, useCacerts }, {
    namespace: "istio-system",
    electsLeader: true,
    useCacerts: false,
  });
  const names = { rootConfigMap: "istio-ca-root-cert", crlConfigMap: "istio-ca-crl" };
  assert.deepEqual(distribution, names);
  assert.equal(kube({ ENABLE_CA_SERVER: "false" }).distribution, undefined);
  assert.equal(kube({ PILOT_CERT_PROVIDER: "none" }).distribution, undefined);
  const without = kube({ PILOT_ENABLE_CA_CRL: "false", PILOT_CA_CERT_CONFIGMAP: "roots" });
  assert.deepEqual(without.distribution, { rootConfigMap: "roots", crlConfigMap: undefined });
  assert.equal(kube({ ENABLE_LEADER_ELECTION: "false" }).electsLeader, false);
});

Deno.test("options of a cluster that cannot be are faults", async (t) => {
  const rows: readonly (readonly [string, readonly string[], Environment, RegExp])[] = [
    ["a registry without a cluster", ["--registries", "Kubernetes"], {}, /needs a cluster: give/],
    ["another registry", ["--registries", "Consul"], POD, /"Consul" is no registry of signet/],
    ["several kubeconfigs", [], { KUBECONFIG: "/a:/b" }, /should name one file/],
    ["two aliases", ["--clusterAliases", "a=x,b=x"], {}, /cluster "x" has two aliases/],
    ["no alias", ["--clusterAliases", "a"], {}, /"a" should be alias=cluster/],
    ["no audience", [], { TOKEN_AUDIENCES: "" }, /tokens for anybody would be taken/],
  ];
  for (const [name, args, env, message] of rows) {
    await t.step(name, () => {
      assert.throws(() => config(args, env), { code: "config.bad_value", message });
    });
  }
});

Deno.test("tokens: the cluster's name, its own aliases, the audiences of the policy", () => {
  const tokens = (args: readonly string[] = [], env: Environment = {}) =>
    config(args, env).authn.kube;
  const maxAwayMs = 3_600_000;
  assert.deepEqual(tokens(), {
    ...{ clusterId: "Kubernetes", aliases: [], audiences: ["istio-ca"], maxAwayMs },
    remoteAliases: {},
  });
  assert.equal(tokens([], { CLUSTER_ID: "" }).clusterId, "Kubernetes");
  const named = tokens(["--clusterID", "one", "--clusterAliases", "uno=one,due=two"]);
  assert.deepEqual([named.aliases, named.remoteAliases], [["uno"], { due: "two" }]);
  assert.deepEqual(tokens([], { TOKEN_AUDIENCES: "a, b" }).audiences, ["a", "b"]);
  assert.deepEqual(tokens([], { JWT_POLICY: "first-party-jwt" }).audiences, []);
});

Deno.test("who else may ask: what is no account and no prefix is left out, and said", () => {
  const { authn, notices } = config([], {
    ...POD,
    CA_TRUSTED_NODE_ACCOUNTS: "istio-system/ztunnel,ztunnel, a/b/c",
    TRUSTED_GATEWAY_CIDR: "10.1.0.0/16,10.1.0.1,2001:db8::/32,x/8,10.0.0.0/33",
  });
  assert.deepEqual(authn.trustedNodeAccounts, ["istio-system/ztunnel"]);
  assert.deepEqual(authn.trustedGateways, ["10.1.0.0/16", "2001:db8::/32"]);
  assert.deepEqual(notices.map((notice) => notice.replace(/ is left out.*/, "")), [
    ...['CA_TRUSTED_NODE_ACCOUNTS: "ztunnel"', 'CA_TRUSTED_NODE_ACCOUNTS: "a/b/c"'],
    ...["10.1.0.1", "x/8", "10.0.0.0/33"].map((text) => `TRUSTED_GATEWAY_CIDR: "${text}"`),
  ]);
});

Deno.test("remote clusters are followed where a namespace is given, or the server is external", () => {
  const namespaceOf = (args: readonly string[], env: Environment = {}) =>
    config(args, { ...POD, POD_NAMESPACE: "own", ...env }).authn.remoteClustersNamespace;
  assert.equal(namespaceOf([]), undefined);
  assert.equal(namespaceOf(["--clusterRegistriesNamespace=x"]), "x");
  assert.equal(namespaceOf([], { EXTERNAL_ISTIOD: "true" }), "own");
  assert.equal(namespaceOf(["--clusterRegistriesNamespace=x"], { CENTRAL_ISTIOD: "true" }), "x");
});

Deno.test("ENABLE_CLUSTER_TRUST_BUNDLE_API takes the place of the roots' ConfigMaps alone", () => {
  const { distribution } = config([], { ...POD, ENABLE_CLUSTER_TRUST_BUNDLE_API: "true" }).kube!;
  assert.deepEqual(distribution, { rootConfigMap: undefined, crlConfigMap: "istio-ca-crl" });
});
