/** pkilint beside zlint: another linter, written by others. */
import assert from "node:assert/strict";
import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run } from "../../support/process.ts";
import { startSignet } from "../../support/server.ts";

const KEY_KINDS = ["p256", "p384", "p521", "ed25519", "rsa2048", "rsa4096"] as const;

/** Findings that are no faults, by code, with what must stand in their message. */
const TAKEN: Readonly<Record<string, RegExp>> = {
  // Its table of URI schemes does not have SPIFFE's.
  "pkix.invalid_uri_syntax": /spiffe:\/\//,
  // A name of one label: RFC 6761 section 6.3 reserves this one.
  "pkix.invalid_domain_name_syntax": /^Invalid domain name syntax: "localhost"$/,
};

interface Finding {
  readonly severity: string;
  readonly code: string;
  readonly message: string | null;
}

async function lint(program: string, path: string): Promise<readonly Finding[]> {
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----\n/.exec(
    await Deno.readTextFile(path),
  );
  const one = `${path}.lint`;
  await Deno.writeTextFile(one, pem?.[0] ?? "");
  const { stdout, stderr } = await run(program, ["lint", "-s", "WARNING", "-f", "JSON", one]);
  assert.match(stdout, /^\{"results"/, stderr);
  const { results } = JSON.parse(stdout) as {
    readonly results: readonly { readonly finding_descriptions: readonly Finding[] }[];
  };
  return results.flatMap(({ finding_descriptions }) => finding_descriptions);
}

async function judge(program: string, path: string, allowed: readonly string[]): Promise<void> {
  const findings = await lint(program, path);
  const faults = findings.filter(({ code, message }) =>
    !allowed.includes(code) || !TAKEN[code]!.test(message ?? "")
  );
  assert.deepEqual(faults, [], path);
}

testWithPeers("pkilint finds nothing in what signet issues but what it does not know", [
  "caclient",
  "lint_pkix_cert",
], async (t, { caclient: client, lint_pkix_cert: program }) => {
  await using server = await startSignet();
  const first = await issueIdentity(server);
  const uri = ["pkix.invalid_uri_syntax"];
  await t.step("root", () => judge(program, first.roots, []));
  await t.step("leaf of signet issue", () => judge(program, first.cert, uri));
  await t.step(
    "serving certificate",
    () =>
      judge(program, `${server.cwd}/var/run/secrets/istio-dns/cert-chain.pem`, [
        "pkix.invalid_domain_name_syntax",
      ]),
  );
  for (const kind of KEY_KINDS) {
    await t.step(kind, async () => {
      const out = `${server.cwd}/${kind}`;
      const args = ["issue", ...tlsFlags(server, first), "-key-kind", kind, "-out", out];
      assert.equal((await caclient<Issued>(client, args)).code, "OK");
      await judge(program, `${out}/cert-chain.pem`, uri);
    });
  }
});
