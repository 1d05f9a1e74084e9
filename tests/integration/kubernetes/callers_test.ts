/** Who else may ask: service accounts of remote clusters, proxies for the pods of their node, gateways; and the roots in a ClusterTrustBundle. */
import assert from "node:assert/strict";

import { caclient, type Issued } from "../../support/caclient.ts";
import { podFiles } from "../../support/in_cluster.ts";
import { type KubeDocument, startCluster, type TestCluster } from "../../support/kubernetes.ts";
import { applyManifests } from "../../support/manifests.ts";
import { testWithPeers } from "../../support/peers.ts";
import { selfSignedCa } from "../../support/openssl_ca.ts";
import { run, tempDir } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until, untilLogged } from "../../support/until.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl", "caclient", "unshare"] as const;
const BUNDLES = "/apis/certificates.k8s.io/v1/clustertrustbundles";
const BUNDLE = `${BUNDLES}/istio.io:istiod-ca:root-cert`;
const SECRETS = "/api/v1/namespaces/istio-system/secrets";
const NODE_ACCOUNT = "istio-system/ztunnel";
const VM = "spiffe://cluster.local/ns/shop/sa/vm";
const UNAUTHENTICATED = "request authenticate failure";
const NO_IMPERSONATION = "request impersonation authentication failure";

async function bundleOf(cluster: TestCluster): Promise<KubeDocument> {
  return await until(
    "the bundle is there",
    async () => await cluster.api("GET", BUNDLE).catch(() => undefined),
  );
}

/** A pod on a node that nobody looks after. */
async function createPod(
  cluster: TestCluster,
  { namespace, name, account, node }: Record<"namespace" | "name" | "account" | "node", string>,
): Promise<{ name: string; uid: string }> {
  const { metadata } = await cluster.api("POST", `/api/v1/namespaces/${namespace}/pods`, {
    metadata: { name },
    spec: {
      ...{ serviceAccountName: account, nodeName: node, automountServiceAccountToken: false },
      containers: [{ name: "a", image: "a" }],
    },
  });
  return { name, uid: metadata.uid };
}

/** A kubeconfig whose user may review tokens. */
async function remoteKubeconfig(cluster: TestCluster, token: string): Promise<string> {
  const ca = btoa(await Deno.readTextFile(cluster.caFile));
  const named = (rest: object) => [{ name: "remote", ...rest }];
  return JSON.stringify({
    ...{ apiVersion: "v1", kind: "Config", "current-context": "remote" },
    clusters: named({ cluster: { server: cluster.url, "certificate-authority-data": ca } }),
    users: named({ user: { token } }),
    contexts: named({ context: { cluster: "remote", user: "remote" } }),
  });
}

/** The service account that signet asks the remote cluster as. */
async function remoteReader(cluster: TestCluster): Promise<string> {
  await cluster.createNamespace("istio-system");
  await cluster.createServiceAccount("istio-system", "reader");
  await cluster.api("POST", "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings", {
    metadata: { name: "reader" },
    roleRef: {
      apiGroup: "rbac.authorization.k8s.io",
      kind: "ClusterRole",
      name: "system:auth-delegator",
    },
    subjects: [{ kind: "ServiceAccount", name: "reader", namespace: "istio-system" }],
  });
  return await cluster.token("istio-system", "reader", { audiences: [] });
}

function secretOf(name: string, data: Readonly<Record<string, string>>): object {
  const entries = Object.entries(data).map(([id, text]) => [id, btoa(text)]);
  return {
    metadata: { name, labels: { "istio/multiCluster": "true" } },
    data: Object.fromEntries(entries),
  };
}

interface Scene {
  readonly own: TestCluster;
  readonly other: TestCluster;
  readonly server: SignetServer;
  /** Asks for a certificate. */
  readonly issue: (
    bearer: string | undefined,
    cluster: string | undefined,
    more?: readonly string[],
  ) => Promise<Issued>;
}

