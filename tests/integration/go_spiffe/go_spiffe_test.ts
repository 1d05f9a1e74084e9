/** go-spiffe takes signet's certificates for X509-SVIDs and its roots for their bundle. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { runSignet, startSignet } from "../../support/server.ts";

const IDENTITY = "spiffe://cluster.local/ns/shop/sa/spiffe";

testWithPeers(
  "go-spiffe verifies, renews and verifies again",
  ["spiffeclient", "openssl"],
  async (_, { spiffeclient, openssl }) => {
    await using server = await startSignet();
    const dir = `${server.cwd}/certs`;
    const args = ["--identity", IDENTITY, "--out", dir, "--stateDir", server.stateDir];
    const issued = await runSignet(["issue", ...args]);
    assert.equal(issued.code, 0, issued.stderr);
    // go-spiffe reads PKCS#8 alone; signet writes keys as Istio's agent does.
    const key = `${dir}/key.pem`;
    const converted = await run(openssl, ["pkcs8", "-topk8", "-nocrypt", "-in", key]);
    assert.equal(converted.code, 0, converted.stderr);
    await Deno.writeTextFile(key, converted.stdout);
    const addr = server.addr("secureGrpc").replace("127.0.0.1", "localhost");
    const ran = await run(spiffeclient, ["-addr", addr, "-dir", dir]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.deepEqual(ran.stdout.trim().split("\n"), [IDENTITY, IDENTITY]);
  },
);
