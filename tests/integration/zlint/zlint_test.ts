import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const SOURCES = "RFC5280,RFC5480,RFC8813,RFC3279";
const KEY_KINDS = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsa4096"] as const;
/** Results that no certificate may have. */
const FAULTS: readonly string[] = ["warn", "error", "fatal"];
/** Fewer lints than this were run: the sources' names have changed and nothing would be found. */
const FEWEST_LINTS = 50;

async function lint(zlint: string, path: string): Promise<void> {
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(
    await Deno.readTextFile(path),
  );
  const one = `${path}.lint`;
  await Deno.writeTextFile(one, pem?.[0] ?? "");
  const { code, stdout, stderr } = await run(zlint, ["-includeSources", SOURCES, one]);
  assert.equal(code, 0, stderr);
  const results = Object.entries(
    JSON.parse(stdout) as Record<string, { result: string; details?: string }>,
  );
  const faults = results.filter(([, { result }]) => FAULTS.includes(result));
  assert.deepEqual(faults, [], path);
  const ran = results.filter(([, { result }]) => result !== "NA" && result !== "NE");
  assert.ok(results.length >= FEWEST_LINTS && ran.length > 0, `${results.length} lints`);
}

testWithPeers("zlint finds no error and no warning in the root and in leaves of every key kind", [
  "caclient",
  "zlint",
], async (t, peers) => {
  await using server = await startSignet();
  const first = await issueIdentity(server);
  await t.step("root", () => lint(peers.zlint, first.roots));
  await t.step("leaf of signet issue", () => lint(peers.zlint, first.cert));
  await t.step(
    "serving certificate",
    () => lint(peers.zlint, `${server.cwd}/var/run/secrets/istio-dns/cert-chain.pem`),
  );
  for (const kind of KEY_KINDS) {
    for (const more of [[], ["-cn", "wanted"]]) {
      await t.step(`${kind}${more.length > 0 ? " with a CN" : ""}`, async () => {
        const out = `${server.cwd}/${kind}${more.length}`;
        const args = ["issue", ...tlsFlags(server, first), "-key-kind", kind, "-out", out, ...more];
        assert.equal((await caclient<Issued>(peers.caclient, args)).code, "OK");
        await lint(peers.zlint, `${out}/cert-chain.pem`);
      });
    }
  }
});
