/** Tokens of service accounts: signet asks a real API server, with exactly what the manifests let its service account do. */
import assert from "node:assert/strict";

import { writeFiles } from "../../support/ca_sets.ts";
import { caclient, type Issued, type Load } from "../../support/caclient.ts";
import { podFiles } from "../../support/in_cluster.ts";
import { startCluster, type TestCluster, writeKubeconfig } from "../../support/kubernetes.ts";
import { applyManifests } from "../../support/manifests.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runAgentWithToken } from "../../support/pilot_agent.ts";
import { run, tempDir } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { until, untilLogged } from "../../support/until.ts";

const PEERS = ["etcd", "kube-apiserver", "openssl", "caclient", "pilot-agent", "unshare"] as const;
const IDENTITY = "spiffe://cluster.local/ns/shop/sa/vm";
const REFUSED = { code: "Unauthenticated", message: "request authenticate failure" };

/** The mesh's roots as agents find them: in the ConfigMap of their namespace. */
async function saveRoots(cluster: TestCluster): Promise<string> {
  const path = "/api/v1/namespaces/shop/configmaps/istio-ca-root-cert";
  const pem = await until("the namespace has the roots", async () => {
    const found = await cluster.api("GET", path).catch(() => undefined);
    return found?.data["root-cert.pem"] as string | undefined;
  });
  await Deno.writeTextFile(`${cluster.dir}/roots.pem`, pem);
  return `${cluster.dir}/roots.pem`;
}

async function createPod(cluster: TestCluster): Promise<{ name: string; uid: string }> {
  const { metadata } = await cluster.api("POST", "/api/v1/namespaces/shop/pods", {
    metadata: { name: "vm-0" },
    spec: {
      serviceAccountName: "vm",
      automountServiceAccountToken: false,
      containers: [{ name: "a", image: "a" }],
    },
  });
  return { name: metadata.name, uid: metadata.uid };
}

