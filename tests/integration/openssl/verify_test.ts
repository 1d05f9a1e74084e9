import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const KEY_KINDS = ["p256", "p384", "p521", "ed25519", "rsa2048"] as const;
const PURPOSES = ["sslclient", "sslserver"] as const;

testWithPeers(
  "openssl verify -x509_strict accepts leaves of every key kind, for both purposes",
  ["caclient", "openssl"],
  async (t, peers) => {
    await using server = await startSignet();
    const first = await issueIdentity(server);
    const strict = async (root: string, leaf: string, purpose: string) => {
      const args = ["verify", "-x509_strict", "-purpose", purpose, "-CAfile", root, leaf];
      const { code, stdout, stderr } = await run(peers.openssl, args);
      assert.equal(code, 0, stdout + stderr);
    };
    for (const purpose of PURPOSES) {
      await t.step(`of signet issue, ${purpose}`, () => strict(first.roots, first.cert, purpose));
    }
    for (const kind of KEY_KINDS) {
      const out = `${server.cwd}/${kind}`;
      const args = ["issue", ...tlsFlags(server, first), "-key-kind", kind, "-out", out];
      assert.equal((await caclient<Issued>(peers.caclient, args)).code, "OK");
      for (const purpose of PURPOSES) {
        await t.step(
          `${kind}, ${purpose}`,
          () => strict(`${out}/root-cert.pem`, `${out}/cert-chain.pem`, purpose),
        );
      }
    }
    await t.step("and the root by itself", async () => {
      const args = [
        "verify",
        "-x509_strict",
        "-check_ss_sig",
        "-CAfile",
        server.rootFile,
        server.rootFile,
      ];
      const { code, stdout, stderr } = await run(peers.openssl, args);
      assert.equal(code, 0, stdout + stderr);
    });
    await t.step("and the serving certificate, by each of its names", async () => {
      const chain = `${server.cwd}/var/run/secrets/istio-dns/cert-chain.pem`;
      for (const name of ["localhost", "istiod.istio-system.svc"]) {
        const args = [
          "verify",
          "-x509_strict",
          "-verify_hostname",
          name,
          "-CAfile",
          server.rootFile,
          chain,
        ];
        const { code, stdout, stderr } = await run(peers.openssl, args);
        assert.equal(code, 0, stdout + stderr);
      }
    });
  },
);
