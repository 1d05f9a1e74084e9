/** The CA in the cluster: one root for all replicas, which follow it, and ConfigMaps with it in every namespace. */
import assert from "node:assert/strict";

import { systemClock } from "../../../lib/base/mod.ts";
import { renewRoot } from "../../../lib/ca/mod.ts";
import { selectProvider } from "../../../lib/crypto/mod.ts";
import { openCluster, openSecretStore } from "../../../lib/kube/mod.ts";
import { fileCaStore } from "../../../lib/store/mod.ts";
import { caclient, type Issued, type Outcome } from "../../support/caclient.ts";
import { type KubeDocument, startCluster, type TestCluster } from "../../support/kubernetes.ts";
import { selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { runSignet, type SignetServer, spawnSignet, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl", "caclient"] as const;
const NAMESPACE = "istio-system";
const SECRETS = (namespace: string) => `/api/v1/namespaces/${namespace}/secrets`;
const CONFIG_MAP = "istio-ca-root-cert";
const configMap = (namespace: string) => `/api/v1/namespaces/${namespace}/configmaps/${CONFIG_MAP}`;

interface DebugCa {
  readonly location: string;
  readonly generation: number;
  readonly roots: readonly { readonly sha256: string }[];
}

async function debugCa(server: SignetServer): Promise<DebugCa> {
  return await (await fetch(`http://${server.addr("http")}/debug/ca`)).json();
}

async function secretOf(cluster: TestCluster, name = "istio-ca-secret"): Promise<KubeDocument> {
  const { type, data } = await cluster.api("GET", `${SECRETS(NAMESPACE)}/${name}`);
  const entries = Object.entries(data as Record<string, string>);
  return { type, ...Object.fromEntries(entries.map(([key, value]) => [key, atob(value)])) };
}

async function sha256Of(pem: string): Promise<string> {
  const der = Uint8Array.fromBase64(pem.replaceAll(/-----[^-]+-----|\s/g, ""));
  return new Uint8Array(await crypto.subtle.digest("SHA-256", der)).toHex();
}

/** The ConfigMap's data, or undefined while there is none. */
async function rootsIn(cluster: TestCluster, namespace: string): Promise<KubeDocument | undefined> {
  try {
    return (await cluster.api("GET", configMap(namespace))).data;
  } catch {
    return undefined;
  }
}

async function untilRootsAre(cluster: TestCluster, namespaces: readonly string[], pem: string) {
  for (const namespace of namespaces) {
    await until(
      `${namespace} has the root`,
      async () => (await rootsIn(cluster, namespace))?.["root-cert.pem"] === pem || undefined,
    );
  }
}

/** What another replica does when it renews the root; `times` at once. */
async function renew(cluster: TestCluster, times: number): Promise<void> {
  const clock = systemClock();
  const { provider } = await selectProvider("webcrypto");
  using opened = (await openCluster({ kind: "kubeconfig", path: cluster.kubeconfig }, { clock }))!;
  const config = { namespace: NAMESPACE, useCacerts: false };
  await using dir = await tempDir();
  await using store = await openSecretStore(config, {
    ...{ clock, client: opened.client, random: Math.random, local: fileCaStore(dir.path) },
    onFailure: (thrown) => assert.fail(String(thrown)),
  });
  const step = () =>
    store.update((set) => renewRoot(set, undefined, { crypto: provider, nowMs: clock.nowMs() }));
  const revisions = await Promise.all(Array.from({ length: times }, step));
  assert.equal(revisions.filter((revision) => revision !== "").length, times);
}

testWithPeers(
  "three replicas share a root in a Secret and bring it to every namespace",
  PEERS,
  async (t, peers) => {
    await using cluster = await startCluster(peers);
    await cluster.createNamespace(NAMESPACE);
    await cluster.createNamespace("shop");
    await using opened = new AsyncDisposableStack();
    const args = ["--kubeconfig", cluster.kubeconfig];
    const names = ["one", "two", "three"];
    const servers = await Promise.all(
      names.map((name) => startSignet({ args, env: { POD_NAME: name } })),
    );
    for (const server of servers) opened.use(server);
    const first = await secretOf(cluster);
    await t.step("made at once, there is one root", async () => {
      assert.equal(first.type, "istio.io/ca-root");
      assert.equal(first["root-cert.pem"], first["ca-cert.pem"]);
      assert.deepEqual(
        Object.keys(first).sort(),
        ["ca-cert.pem", "ca-key.pem", "cert-chain.pem", "key.pem", "root-cert.pem", "type"],
      );
      const sha256 = await sha256Of(first["ca-cert.pem"]);
      for (const server of servers) {
        const { location, generation, roots } = await debugCa(server);
        assert.deepEqual([location, generation, roots.map((root) => root.sha256)], [
          "Secret istio-system/istio-ca-secret",
          1,
          [sha256],
        ]);
      }
    });
    const leaders = async () => {
      const flags = await Promise.all(servers.map((server) => metric(server, "signet_leads")));
      return servers.filter((_, at) => flags[at] === 1);
    };
    await t.step("one of them leads", async () => {
      await until("somebody leads", async () => (await leaders()).length === 1 || undefined);
      const lease = await cluster.api(
        "GET",
        `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/istio-namespace-controller-election`,
      );
      const [leader] = await leaders();
      assert.equal(lease.spec.holderIdentity, names[servers.indexOf(leader!)]);
    });
    const namespaces = ["default", "kube-system", NAMESPACE, "shop"];
    await t.step("its root is in every namespace, and repaired", async () => {
      const pem = first["root-cert.pem"];
      await untilRootsAre(cluster, namespaces, pem);
      assert.equal(await rootsIn(cluster, "kube-public"), undefined);
      const data = { "root-cert.pem": "junk", other: "mine" };
      await cluster.api("PATCH", configMap("shop"), { data, metadata: { labels: null } });
      await untilRootsAre(cluster, ["shop"], pem);
      const repaired = await cluster.api("GET", configMap("shop"));
      assert.equal(repaired.data.other, "mine");
      assert.equal(repaired.metadata.labels["istio.io/config"], "true");
      await cluster.api("DELETE", configMap("default"));
      await cluster.createNamespace("later");
      await untilRootsAre(cluster, ["default", "later"], pem);
    });
    const follows = async (among: readonly SignetServer[]) => {
      const pem = (await secretOf(cluster))["ca-cert.pem"];
      const sha256 = await sha256Of(pem);
      for (const server of among) {
        await until(
          "it has the new root",
          async () => (await debugCa(server)).roots[0]?.sha256 === sha256 || undefined,
        );
      }
      await untilRootsAre(cluster, namespaces, (await secretOf(cluster))["root-cert.pem"]);
      return pem;
    };
    await t.step(
      "what another replica renews, five times at once, is followed by all",
      async () => {
        await renew(cluster, 5);
        const pem = await follows(servers);
        assert.notEqual(pem, first["ca-cert.pem"]);
        assert.equal((await secretOf(cluster))["ca-key.pem"], first["ca-key.pem"]);
        // Their own certificates are of the new root: a client that has it alone gets through.
        const roots = `${cluster.dir}/roots.pem`;
        await Deno.writeTextFile(roots, pem);
        for (const server of servers) {
          const flags = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost"];
          await until("its certificate is the new root's", async () => {
            const ran = await caclient<Outcome>(peers.caclient, [
              "health",
              ...flags,
              "-roots",
              roots,
            ]);
            return ran.code === "OK" || undefined;
          });
        }
      },
    );
    await t.step("a leader that stops lets another lead at once", async () => {
      const [leader] = await leaders();
      await leader!.stop();
      servers.splice(servers.indexOf(leader!), 1);
      await until("another leads", async () => (await leaders()).length === 1 || undefined);
      await cluster.api("DELETE", configMap("shop"));
      await follows(servers);
    });
    await t.step("without the API server they issue, and catch up when it is back", async () => {
      await cluster.stopApi();
      for (const server of servers) await issueWithToken(peers.caclient, server, cluster.dir);
      await cluster.startApi();
      await cluster.createNamespace("after");
      await renew(cluster, 1);
      await follows(servers);
      await untilRootsAre(cluster, ["after"], (await secretOf(cluster))["root-cert.pem"]);
    });
    await t.step(
      "another root that somebody puts there is followed by all, and their own certificates",
      async () => {
        const ca = await selfSignedCa(peers.openssl, `${cluster.dir}/other`, "/O=cluster.local");
        const [cert, key] = [await Deno.readTextFile(ca.cert), await Deno.readTextFile(ca.key)];
        const files = { "ca-cert.pem": cert, "ca-key.pem": key, "root-cert.pem": cert };
        const data = Object.fromEntries(
          Object.entries(files).map(([name, pem]) => [name, btoa(pem)]),
        );
        const path = `${SECRETS(NAMESPACE)}/istio-ca-secret`;
        const { data: before } = await cluster.api("GET", path);
        await cluster.api("PATCH", path, { data });
        for (const server of servers) {
          const args = ["health", "-addr", server.addr("secureGrpc"), "-roots", ca.cert];
          await until(
            "its certificate is the new root's",
            async () => (await caclient<Outcome>(peers.caclient, args)).code === "OK" || undefined,
          );
        }
        await cluster.api("PATCH", path, { data: before });
        const sha256 = await sha256Of(atob(before["ca-cert.pem"]));
        for (const server of servers) {
          await until(
            "it is back",
            async () => (await debugCa(server)).roots[0]?.sha256 === sha256 || undefined,
          );
        }
      },
    );
    await t.step("commands of the state directory's CA say where it is", async () => {
      const { stateDir, cwd } = servers[0]!;
      const ran = await runSignet(["ca", "status", "--stateDir", stateDir], { cwd });
      assert.match(ran.stderr, /is in Secret istio-system\/istio-ca-secret, where/);
      assert.equal(ran.code, 1);
    });
    await t.step(
      "a Secret that went away is not made anew; one that is wrong ends a start at once",
      async () => {
        await cluster.api("DELETE", `${SECRETS(NAMESPACE)}/istio-ca-secret`);
        const data = { "ca-cert.pem": btoa("junk"), "ca-key.pem": btoa("junk") };
        const metadata = { name: "istio-ca-secret" };
        await cluster.api("POST", SECRETS(NAMESPACE), { metadata, type: "istio.io/ca-root", data });
        await using server = await spawnSignet({ args });
        assert.equal(await server.exited, 1);
        assert.match(
          server.stderr(),
          /Cannot use Secret istio-system\/istio-ca-secret\/ca-cert\.pem: /,
        );
        await issueWithToken(peers.caclient, servers[0]!, cluster.dir);
      },
    );
    await t.step(
      "the CA of a state directory becomes that of an empty cluster, also in cacerts",
      async () => {
        await using alone = await startSignet();
        const root = await Deno.readTextFile(alone.rootFile);
        await alone.stop();
        await cluster.createNamespace("moved");
        const env = { USE_CACERTS_FOR_SELF_SIGNED_CA: "true", POD_NAMESPACE: "moved" };
        await using server = await startSignet({ args, env, cwd: alone.cwd });
        const { data, type } = await cluster.api("GET", `${SECRETS("moved")}/cacerts`);
        assert.equal(type, "istio.io/ca-root");
        assert.equal(data["istio-generated"], "");
        assert.equal(atob(data["root-cert.pem"]), root);
        assert.equal((await debugCa(server)).location, "Secret moved/cacerts");
      },
    );
  },
);

/** A first certificate by a join token: no API server is asked. */
async function issueWithToken(path: string, server: SignetServer, dir: string): Promise<void> {
  const identity = "spiffe://cluster.local/ns/default/sa/demo";
  const args = ["token", "create", "--identity", identity, "--stateDir", server.stateDir];
  const made = await runSignet(args, { cwd: server.cwd });
  assert.equal(made.code, 0, made.stderr);
  const flags = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost", "-skip-verify"];
  const token = made.stdout.trim().split("\n").at(-1)!;
  const issued = await caclient<Issued>(path, ["issue", ...flags, "-bearer", token, "-out", dir]);
  assert.equal(issued.code, "OK", issued.message);
}