testWithPeers("tokens of service accounts, by TokenReview", PEERS, async (t, peers) => {
  await using cluster = await startCluster(peers);
  await cluster.createNamespace("shop");
  await cluster.createServiceAccount("shop", "vm");
  await cluster.createServiceAccount("shop", "gone");
  await cluster.createServiceAccount("shop", "doomed");
  await applyManifests(cluster);
  const pod = await podFiles(cluster.dir, {
    "token": await cluster.token("istio-system", "signet", { audiences: [] }),
    "ca.crt": await Deno.readTextFile(cluster.caFile),
  });
  const { hostname, port } = new URL(cluster.url);
  const env = {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    ISTIOD_CUSTOM_HOST: "localhost",
  };
  const clusters = ["--clusterID", "one", "--clusterAliases", "uno=one,due=two"];
  await using server = await startSignet({ executable: pod.program, env, args: clusters });
  const roots = await saveRoots(cluster);
  const flags = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost", "-roots", roots];
  const issue = (token: string, header: readonly string[] = []): Promise<Issued> =>
    caclient(peers.caclient, ["issue", ...flags, "-bearer", token, ...header]);
  const good = await cluster.token("shop", "vm", { pod: await createPod(cluster) });
  const foreign = await cluster.token("shop", "vm", { audiences: ["somebody-else"] });
  const gone = await cluster.token("shop", "gone");
  await t.step("a projected token gets its service account's certificate", async () => {
    const issued = await issue(good);
    assert.equal(issued.code, "OK", issued.message);
    assert.deepEqual(issued.verdict?.uris, [IDENTITY]);
    await untilLogged(server, /with the token of pod shop\/vm-0/);
  });
  await t.step("one that is not for signet is refused, and the log alone says why", async () => {
    assertRefused(await issue(foreign));
    await untilLogged(server, /KubeJWTAuthenticator: failed to validate .*"?one"?.* token/);
    assertRefused(await issue(`${good.slice(0, -6)}AAAAAA`));
    assertRefused(await issue("ey.ey.ey"));
  });
  await t.step(
    "the header clusterid names this cluster, by its name or alias, or no other",
    async () => {
      const claim = (...ids: string[]) => ids.flatMap((id) => ["-header", `clusterid=${id}`]);
      for (const ids of [["one"], ["uno"], [""], ["two", "three"]]) {
        assert.equal((await issue(good, claim(...ids))).code, "OK", ids.join());
      }
      for (const id of ["due", "two", "Kubernetes"]) assertRefused(await issue(good, claim(id)));
      await untilLogged(
        server,
        /client claims to be in cluster "?.*due.* but we only know about local cluster .*one.* and remote clusters \[\]/,
      );
    },
  );
  await t.step(
    "Istio's pilot-agent gets its certificate",
    () =>
      runAgentWithToken(peers["pilot-agent"], server, {
        ...{ token: good, roots },
        env: { ISTIO_META_CLUSTER_ID: "one" },
      }),
  );
  await t.step("signet explain says the same", async () => {
    const path = `${cluster.dir}/explained`;
    await Deno.writeTextFile(path, good);
    const args = ["explain", "--token", path, "--stateDir", server.stateDir, ...clusters];
    const ran = await run(pod.program, args, { cwd: server.cwd, env });
    assert.match(ran.stdout, new RegExp(`^accepted by KubeJWTAuthenticator as ${IDENTITY}\n`));
    await Deno.writeTextFile(path, foreign);
    const refused = await run(pod.program, args, { cwd: server.cwd, env });
    assert.match(refused.stdout, /KubeJWTAuthenticator +refuses: failed to validate the JWT/);
  });
  await t.step("signet check asks the cluster what signet may do", async () => {
    await using dir = await tempDir();
    const args = ["check", "--secureGRPCAddr=", "--grpcAddr=", "--monitoringAddr="];
    const own = [...args, "--httpAddr=127.0.0.1:0", "--dnsAddr="];
    const allowed = await run(pod.program, own, { cwd: dir.path, env });
    assert.match(
      allowed.stdout,
      /ok +Kubernetes +https:\/\/127.0.0.1:\d+ \(v.*\), by the pod's service account/,
    );
    assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
    const kubeconfig = await writeKubeconfig(`${dir.path}/other`, {
      cluster: { server: cluster.url, "certificate-authority": cluster.caFile },
      user: { token: await cluster.token("shop", "vm", { audiences: [] }) },
    });
    const refused = await runSignet([...own, "--kubeconfig", kubeconfig], { cwd: dir.path });
    assert.match(refused.stdout, /may not get secrets istio-ca-secret in istio-system/);
    assert.match(refused.stdout, /may not create tokenreviews\.authentication\.k8s\.io/);
    assert.equal(refused.code, 1);
    const set = await mintSet({ nowMs: Date.now() });
    await writeFiles(`${dir.path}/etc/cacerts`, {
      "ca-cert.pem": set.caCertPem,
      "ca-key.pem": set.caKeyPem,
      "root-cert.pem": set.rootCertPem,
      "cert-chain.pem": set.caCertPem,
    });
    const plugged = await runSignet([...own, "--kubeconfig", kubeconfig], { cwd: dir.path });
    assert.match(plugged.stdout, /may not create tokenreviews\.authentication\.k8s\.io/);
    assert.doesNotMatch(plugged.stdout, /may not \w+ secrets/, "a plugged-in CA needs none");
  });
  await t.step("the token of a deleted service account stops working", async () => {
    assert.equal((await issue(gone)).code, "OK");
    await cluster.api("DELETE", "/api/v1/namespaces/shop/serviceaccounts/gone");
    await until(
      "it is refused",
      async () => (await issue(gone)).code === REFUSED.code || undefined,
    );
  });
  await t.step("signet was refused nothing by the cluster", () => {
    assert.doesNotMatch(server.stdout(), /says 40[136]/);
  });
  await t.step(
    "without the API server: judged by its keys, and by its word when it is back",
    async () => {
      const doomed = await cluster.token("shop", "doomed");
      const fresh = await cluster.token("shop", "vm");
      let isOver = false;
      using _ended = { [Symbol.dispose]: () => void (isOver = true) };
      const load = (async () => {
        let served = 0;
        while (!isOver) {
          const shape = ["-count", "300", "-concurrency", "4", "-connections", "1"];
          const args = ["load", ...flags, "-bearer", fresh, ...shape];
          const { count, errors, example } = await caclient<Load>(peers.caclient, args);
          assert.equal(errors, 0, example);
          served += count;
        }
        return served;
      })();
      await cluster.api("DELETE", "/api/v1/namespaces/shop/serviceaccounts/doomed");
      await cluster.stopApi();
      assert.equal((await issue(doomed)).code, "OK", "nobody can know that it is gone");
      assertRefused(await issue(foreign));
      assertRefused(await issue(`${fresh.slice(0, -6)}AAAAAA`));
      await untilLogged(server, /Cannot take part in the election/);
      await cluster.startApi();
      await until(
        "the deleted account's token is refused",
        async () => (await issue(doomed)).code === REFUSED.code || undefined,
      );
      isOver = true;
      assert.ok(await load > 0, "certificates were issued all the time");
    },
  );
  for (const token of [good, foreign, gone]) assertNotLogged(server, token);
});

function assertRefused({ code, message }: Issued): void {
  assert.deepEqual({ code, message }, REFUSED);
}

function assertNotLogged(server: SignetServer, token: string): void {
  const printed = server.stdout() + server.stderr();
  const [, payload, signature] = token.split(".");
  assert.ok(!printed.includes(payload!) && !printed.includes(signature!), "a token is in the log");
}
