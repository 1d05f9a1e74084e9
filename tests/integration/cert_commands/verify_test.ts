import assert from "node:assert/strict";

import { selectProvider } from "signet/crypto/mod.ts";
import { verifyAsPeer } from "../../../lib/commands/verify_as_peer.ts";
import { mustRun } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, tempDir } from "../../support/process.ts";
import { runSignet } from "../../support/server.ts";
import { readCertificate } from "../../support/x509_vectors.ts";

const CHAINS = new URL("../../vectors/x509/chain/", import.meta.url).pathname;
const AT = "2026-06-01T00:00:00Z";

/** Leaf, intermediates, and the verdicts of signet, openssl and Go; with the reason where they differ. */
type Row = readonly [
  leaf: string,
  intermediates: readonly string[],
  verdicts: readonly [signet: boolean, openssl: boolean, go: boolean],
  why?: string,
];

const ALL = [true, true, true] as const;
const NONE = [false, false, false] as const;

const ROWS: readonly Row[] = [
  ["good", [], ALL],
  ["all_names", [], ALL],
  ["two_uris", [], ALL],
  ["no_san", [], ALL],
  ["below", ["intermediate"], ALL],
  ["below_deeper", ["deeper", "intermediate"], ALL],
  ["below_path_length_0", ["path_length_0"], ALL],
  ["below", [], NONE],
  ["below_deeper", ["deeper"], NONE],
  ["expired", [], NONE],
  ["not_yet_valid", [], NONE],
  ["far_future", [], NONE],
  ["impostor", [], NONE],
  ["impostor", ["impostor_root"], NONE],
  ["server_only", [], NONE],
  ["unknown_critical", [], NONE],
  ["below_not_a_ca", ["not_a_ca"], NONE],
  ["below_may_not_sign", ["may_not_sign"], NONE],
  ["below_expired_ca", ["expired_ca"], NONE],
  ["below_client_ca", ["client_ca"], NONE],
  ["too_long", ["second_below_path", "path_length_0"], NONE],
  ["leaf_p384", [], NONE],
  ["sha1", [], [false, true, false], "openssl takes SHA-1 at its default security level"],
  [
    "below_constrained",
    ["constrained"],
    [false, true, true],
    "signet processes no name constraints and refuses a CA that has them",
  ],
];

testWithPeers(
  "cert verify agrees with openssl verify -x509_strict and with Go on every chain, but for what is listed",
  ["openssl", "x509verify"],
  async (t, { openssl, x509verify }) => {
    const path = (name: string) => `${CHAINS}${name}.pem`;
    const questions = ROWS.map(([leaf, intermediates]) =>
      JSON.stringify({
        leaf: path(leaf),
        intermediates: intermediates.map(path),
        roots: [path("root")],
        at: AT,
      })
    );
    const go = await run(x509verify, [], { stdin: `${questions.join("\n")}\n` });
    assert.equal(go.code, 0, go.stderr);
    const answers = go.stdout.trim().split("\n").map((line) => JSON.parse(line));
    for (const [at, [leaf, intermediates, verdicts]] of ROWS.entries()) {
      await t.step(`${leaf} over ${intermediates.join(", ") || "nothing"}`, async () => {
        const told = await Promise.all([
          signetAccepts(leaf, intermediates),
          opensslAccepts(openssl, path(leaf), intermediates.map(path)),
          answers[at].accepted,
        ]);
        assert.deepEqual(told, verdicts, answers[at].reason);
      });
    }
  },
);

/** Everything but the identity, of which openssl and Go know nothing. */
async function signetAccepts(leaf: string, intermediates: readonly string[]): Promise<boolean> {
  const { provider } = await selectProvider("webcrypto");
  const checks = await verifyAsPeer({
    chain: [leaf, ...intermediates].map(readCertificate),
    roots: [readCertificate("root")],
    crls: undefined,
    identity: "",
    purpose: "workload",
    atMs: Date.parse(AT),
    verifySignature: (key, scheme, data, signature) =>
      provider.verify(key, scheme, data, signature),
  });
  return checks.every(({ name, status }) => name === "identity" || status !== "failed");
}

async function opensslAccepts(
  openssl: string,
  leaf: string,
  intermediates: readonly string[],
): Promise<boolean> {
  for (const purpose of ["sslclient", "sslserver"]) {
    const { code } = await run(openssl, [
      ...["verify", "-x509_strict", "-purpose", purpose, "-CAfile", `${CHAINS}root.pem`],
      ...["-attime", String(Date.parse(AT) / 1000)],
      ...intermediates.flatMap((path) => ["-untrusted", path]),
      leaf,
    ]);
    if (code !== 0) return false;
  }
  return true;
}

