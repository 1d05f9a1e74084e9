import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { startSignet } from "../../support/server.ts";
import { firstCertificate, type Issuable } from "./issuable.ts";
import { judge } from "./lint.ts";

testWithPeers(
  "zlint and pkilint find nothing in what a server, signet issue and the server's own files hold",
  ["caclient", "zlint", "python"],
  async (t, peers) => {
    await using server = await startSignet();
    const first = await issueIdentity(server);
    const out = `${server.cwd}/renewed`;
    const args = ["issue", ...tlsFlags(server, first), "-key-kind", "rsa4096", "-out", out];
    assert.equal((await caclient<Issued>(peers.caclient, args)).code, "OK");
    const issued: Issuable[] = [];
    for (
      const [name, from] of Object.entries({
        "the root": first.roots,
        "a leaf of signet issue": first.cert,
        "a leaf that was renewed": `${out}/cert-chain.pem`,
        "the serving certificate": `${server.cwd}/var/run/secrets/istio-dns/cert-chain.pem`,
      })
    ) {
      const path = `${server.cwd}/${issued.length}.lint.pem`;
      await Deno.writeTextFile(path, firstCertificate(await Deno.readTextFile(from)));
      issued.push({ name, path });
    }
    await judge(t, peers, issued);
  },
);
