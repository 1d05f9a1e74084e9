/** Signers of the cluster: they sign for workloads and for signet itself, which asks with exactly what the manifests let it do. */
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";

import { caclient, type Issued } from "../../support/caclient.ts";
import { SIGNER_DOMAIN, startCsrSigners } from "../../support/csr_signer.ts";
import { podFiles } from "../../support/in_cluster.ts";
import { startCluster, type TestCluster } from "../../support/kubernetes.ts";
import { startDaemon } from "../../support/daemon.ts";
import { applyManifests } from "../../support/manifests.ts";
import { selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runAgentWithToken } from "../../support/pilot_agent.ts";
import { run } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { metric, until, untilLogged } from "../../support/until.ts";

const PEERS = [
  ...["etcd", "kube-apiserver", "openssl", "caclient", "csrsigner", "pilot-agent", "unshare"],
] as const;
const OWN_PEERS = ["etcd", "kube-apiserver", "openssl", "csrsigner", "caclient"] as const;
const IDENTITY = "spiffe://cluster.local/ns/shop/sa/vm";
/** A signer of Kubernetes' own parts. */
const PARTS = `${SIGNER_DOMAIN}/kubernetes`;
const REQUESTS = "/apis/certificates.k8s.io/v1/certificatesigningrequests";

/** The signer, as a program of its own. */
async function startSigner(
  path: string,
  cluster: TestCluster,
  ca: { readonly cert: string; readonly key: string },
): Promise<AsyncDisposable> {
  const daemon = await startDaemon(path, {
    args: [cluster.kubeconfig, ca.cert, ca.key, PARTS],
    cwd: cluster.dir,
    ready: () => Promise.resolve("its requests wait until it signs"),
    isReady: () => true,
  });
  return { [Symbol.asyncDispose]: () => daemon.stop() };
}

/** A mesh config that names the root of each signer. */
async function writeMesh(path: string, roots: Readonly<Record<string, string>>): Promise<void> {
  const caCertificates = Object.entries(roots).map(([signer, pem]) => ({
    pem,
    certSigners: [signer],
  }));
  await Deno.writeTextFile(`${path}.new`, JSON.stringify({ caCertificates }));
  await Deno.rename(`${path}.new`, path);
}

async function rootsIn(cluster: TestCluster, namespace: string): Promise<string | undefined> {
  const path = `/api/v1/namespaces/${namespace}/configmaps/istio-ca-root-cert`;
  const found = await cluster.api("GET", path).catch(() => undefined);
  return found?.data["root-cert.pem"];
}

function sha256Of(pem: string): string {
  return new X509Certificate(pem).fingerprint256;
}

