/** The options of signers of a cluster. */
import assert from "node:assert/strict";
import {
  type Config,
  DEFAULT_MESH_CONFIG,
  type Environment,
  readDiscovery,
} from "signet/config/mod.ts";

const POD = { KUBERNETES_SERVICE_HOST: "10.0.0.1", KUBERNETES_SERVICE_PORT: "443" };
const RA = { ...POD, EXTERNAL_CA: "ISTIOD_RA_KUBERNETES_API" };
const EXTERNAL_ROOTS = "./etc/external-ca-cert/root-cert.pem";
const CLUSTER_ROOTS = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt";

function config(env: Environment, args: readonly string[] = []): Config {
  return readDiscovery(args, env).complete(DEFAULT_MESH_CONFIG);
}

Deno.test("EXTERNAL_CA has signers sign for workloads, beside a CA for the server's own certificate", () => {
  assert.equal(config(POD).signers, undefined);
  const { signers, ca } = config({
    ...RA,
    K8S_SIGNER: "example.com/a",
    SIGNET_MIN_RSA_BITS: "2048",
  });
  assert.deepEqual(signers, {
    workloads: {
      signerName: "example.com/a",
      signerDomain: "",
      maxWorkloadTtlMs: 2_160 * 3_600_000,
      minRsaBits: 2048,
    },
    rootFiles: [EXTERNAL_ROOTS, CLUSTER_ROOTS],
  });
  assert.equal(ca.enabled, true);
  // Callers who choose among signers have them checked against each one's own roots.
  const domain = config({ ...RA, CERT_SIGNER_DOMAIN: "example.com" }).signers!;
  assert.deepEqual(domain.rootFiles, [EXTERNAL_ROOTS]);
});

Deno.test("a signer of the own certificate, and no CA where signers do everything", () => {
  const own = config({ ...POD, PILOT_CERT_PROVIDER: "k8s.io/example.com/a" });
  assert.equal(own.cert.signerName, "example.com/a");
  assert.deepEqual(own.signers, { workloads: undefined, rootFiles: [EXTERNAL_ROOTS] });
  assert.equal(own.ca.enabled, true);
  const seed = config({ ...POD, PILOT_CERT_PROVIDER: "kubernetes" }, [
    "--certSigner=example.com/b",
  ]);
  assert.equal(seed.cert.signerName, "example.com/b");
  assert.deepEqual(seed.signers!.rootFiles, [EXTERNAL_ROOTS, CLUSTER_ROOTS]);
  const both = config({
    ...{ ...RA, K8S_SIGNER: "example.com/a" },
    PILOT_CERT_PROVIDER: "k8s.io/example.com/a",
  });
  assert.equal(both.ca.enabled, false);
  assert.deepEqual([both.kube!.electsLeader, both.kube!.distribution !== undefined], [true, true]);
});

Deno.test("what cannot be asked of signers is told at start", async (t) => {
  const rows: readonly (readonly [Environment, RegExp])[] = [
    [
      { ...POD, EXTERNAL_CA: "other", K8S_SIGNER: "a.b/c" },
      /EXTERNAL_CA: "other" is no external CA/,
    ],
    [RA, /it names no signer; set K8S_SIGNER, CERT_SIGNER_DOMAIN, or both/],
    [{ EXTERNAL_CA: RA.EXTERNAL_CA, K8S_SIGNER: "a.b/c" }, /need a cluster/],
    [{ PILOT_CERT_PROVIDER: "k8s.io/a.b/c" }, /need a cluster/],
    [{ ...RA, K8S_SIGNER: "nobody" }, /K8S_SIGNER: "nobody" is no signer/],
    [{ ...RA, CERT_SIGNER_DOMAIN: "a b" }, /CERT_SIGNER_DOMAIN: "a b" is no domain/],
    [{ ...RA, CERT_SIGNER_DOMAIN: "kubernetes.io" }, /is no domain of signers/],
    [
      { ...RA, K8S_SIGNER: "kubernetes.io/kube-apiserver-client" },
      /one of Kubernetes' own signers/,
    ],
    [{ ...POD, PILOT_CERT_PROVIDER: "k8s.io/" }, /PILOT_CERT_PROVIDER: "" is no signer/],
    [
      { ...POD, PILOT_CERT_PROVIDER: "kubernetes" },
      /name one .* by --certSigner, or set .*=istiod/,
    ],
  ];
  for (const [env, words] of rows) {
    await t.step(words.source, () => assert.throws(() => config(env), words));
  }
});

Deno.test("options that say nothing without another say so", () => {
  const { notices } = config({ ...POD, K8S_SIGNER: "a.b/c", SIGNET_CERT_SIGNER: "a.b/c" });
  assert.deepEqual(notices, [
    "K8S_SIGNER has no effect without EXTERNAL_CA",
    "--certSigner has no effect unless PILOT_CERT_PROVIDER is kubernetes",
  ]);
  const off = config({ ...RA, K8S_SIGNER: "a.b/c", ENABLE_CA_SERVER: "false" });
  assert.deepEqual(off.notices, ["EXTERNAL_CA has no effect with ENABLE_CA_SERVER=false"]);
  assert.equal(off.signers, undefined);
});