Deno.test("cert verify names the check that fails, in one line, with exit code 1; each wrong use with 2", async (t) => {
  const root = `${CHAINS}root.pem`;
  const id = "spiffe://cluster.local/ns/shop/sa/web";
  const table: readonly (readonly [string, readonly string[], number, RegExp])[] = [
    ["good", ["--identity", id], 0, /^$/],
    ["expired", [], 1, /expired\.pem: validity: it has expired at 2021-01-01T00:00:00Z/],
    ["impostor", [], 1, /: chain: .*is not signed by the key of/],
    ["server_only", [], 1, /: purpose: .*is not for 1\.3\.6/],
    ["two_uris", [], 1, /: identity: .*detected 2/],
    ["good", ["--identity", `${id}2`], 1, /: identity: it is .*web, should be .*web2/],
    ["no_uri", ["--purpose", "server", "--identity", "WEB.shop.svc"], 0, /^$/],
    ["no_uri", ["--purpose", "server", "--identity", "shop.svc"], 1, /names are web\.shop\.svc/],
    ["good", ["--at", "yesterday"], 2, /--at: "yesterday" should be a time such as/],
    ["good", ["--at", "2040-01-01"], 1, /: validity: it has expired/],
  ];
  for (const [name, more, expected, message] of table) {
    await t.step(`${name} ${more.join(" ")}`, async () => {
      const at = more.includes("--at") ? [] : ["--at", AT];
      const args = ["cert", "verify", `${CHAINS}${name}.pem`, "--ca", root, ...at, ...more];
      const { code, stderr, stdout } = await runSignet(args);
      assert.equal(code, expected, stderr);
      assert.match(stderr, message);
      assert.ok(stderr.trimEnd().split("\n").length <= 1);
      if (code < 2) assert.match(stdout, code === 0 ? /: accepted\n/ : /: REFUSED\n/);
    });
  }
});

testWithPeers(
  "cert verify --crl refuses what openssl's list revokes, and asks for a list of every issuer",
  ["openssl"],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const files = await revokingCa(openssl, dir.path);
    const verify = async (leaf: string, crl: string) => {
      const { code, stdout, stderr } = await runSignet([
        ...["cert", "verify", leaf, "--ca", files.root, "--crl", crl, "--output", "json"],
        ...["--purpose", "any"],
      ]);
      return { code, stderr, document: JSON.parse(stdout) };
    };
    const opensslSays = async (leaf: string, crl: string) => {
      const args = ["verify", "-crl_check_all", "-CAfile", files.root, "-CRLfile", crl, leaf];
      return (await run(openssl, args)).code;
    };
    await t.step("good", async () => {
      const { code, document } = await verify(files.good, files.crl);
      assert.equal(code, 0);
      assert.equal(document.accepted, true);
      assert.equal(await opensslSays(files.good, files.crl), 0);
    });
    await t.step("revoked", async () => {
      const { code, document, stderr } = await verify(files.revoked, files.crl);
      assert.equal(code, 1);
      assert.equal(document.failedCheck, "revocation");
      assert.match(stderr, /was revoked at/);
      assert.notEqual(await opensslSays(files.revoked, files.crl), 0);
    });
    await t.step("a list of another CA", async () => {
      const { document, stderr } = await verify(files.good, files.otherCrl);
      assert.equal(document.failedCheck, "revocation");
      assert.match(stderr, /needs a revocation list/);
      assert.notEqual(await opensslSays(files.good, files.otherCrl), 0);
    });
    await t.step("cert inspect counts its entries", async () => {
      const { stdout } = await runSignet(["cert", "inspect", files.crl]);
      assert.match(stdout, /revokes +1 certificates/);
    });
  },
);

async function revokingCa(openssl: string, dir: string) {
  const make = async (name: string) => {
    const ca = `${dir}/${name}`;
    await Deno.mkdir(ca);
    await Deno.writeTextFile(`${ca}/index.txt`, "");
    await Deno.writeTextFile(`${ca}/crlnumber`, "01\n");
    await Deno.writeTextFile(
      `${ca}/ca.cnf`,
      `[ca]\ndefault_ca=a\n[a]\ndatabase=${ca}/index.txt\nnew_certs_dir=${ca}\nrand_serial=yes\ndefault_md=sha256\npolicy=p\ndefault_days=2\ndefault_crl_days=2\ncrlnumber=${ca}/crlnumber\ncertificate=${ca}/ca.pem\nprivate_key=${ca}/ca.key\nunique_subject=no\n[p]\ncommonName=supplied\n`,
    );
    await mustRun(openssl, [
      ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", `${ca}/ca.key`, "-out", `${ca}/ca.pem`, "-subj", `/CN=${name}`],
      ...["-addext", "keyUsage=critical,keyCertSign,cRLSign", "-days", "3"],
    ]);
    return ca;
  };
  const [ca, other] = [await make("one"), await make("two")];
  const leaf = async (name: string) => {
    const out = `${ca}/${name}.pem`;
    await mustRun(openssl, [
      ...["req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"],
      ...["-keyout", `${ca}/${name}.key`, "-out", `${ca}/${name}.csr`, "-subj", `/CN=${name}`],
    ]);
    const config = ["-batch", "-notext", "-config", `${ca}/ca.cnf`];
    await mustRun(openssl, ["ca", ...config, "-in", `${ca}/${name}.csr`, "-out", out]);
    return out;
  };
  const [good, revoked] = [await leaf("good"), await leaf("revoked")];
  await mustRun(openssl, ["ca", "-config", `${ca}/ca.cnf`, "-revoke", revoked]);
  for (const folder of [ca, other]) {
    await mustRun(openssl, [
      ...["ca", "-config", `${folder}/ca.cnf`, "-gencrl", "-out", `${folder}/crl.pem`],
    ]);
  }
  return {
    root: `${ca}/ca.pem`,
    good,
    revoked,
    crl: `${ca}/crl.pem`,
    otherCrl: `${other}/crl.pem`,
  };
}