testWithPeers("signers of the cluster in the CA's place", PEERS, async (t, peers) => {
  await using cluster = await startCluster(peers);
  await cluster.createNamespace("shop");
  await cluster.createServiceAccount("shop", "vm");
  await applyManifests(cluster, ["signers"]);
  const { openssl } = peers;
  const partsCa = await selfSignedCa(openssl, `${cluster.dir}/parts`, "/O=parts");
  const partsRoot = await Deno.readTextFile(partsCa.cert);
  await using _parts = await startSigner(peers.csrsigner, cluster, partsCa);
  await using signers = await startCsrSigners(cluster, openssl);
  const pod = await podFiles(cluster.dir, {
    "token": await cluster.token("istio-system", "signet", { audiences: [] }),
    "ca.crt": await Deno.readTextFile(cluster.caFile),
  });
  const { hostname, port } = new URL(cluster.url);
  const mesh = `${cluster.dir}/mesh`;
  await writeMesh(mesh, { [PARTS]: partsRoot, [`${SIGNER_DOMAIN}/good`]: signers.rootPem });
  const env = {
    KUBERNETES_SERVICE_HOST: hostname,
    KUBERNETES_SERVICE_PORT: port,
    ISTIOD_CUSTOM_HOST: "localhost",
    EXTERNAL_CA: "ISTIOD_RA_KUBERNETES_API",
    K8S_SIGNER: PARTS,
    CERT_SIGNER_DOMAIN: SIGNER_DOMAIN,
    PILOT_CERT_PROVIDER: `k8s.io/${PARTS}`,
  };
  const args = ["--meshConfig", mesh];
  await using server = await startSignet({ executable: pod.program, env, args });
  const roots = `${cluster.dir}/roots.pem`;
  const flags = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost", "-roots", roots];
  const token = await cluster.token("shop", "vm");
  const ask = (...more: readonly string[]): Promise<Issued> =>
    caclient(peers.caclient, ["issue", ...flags, "-bearer", token, ...more]);
  const issue = (...more: readonly string[]) => ask("-uri", IDENTITY, ...more);

  await t.step("its own certificate is the signer's, whose root every namespace has", async () => {
    const pem = await until("the namespace has it", () => rootsIn(cluster, "shop"));
    assert.equal(sha256Of(pem), sha256Of(partsRoot));
    await Deno.writeTextFile(roots, pem);
    assert.match(server.stdout(), /certificate issued by the cluster's signer signers.example.com/);
    const { items } = await cluster.api("GET", "/api/v1/namespaces/istio-system/secrets");
    assert.deepEqual(
      items.map(({ metadata }: { metadata: { name: string } }) => metadata.name),
      [],
    );
  });
  await t.step("a signer of Kubernetes' own parts signs for a workload", async () => {
    const issued = await issue();
    assert.equal(issued.code, "OK", issued.message);
    assert.deepEqual(issued.verdict?.uris, [IDENTITY]);
    assert.equal(issued.verdict?.verified, true, issued.verdict?.error);
    assert.equal(sha256Of(issued.chain!.at(-1)!), sha256Of(partsRoot));
    await untilLogged(server, /Asking a signer .*signers\.example\.com\/kubernetes/);
    await untilLogged(server, /A signer issued a certificate\s.*serial/);
  });
  await t.step("the certificate lives as long as was asked for", async () => {
    const { verdict } = await issue("-ttl", "20m");
    const lifeMs = Date.parse(verdict!.notAfter) - Date.now();
    assert.ok(lifeMs > 900_000 && lifeMs <= 1_201_000, `${lifeMs} ms`);
  });
  await t.step(
    "Istio's pilot-agent gets its certificate",
    () =>
      runAgentWithToken(peers["pilot-agent"], server, {
        ...{ token, roots },
        // Signers take ten minutes at least.
        env: { SECRET_TTL: "1h" },
      }),
  );
  await t.step("a caller names another signer of the domain", async () => {
    const issued = await issue("-meta", "CertSigner=good");
    assert.equal(issued.code, "OK", issued.message);
    assert.equal(issued.chain!.length, 3, "leaf, intermediate, root");
    assert.equal(sha256Of(issued.chain!.at(-1)!), sha256Of(signers.rootPem));
    const whole = await issue("-meta", "CertSigner=whole");
    assert.equal(whole.code, "OK", whole.message);
    assert.equal(whole.chain!.length, 2, "leaf, root");
    assert.equal(sha256Of(whole.chain!.at(-1)!), sha256Of(signers.rootPem));
  });
  await t.step("a signer that does something else is not believed", async () => {
    const said = {
      "failing": /is failed: .*no ink/,
      "other-key": /sent a certificate for another key/,
      "other-name": /sent a certificate for other names/,
    };
    for (const [name, words] of Object.entries(said)) {
      const { code, message } = await issue("-meta", `CertSigner=${name}`);
      assert.equal(code, "Internal", name);
      assert.match(message!, words);
    }
    const { code } = await issue("-meta", "CertSigner=../good");
    assert.equal(code, "InvalidArgument");
  });
  await t.step("a CSR that says more than its caller is never sent on", async () => {
    const before = new Map(signers.answered);
    const csrs = [
      ["-uri", "spiffe://cluster.local/ns/shop/sa/admin"],
      ["-uri", IDENTITY, "-uri", "spiffe://cluster.local/ns/shop/sa/admin"],
      ["-uri", IDENTITY, "-dns", "istiod.istio-system.svc"],
      ["-uri", IDENTITY, "-cn", "admin"],
      [],
    ];
    for (const csr of csrs) {
      const { code, message } = await ask(...csr, "-meta", "CertSigner=good");
      assert.equal(code, "InvalidArgument", csr.join(" "));
      assert.equal(message, "CSR signing error (unable to validate SAN Identities in CSR)");
    }
    for (const ttl of ["1m", "3000h"]) {
      assert.equal((await issue("-ttl", ttl)).code, "InvalidArgument");
    }
    assert.deepEqual(signers.answered, before);
  });
  await t.step("no request is left in the cluster, and it refused signet nothing", async () => {
    assert.deepEqual((await cluster.api("GET", REQUESTS)).items, []);
    assert.doesNotMatch(server.stdout(), /says 40[136]/);
  });
  await t.step("another root in the mesh config is followed at once", async () => {
    const next = await selfSignedCa(openssl, `${cluster.dir}/next`, "/O=parts next");
    await Deno.copyFile(next.key, partsCa.key);
    await Deno.copyFile(next.cert, partsCa.cert);
    const pem = await Deno.readTextFile(next.cert);
    await writeMesh(mesh, { [PARTS]: pem, [`${SIGNER_DOMAIN}/good`]: signers.rootPem });
    await until("the namespace has the new root", async () => {
      const found = await rootsIn(cluster, "shop");
      return found !== undefined && sha256Of(found) === sha256Of(pem) || undefined;
    });
    await Deno.writeTextFile(roots, pem);
    const issued = await until("its own certificate is the new root's", async () => {
      const issued = await issue();
      return issued.code === "OK" ? issued : undefined;
    }, { giveUpMs: 120_000 });
    assert.equal(sha256Of(issued.chain!.at(-1)!), sha256Of(pem));
    assert.ok((await metric(server, "signet_signer_seconds_count"))! > 5);
  });
  await t.step("signet check says what it would ask, and what the cluster forbids", async () => {
    const off = ["--secureGRPCAddr=", "--grpcAddr=", "--monitoringAddr=", "--dnsAddr="];
    const own = ["check", ...args, ...off, "--httpAddr=127.0.0.1:0", "--stateDir", "./checked"];
    const allowed = await run(pod.program, own, { cwd: server.cwd, env });
    assert.match(allowed.stdout, /ok +signers +workloads' certificates by signers.example.com/);
    assert.match(allowed.stdout, /ok +own certificate +would be issued by the cluster's signer/);
    assert.equal(allowed.code, 0, allowed.stdout + allowed.stderr);
    const other = { ...env, K8S_SIGNER: "other.example.com/x" };
    const refused = await run(pod.program, own, { cwd: server.cwd, env: other });
    assert.match(refused.stdout, /may not approve signers.*other\.example\.com\/x/);
    assert.equal(refused.code, 1);
  });
});

testWithPeers("PILOT_CERT_PROVIDER=kubernetes", OWN_PEERS, async (t, peers) => {
  await using cluster = await startCluster(peers);
  await cluster.createNamespace("istio-system");
  const ca = await selfSignedCa(peers.openssl, `${cluster.dir}/parts`, "/O=parts");
  await using _signer = await startSigner(peers.csrsigner, cluster, ca);
  const args = ["--kubeconfig", cluster.kubeconfig];
  const env = { PILOT_CERT_PROVIDER: "kubernetes" };
  await t.step("without a signer the start says what to set", async () => {
    const ran = await runSignet(["discovery", ...args], { env });
    assert.equal(ran.code, 2, ran.stderr);
    assert.match(ran.stderr, /no longer supported by upstream K8S.*--certSigner.*=istiod/);
  });
  await t.step("and with one whose root is unknown", async () => {
    const ran = await runSignet(["discovery", ...args, "--certSigner", PARTS], { env });
    assert.match(ran.stderr, /no root for signer signers\.example\.com\/kubernetes; name it in/);
  });
  await t.step("with --certSigner the signer's certificate is served, the CA signs", async () => {
    const cwd = await Deno.makeTempDir({ prefix: "signet-server-" });
    await Deno.mkdir(`${cwd}/etc/external-ca-cert`, { recursive: true });
    await Deno.copyFile(ca.cert, `${cwd}/etc/external-ca-cert/root-cert.pem`);
    const signer = ["--certSigner", PARTS];
    await using server = await startSignet({ args: [...args, ...signer], env, cwd });
    await identityBy(peers.caclient, server, ca.cert);
    await Deno.remove(cwd, { recursive: true });
  });
});

/** A certificate of the built-in CA, over a connection that the signer's root vouches for. */
async function identityBy(path: string, server: SignetServer, roots: string): Promise<void> {
  const identity = "spiffe://cluster.local/ns/default/sa/demo";
  const args = ["token", "create", "--identity", identity, "--stateDir", server.stateDir];
  const made = await runSignet(args, { cwd: server.cwd });
  const bearer = made.stdout.trim().split("\n").at(-1)!;
  const flags = ["-addr", server.addr("secureGrpc"), "-server-name", "localhost", "-roots", roots];
  const issued = await caclient<Issued>(path, ["issue", ...flags, "-bearer", bearer]);
  assert.equal(issued.code, "OK", issued.message);
  assert.notEqual(sha256Of(issued.chain!.at(-1)!), sha256Of(await Deno.readTextFile(roots)));
}
