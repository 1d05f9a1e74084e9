import assert from "node:assert/strict";

import { caclient, type Issued, issueIdentity, tlsFlags } from "../../support/caclient.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { providerOf } from "../../support/providers.ts";
import { runsExecutable, startSignet } from "../../support/server.ts";
import { firstCertificate, type Issuable, issueEverything } from "./issuable.ts";

const PKILINT = new URL("lint_many.py", import.meta.url).pathname;
const SOURCES = "RFC5280,RFC5480,RFC8813,RFC3279";
/** Results of zlint that no certificate may have. */
const FAULTS: readonly string[] = ["warn", "error", "fatal"];
/** Fewer lints than this were run: the sources' names have changed and nothing would be found. */
const FEWEST_LINTS = 50;
const TIMEOUT_MS = 300_000;
/** Findings of pkilint that are no faults, by code, with what must stand in their message. */
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

/** Faults by file. */
type Faults = ReadonlyMap<string, readonly unknown[]>;

async function zlint(program: string, paths: readonly string[]): Promise<Faults> {
  const ran = await run(program, ["-includeSources", SOURCES, ...paths], { timeoutMs: TIMEOUT_MS });
  assert.equal(ran.code, 0, ran.stderr);
  const lines = ran.stdout.trim().split("\n");
  assert.equal(lines.length, paths.length, "one line of results for each file");
  return new Map(lines.map((line, at) => {
    const all = Object.entries(JSON.parse(line) as Record<string, { readonly result: string }>);
    const ran = all.filter(([, { result }]) => result !== "NA" && result !== "NE");
    assert.ok(all.length >= FEWEST_LINTS && ran.length > 0, `${all.length} lints`);
    return [paths[at]!, all.filter(([, { result }]) => FAULTS.includes(result))];
  }));
}

async function pkilint(python: string, paths: readonly string[]): Promise<Faults> {
  const ran = await run(python, [PKILINT, ...paths], { timeoutMs: TIMEOUT_MS });
  assert.equal(ran.code, 0, ran.stderr);
  const lines = ran.stdout.trim().split("\n").map((line) =>
    JSON.parse(line) as { readonly path: string; readonly findings: readonly Finding[] }
  );
  assert.deepEqual(lines.map(({ path }) => path), paths);
  return new Map(
    lines.map(({ path, findings }) => [
      path,
      findings.filter(({ code, message }) => !TAKEN[code]?.test(message ?? "")),
    ]),
  );
}

async function judge(
  t: Deno.TestContext,
  peers: { readonly zlint: string; readonly python: string },
  issued: readonly Issuable[],
): Promise<void> {
  const paths = issued.map(({ path }) => path);
  const [byZlint, byPkilint] = await Promise.all([
    zlint(peers.zlint, paths),
    pkilint(peers.python, paths),
  ]);
  for (const { name, path } of issued) {
    await t.step(name, () => {
      assert.deepEqual(byZlint.get(path), [], "zlint");
      assert.deepEqual(byPkilint.get(path), [], "pkilint");
    });
  }
}

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

// The same code in this process as in the executable.
if (!runsExecutable()) {
  testWithPeers(
    "zlint and pkilint find nothing in leaves of every key under every CA, nor in its root and its own certificate",
    ["zlint", "python", "openssl"],
    async (t, peers) => {
      await using dir = await tempDir();
      const { openssl } = peers;
      const crypto = providerOf("openssl");
      await judge(t, peers, await issueEverything(dir.path, { crypto, openssl }));
    },
  );
}

testWithPeers(
  "zlint and pkilint do find what is wrong",
  ["zlint", "python", "openssl"],
  async (_t, { zlint: program, python, openssl }) => {
    await using dir = await tempDir();
    const path = `${dir.path}/bad.pem`;
    const made = await run(openssl, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", "/dev/null", "-out", path, "-subj", "/", "-set_serial", "0"],
      ...["-addext", "subjectAltName=DNS:a_b..example", "-addext", "keyUsage=keyCertSign"],
    ]);
    assert.equal(made.code, 0, made.stderr);
    assert.notDeepEqual((await zlint(program, [path])).get(path), []);
    assert.notDeepEqual((await pkilint(python, [path])).get(path), []);
  },
);