testWithPeers("callers beside a cluster's own workloads", PEERS, async (t, peers) => {
  await using own = await startCluster(peers);
  await using other = await startCluster(peers);
  for (const cluster of [own, other]) {
    await cluster.createNamespace("shop");
    for (const name of ["vm", "far"]) await cluster.createServiceAccount("shop", name);
  }
  await applyManifests(own, ["remote_clusters", "remote_certs", "trust_bundle"]);
  const pod = await podFiles(own.dir, {
    "token": await own.token("istio-system", "signet", { audiences: [] }),
    "ca.crt": await Deno.readTextFile(own.caFile),
  });
  const { hostname, port } = new URL(own.url);
  const env = {
    ...{ KUBERNETES_SERVICE_HOST: hostname, KUBERNETES_SERVICE_PORT: port },
    ...{ ISTIOD_CUSTOM_HOST: "localhost", ENABLE_CLUSTER_TRUST_BUNDLE_API: "true" },
    ...{ CA_TRUSTED_NODE_ACCOUNTS: NODE_ACCOUNT, TRUSTED_GATEWAY_CIDR: "192.0.2.0/24" },
  };
  const args = ["--clusterID", "one", "--clusterAliases", "zwei=two"];
  args.push("--clusterRegistriesNamespace", "istio-system");
  await using server = await startSignet({ executable: pod.program, env, args });
  const roots = `${own.dir}/roots.pem`;
  const flags = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost", "-roots", roots];
  const issue: Scene["issue"] = (bearer, cluster, more = []) =>
    caclient(peers.caclient, [
      ...["issue", ...flags, ...more],
      ...(bearer === undefined ? [] : ["-bearer", bearer]),
      ...(cluster === undefined ? [] : ["-header", `clusterid=${cluster}`]),
    ]);
  await t.step(
    "the roots are in a ClusterTrustBundle, mended when it is changed or gone",
    async () => {
      const { spec } = await bundleOf(own);
      assert.equal(spec.signerName, "istio.io/istiod-ca");
      await Deno.writeTextFile(roots, spec.trustBundle);
      const otherRoot = await Deno.readTextFile(own.clientCa.cert);
      await own.api("PATCH", BUNDLE, { spec: { trustBundle: otherRoot } });
      const isBack = async () =>
        (await own.api("GET", BUNDLE).catch(() => undefined))?.spec.trustBundle ===
          spec.trustBundle ||
        undefined;
      await until("it is mended", isBack);
      await own.api("DELETE", BUNDLE);
      await until("it is made anew", isBack);
      const { items } = await own.api("GET", "/api/v1/configmaps");
      const names = items.map(({ metadata }: KubeDocument) => metadata.name);
      assert.ok(!names.includes("istio-ca-root-cert"), names.join());
    },
  );
  const scene = { own, other, server, issue };
  await t.step(
    "operators see in the cluster that a root was made, and what cannot be loaded",
    async () => {
      const reasonOf = (reason: string) =>
        until(`there is an Event ${reason}`, async () => {
          const { items } = await own.api("GET", "/api/v1/namespaces/istio-system/events");
          return items.find((one: KubeDocument) => one.reason === reason) as
            | KubeDocument
            | undefined;
        });
      const secret = { apiVersion: "v1", kind: "Secret", name: "istio-ca-secret" };
      const { involvedObject, type } = await reasonOf("RootCreated");
      assert.deepEqual([involvedObject, type], [
        { ...secret, namespace: "istio-system" },
        "Normal",
      ]);
      const path = `${SECRETS}/istio-ca-secret`;
      const { data } = await own.api("GET", path);
      await own.api("PATCH", path, { data: { "ca-cert.pem": btoa("junk") } });
      const failed = await reasonOf("CaLoadFailed");
      assert.match(
        failed.message,
        /Secret istio-system\/istio-ca-secret\/ca-cert.pem: failed to parse/,
      );
      await own.api("PATCH", path, { data: { "ca-cert.pem": data["ca-cert.pem"] } });
    },
  );
  await t.step("a plugged-in CA of the cluster is copied where none is mounted, once", async () => {
    const ca = await selfSignedCa(peers.openssl, `${own.dir}/plugged`, "/O=cluster.local");
    const [cert, key] = await Promise.all([ca.cert, ca.key].map((path) => Deno.readTextFile(path)));
    const files = { "ca-cert.pem": cert, "ca-key.pem": key, "root-cert.pem": cert };
    const data = Object.entries({ ...files, "cert-chain.pem": cert, "README": "left out" })
      .map(([name, text]) => [name, btoa(text!)]);
    const remote = { ...env, USE_REMOTE_CERTS: "true" };
    const start = (cwd?: string) =>
      startSignet({ executable: pod.program, env: remote, args, ...(cwd && { cwd }) });
    await using without = await start();
    await untilLogged(without, /There is no plugged-in CA in the cluster/);
    await own.api("POST", SECRETS, {
      metadata: { name: "cacerts" },
      data: Object.fromEntries(data),
    });
    await using dir = await tempDir();
    for (const words of [/Copied the cluster's plugged-in CA/, /CA is ready.*plugged-in/]) {
      await using copied = await start(dir.path);
      await untilLogged(copied, words);
    }
    const entries = await Array.fromAsync(Deno.readDir(`${dir.path}/etc/cacerts`));
    const names = entries.map(({ name }) => name).sort();
    assert.deepEqual(names, Object.keys({ ...files, "cert-chain.pem": "" }).sort());
    assert.equal((await Deno.stat(`${dir.path}/etc/cacerts/ca-key.pem`)).mode! & 0o777, 0o600);
    assert.equal((await Deno.stat(`${dir.path}/etc/cacerts`)).mode! & 0o777, 0o700);
  });
  await nodes(t, scene);
  await t.step("a gateway on this machine is believed, once it is set that any is", async () => {
    const forwarded = (header: string) =>
      issue(undefined, undefined, ["-header", `x-forwarded-client-cert=${header}`]);
    const issued = await forwarded(`By=spiffe://cluster.local/ns/a/sa/gw;Hash=0f;URI=${VM}`);
    assert.equal(issued.code, "OK", issued.message);
    assert.deepEqual(issued.verdict?.uris, [VM]);
    assert.equal((await forwarded("junk")).message, UNAUTHENTICATED);
    await untilLogged(server, /XfccAuthenticator: error in parsing xfcc header/);
  });
  await t.step("signet check asks for all of that", async () => {
    const off = ["--secureGRPCAddr=", "--grpcAddr=", "--monitoringAddr=", "--dnsAddr="];
    const check = ["check", ...args, ...off, "--httpAddr=127.0.0.1:0", "--stateDir", "./checked"];
    const ran = await run(pod.program, check, { cwd: server.cwd, env });
    assert.equal(ran.code, 0, ran.stdout + ran.stderr);
  });
  await remotes(t, scene);
});

async function nodes(t: Deno.TestContext, { own, server, issue }: Scene): Promise<void> {
  await own.createServiceAccount("istio-system", "ztunnel");
  const ztunnel = await createPod(own, {
    ...{ namespace: "istio-system", name: "ztunnel-1", account: "ztunnel", node: "n1" },
  });
  await createPod(own, { namespace: "shop", name: "vm-1", account: "vm", node: "n1" });
  await createPod(own, { namespace: "shop", name: "far-1", account: "far", node: "n2" });
  const token = await own.token("istio-system", "ztunnel", { pod: ztunnel });
  const as = (identity: string) => ["-meta", `ImpersonatedIdentity=${identity}`];
  await t.step("a node's proxy gets the certificates of the pods on its node", async () => {
    const issued = await until("the pods are known", async () => {
      const issued = await issue(token, "one", as(VM));
      return issued.code === "OK" ? issued : undefined;
    });
    assert.deepEqual(issued.verdict?.uris, [VM]);
    const itself = await issue(token, "one");
    assert.deepEqual(itself.verdict?.uris, ["spiffe://cluster.local/ns/istio-system/sa/ztunnel"]);
  });
  await t.step("and nobody else's", async () => {
    const vm = await own.token("shop", "vm");
    const unbound = await own.token("istio-system", "ztunnel");
    const rows: readonly (readonly [string, Promise<Issued>])[] = [
      ["far", issue(token, "one", as("spiffe://cluster.local/ns/shop/sa/far"))],
      ["evil", issue(token, "one", as("spiffe://evil/ns/shop/sa/vm"))],
      ["comma", issue(token, "one", as("spiffe://evil,x/ns/shop/sa/vm"))],
      ["no cluster", issue(token, undefined, as(VM))],
      ["not trusted", issue(vm, "one", as(VM))],
      ["of no pod", issue(unbound, "one", as(VM))],
    ];
    for (const [name, asked] of rows) {
      const { code, message } = await asked;
      assert.deepEqual([code, message], ["Unauthenticated", NO_IMPERSONATION], name);
    }
    await untilLogged(server, /no instances of it found on node .*n1/);
  });
  await t.step("a pod that is gone is nobody any more", async () => {
    const gone = "/api/v1/namespaces/shop/pods/vm-1?gracePeriodSeconds=0";
    await own.api("DELETE", gone);
    await until(
      "it is refused",
      async () => (await issue(token, "one", as(VM))).code === "Unauthenticated" || undefined,
    );
  });
}

async function remotes(t: Deno.TestContext, { own, other, server, issue }: Scene): Promise<void> {
  const token = await other.token("shop", "vm");
  const config = await remoteKubeconfig(other, await remoteReader(other));
  const refused = async (cluster: string) => {
    const { code, message } = await issue(token, cluster);
    assert.deepEqual([code, message], ["Unauthenticated", UNAUTHENTICATED]);
  };
  const untilCode = (wanted: string, cluster: string) =>
    until(
      `cluster ${cluster} gives ${wanted}`,
      async () => (await issue(token, cluster)).code === wanted || undefined,
    );
  await t.step("a cluster that nobody told of is unknown", async () => {
    await refused("two");
    await untilLogged(server, /in cluster .*two.* local cluster .*one.* and remote clusters \[\]/);
    assert.doesNotMatch(server.stdout(), /says 40[136]/);
  });
  await t.step("a Secret brings it, by its name and its alias", async () => {
    await own.api("POST", SECRETS, secretOf("remote-two", { two: config }));
    await untilCode("OK", "two");
    const { verdict } = await issue(token, "zwei");
    assert.deepEqual(verdict?.uris, [VM]);
    await refused("one");
    assert.equal(await metric(server, "signet_remote_clusters"), 1);
  });
  await t.step(
    "kubeconfigs that would run a program, read a file or take our place are refused",
    async () => {
      const { users, ...rest } = JSON.parse(config);
      const withUser = (user: object) =>
        JSON.stringify({ ...rest, users: [{ ...users[0], user }] });
      await own.api(
        "POST",
        SECRETS,
        secretOf("remote-odd", {
          three: withUser({ exec: { command: "/bin/true" } }),
          four: withUser({ tokenFile: "/var/run/secrets/kubernetes.io/serviceaccount/token" }),
          one: config,
          five: "junk",
        }),
      );
      await untilLogged(server, /remote-odd, three: user .*remote.* has exec: signet may start no/);
      await untilLogged(server, /remote-odd, four: it names a file/);
      await untilLogged(
        server,
        /one.* of Secret istio-system\/remote-odd: it is this server's own/,
      );
      await untilLogged(server, /remote-odd, five: /);
      for (const cluster of ["three", "four", "five"]) await refused(cluster);
      await untilCode("OK", "two");
    },
  );
  await t.step("a change of the Secret counts at once, and its end", async () => {
    const path = `${SECRETS}/remote-two`;
    const bad = secretOf("remote-two", { two: await remoteKubeconfig(other, "wrong") });
    await own.api("PATCH", path, bad);
    await untilCode("Unauthenticated", "two");
    await own.api("PATCH", path, secretOf("remote-two", { two: config }));
    await untilCode("OK", "two");
    await own.api("DELETE", path);
    await untilCode("Unauthenticated", "two");
    assert.equal(await metric(server, "signet_remote_clusters"), 0);
  });
  const printed = server.stdout() + server.stderr();
  assert.ok(!printed.includes(token.split(".")[2]!), "a token is in the log");
}
