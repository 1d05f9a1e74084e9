import assert from "node:assert/strict";

import {
  caclient,
  DEMO_IDENTITY,
  type IdentityFiles,
  type Issued,
  issueIdentity,
  tlsFlags,
} from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { refusesP256WithSha384, startSignet } from "../../support/server.ts";

const KEY_KINDS = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsa3072", "rsa4096"] as const;
/** Go's numbers: digitalSignature 1, keyEncipherment 4. */
const KEY_USAGE = { ec: 1, rsa: 5 } as const;
const DAY_S = 86_400;

testWithPeers("grpc-go gets a certificate that crypto/x509 accepts for every key kind", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet();
  const flags = tlsFlags(server, await issueIdentity(server));
  for (const kind of KEY_KINDS) {
    await t.step(kind, async () => {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags, "-key-kind", kind]);
      assert.equal(issued.code, "OK", issued.message);
      assert.ok(issued.verdict?.verified, issued.verdict?.error);
      assert.deepEqual(issued.verdict.uris, [DEMO_IDENTITY]);
      assert.equal(issued.verdict.subject, "");
      assert.equal(issued.verdict.isCA, false);
      assert.notEqual(issued.verdict.subjectKeyId, "");
      assert.equal(issued.verdict.keyUsage, kind.startsWith("rsa") ? KEY_USAGE.rsa : KEY_USAGE.ec);
      assert.equal(issued.chain?.at(-1), await Deno.readTextFile(server.rootFile));
    });
  }
});

testWithPeers(
  "grpc-go's CSR chooses nothing but its key and whether a CN is set",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    const wishes = ["-uri", "spiffe://evil/ns/a/sa/b", "-dns", "evil.example"];
    await t.step("SANs of the CSR are not copied", async () => {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags, ...wishes]);
      assert.deepEqual(issued.verdict?.uris, [DEMO_IDENTITY]);
      assert.deepEqual(issued.verdict?.dnsNames, []);
    });
    await t.step("a CN becomes the identity", async () => {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags, "-cn", "evil"]);
      assert.equal(issued.verdict?.subject, `CN=${DEMO_IDENTITY}`);
    });
  },
);

const TTLS = [
  { ttl: "0s", seconds: DAY_S },
  { ttl: "-1h", seconds: DAY_S },
  { ttl: "1h", seconds: 3_600 },
  { ttl: "2160h", seconds: 2_160 * 3_600 },
] as const;

testWithPeers(
  "grpc-go gets the lifetime it asks for, or the default",
  ["caclient"],
  async (t, peers) => {
    await using server = await startSignet();
    const flags = tlsFlags(server, await issueIdentity(server));
    for (const { ttl, seconds } of TTLS) {
      await t.step(ttl, async () => {
        const { verdict } = await caclient<Issued>(peers.caclient, [
          "issue",
          ...flags,
          `-ttl=${ttl}`,
        ]);
        const lived = (Date.parse(verdict?.notAfter ?? "") - Date.parse(verdict?.notBefore ?? "")) /
          1000;
        assert.equal(lived, seconds + 120, "two minutes of backdating");
      });
    }
  },
);

testWithPeers(
  "grpc-go renews with the certificate it was issued",
  ["caclient"],
  async (_t, peers) => {
    await using server = await startSignet();
    const first = await issueIdentity(server);
    const out = `${server.cwd}/renewed`;
    await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server, first), "-out", out]);
    const second = {
      cert: `${out}/cert-chain.pem`,
      key: `${out}/key.pem`,
      roots: `${out}/root-cert.pem`,
    };
    const issued = await caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server, second)]);
    assert.ok(issued.verdict?.verified, issued.message);
    assert.deepEqual(issued.verdict.uris, [DEMO_IDENTITY]);
  },
);

testWithPeers("grpc-go is answered with and without compression, deadline and metadata", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet();
  const flags = tlsFlags(server, await issueIdentity(server));
  const variants = {
    gzip: ["-gzip"],
    "no deadline": ["-deadline", "0"],
    "empty CertSigner": ["-meta", "CertSigner="],
    "CertSigner": ["-meta", "CertSigner=example.com/signer"],
    "agent's metadata": [
      "-meta",
      "WorkloadName=a",
      "-meta",
      "ClusterID=b",
      "-header",
      "clusterid=Kubernetes",
    ],
    "a stray bearer token": ["-bearer", "a.b.c"],
    "TLS 1.3": ["-tls", "1.3"],
  };
  for (const [name, more] of Object.entries(variants)) {
    await t.step(name, async () => {
      const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags, ...more]);
      assert.equal(issued.code, "OK", issued.message);
      assert.ok(issued.verdict?.verified, issued.verdict?.error);
    });
  }
});

testWithPeers("grpc-go is answered over TLS 1.2", ["caclient"], async (t, peers) => {
  await using server = await startSignet();
  const over12 = (identity: IdentityFiles) =>
    caclient<Issued>(peers.caclient, ["issue", ...tlsFlags(server, identity), "-tls", "1.2"]);
  await t.step("with an RSA client key", async () => {
    const rsa = await issueIdentity(server, DEMO_IDENTITY, "rsa", "RSA-2048");
    const issued = await over12(rsa);
    assert.equal(issued.code, "OK", issued.message);
    assert.ok(issued.verdict?.verified, issued.verdict?.error);
  });
  await t.step("with a P-256 client key, unless the runtime refuses SHA-384 with it", async () => {
    const issued = await over12(await issueIdentity(server));
    assert.equal(issued.code, refusesP256WithSha384() ? "Unavailable" : "OK", issued.message);
  });
});
