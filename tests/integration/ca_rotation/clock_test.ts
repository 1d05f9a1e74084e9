// Rotation by the clock in a running server, and roots with keys of other kinds.
import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import {
  caclient,
  type Issued,
  issueIdentity,
  type Load,
  tlsFlags,
} from "../../support/caclient.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { spawnSignet, startSignet } from "../../support/server.ts";
import { metric, until } from "../../support/until.ts";

const PEERS = ["caclient", "openssl"] as const;
const USAGE = 2;

testWithPeers(
  "a server renews its root by the clock under load, and no handshake fails",
  PEERS,
  async (
    _t,
    peers,
  ) => {
    await using server = await startSignet({
      env: {
        CITADEL_SELF_SIGNED_ROOT_CERT_CHECK_INTERVAL: "1s",
        CITADEL_SELF_SIGNED_ROOT_CERT_GRACE_PERIOD_PERCENTILE: "100",
        CITADEL_ENABLE_JITTER_FOR_ROOT_CERT_ROTATOR: "false",
        CITADEL_SELF_SIGNED_CA_CERT_TTL: "96h",
      },
    });
    const identity = await issueIdentity(server);
    const first = await Deno.readTextFile(server.rootFile);
    const load = async () => {
      const args = ["load", ...tlsFlags(server, identity), "-reconnect", "-count", "200"];
      return await caclient<Load>(peers.caclient, [...args, "-concurrency", "4"]);
    };
    const loading = load();
    const roots = new Set([first]);
    await until("the root was renewed twice", async () => {
      roots.add(await Deno.readTextFile(server.rootFile));
      return roots.size > 2 || undefined;
    });
    const { errors, example } = await loading;
    assert.equal(errors, 0, example);
    const keys = [...roots].map((pem) =>
      new X509Certificate(pem).publicKey.export({ type: "spki", format: "pem" })
    );
    assert.equal(new Set(keys).size, 1, "one key");
    const shown = await metric(server, "citadel_server_root_cert_expiry_timestamp");
    assert.ok(
      shown !== undefined && shown * 1000 > Date.parse(new X509Certificate(first).validTo) - 1,
    );
  },
);

testWithPeers(
  "new roots have the key that was asked for, and openssl accepts what they sign",
  PEERS,
  async (
    t,
    peers,
  ) => {
    const rows: Readonly<Record<string, readonly [Readonly<Record<string, string>>, string]>> = {
      "P-384": [{ SIGNET_SELF_SIGNED_ROOT_KEY: "P-384" }, "ECDSA-SHA384"],
      "RSA-3072": [{ SIGNET_SELF_SIGNED_ROOT_KEY: "RSA-3072" }, "SHA256-RSA"],
      "istiod's variable": [{ CITADEL_SELF_SIGNED_CA_RSA_KEY_SIZE: "2048" }, "SHA256-RSA"],
      "both": [{
        SIGNET_SELF_SIGNED_ROOT_KEY: "P-256",
        CITADEL_SELF_SIGNED_CA_RSA_KEY_SIZE: "4096",
      }, "ECDSA-SHA256"],
    };
    for (const [name, [env, algorithm]] of Object.entries(rows)) {
      await t.step(name, async () => {
        await using server = await startSignet({ env });
        const identity = await issueIdentity(server);
        const flags = tlsFlags(server, identity);
        const issued = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
        assert.ok(issued.verdict?.verified, issued.message);
        assert.equal(issued.verdict.signatureAlgorithm, algorithm);
        const args = ["-x509_strict", "-check_ss_sig", "-CAfile", server.rootFile, identity.cert];
        await mustRun(peers.openssl, ["verify", ...args]);
      });
    }
    await t.step("an existing root is kept, and the start says so", async () => {
      await using first = await startSignet();
      const root = await Deno.readTextFile(first.rootFile);
      await first.stop();
      const args = ["--selfSignedRootKey", "P-384"];
      await using second = await startSignet({ cwd: first.cwd, args });
      assert.equal(await Deno.readTextFile(second.rootFile), root);
      assert.match(second.stdout(), /the root that is there has a P-256 key and keeps it/);
    });
  },
);

Deno.test("a root key that nobody should have ends the start in istiod's words", async (t) => {
  const rows: Readonly<Record<string, RegExp>> = {
    "1024":
      /requested key size does not meet the minimum required size of 2048 \(requested: 1024\)/,
    "0": /requested key size does not meet the minimum required size of 2048 \(requested: 0\)/,
    "2049": /2049 bits are not supported, use 2048, 3072, 4096/,
  };
  for (const [bits, reason] of Object.entries(rows)) {
    await t.step(bits, async () => {
      await using server = await spawnSignet({
        env: { CITADEL_SELF_SIGNED_CA_RSA_KEY_SIZE: bits },
      });
      assert.equal(await server.exited, USAGE);
      assert.match(server.stderr(), reason);
    });
  }
});
