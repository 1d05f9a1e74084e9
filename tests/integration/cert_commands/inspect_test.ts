import assert from "node:assert/strict";

import { mustRun, selfSignedCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { runSignet } from "../../support/server.ts";

const VECTORS = new URL("../../vectors/x509/", import.meta.url).pathname;

interface Block {
  readonly type: string;
  readonly findings: readonly { readonly by: string; readonly reason: string }[];
  readonly [field: string]: unknown;
}

async function inspectJson(path: string, ...more: readonly string[]): Promise<readonly Block[]> {
  const { code, stdout, stderr } = await runSignet([
    "cert",
    "inspect",
    path,
    "--output",
    "json",
    ...more,
  ]);
  assert.equal(code, 0, stderr);
  return (JSON.parse(stdout) as { blocks: readonly Block[] }).blocks;
}

testWithPeers(
  "cert inspect tells what openssl tells: serial number, dates, fingerprint, key identifiers",
  ["openssl"],
  async (t, { openssl }) => {
    for (const name of ["good", "root", "leaf_rsa2048", "leaf_ed25519", "far_future"]) {
      await t.step(name, async () => {
        const path = `${VECTORS}chain/${name}.pem`;
        const [block = assert.fail()] = await inspectJson(path);
        const told = await mustRun(openssl, [
          ...["x509", "-in", path, "-noout", "-serial", "-dates", "-dateopt", "iso_8601"],
          ...["-fingerprint", "-sha256", "-ext", "subjectKeyIdentifier"],
        ]);
        const flat = told.replaceAll(/[:\s]/g, "").toLowerCase();
        assert.ok(flat.includes(`serial=${block["serialNumber"]}`), told);
        assert.ok(flat.includes(`fingerprint=${block["sha256"]}`), told);
        assert.ok(flat.includes(String(block["subjectKeyIdentifier"])), told);
        const time = (field: string) => String(block[field]).replace("T", " ");
        assert.match(told, new RegExp(`notBefore=${time("notBefore")}`));
        assert.match(told, new RegExp(`notAfter=${time("notAfter")}`));
      });
    }
  },
);

testWithPeers(
  "cert inspect tells a key's kind and certificate, whatever its form, and never the key",
  ["openssl"],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const { cert, key } = await selfSignedCa(openssl, dir.path, "/O=cluster.local");
    await mustRun(openssl, ["ec", "-in", key, "-out", `${dir.path}/sec1.pem`]);
    await mustRun(openssl, [
      ...["pkcs8", "-topk8", "-nocrypt", "-in", key],
      ...["-outform", "DER", "-out", `${dir.path}/key.der`],
    ]);
    await mustRun(openssl, ["genrsa", "-traditional", "-out", `${dir.path}/rsa.pem`, "2048"]);
    await mustRun(openssl, ["genpkey", "-algorithm", "ed25519", "-out", `${dir.path}/ed.pem`]);
    const table = [
      [key, "ECDSA P-256", "PKCS#8", [cert]],
      [`${dir.path}/sec1.pem`, "ECDSA P-256", "SEC1", []],
      [`${dir.path}/key.der`, "ECDSA P-256", "PKCS#8", []],
      [`${dir.path}/rsa.pem`, "RSA 2048", "PKCS#1", []],
      [`${dir.path}/ed.pem`, "Ed25519", "PKCS#8", []],
    ] as const;
    for (const [path, kind, form, belongsTo] of table) {
      await t.step(`${kind} in ${form}: ${path.split("/").at(-1)}`, async () => {
        const [block = assert.fail()] = await inspectJson(path);
        assert.equal(block.type, "privateKey");
        assert.equal(block["publicKey"], kind);
        assert.equal(block["form"], form);
        assert.deepEqual(block["belongsTo"], belongsTo);
        for (const format of ["text", "json"]) {
          const { stdout } = await runSignet(["cert", "inspect", path, "--output", format]);
          await assertNoSecret(openssl, path, stdout);
        }
      });
    }
    await t.step("a certificate that is not its own", async () => {
      const [block = assert.fail()] = await inspectJson(`${dir.path}/rsa.pem`, "--cert", cert);
      assert.deepEqual(block["belongsTo"], []);
      assert.match(block.findings.map(({ reason }) => reason).join(), /does not belong to/);
    });
    await t.step("a key that others may read", async () => {
      await Deno.chmod(key, 0o644);
      const [block = assert.fail()] = await inspectJson(key);
      assert.match(block.findings[0]!.reason, /mode 644/);
    });
  },
);

/** No 16 hex digits or base64 characters of the private part are in the text; public halves are left out of account. */
async function assertNoSecret(openssl: string, path: string, text: string): Promise<void> {
  const dump = await mustRun(openssl, ["pkey", "-in", path, "-noout", "-text"]);
  const secret = /(?:priv|privateExponent):\s*([0-9a-f:\s]+)/.exec(dump)?.[1] ?? assert.fail(dump);
  const hex = secret.replaceAll(/[:\s]/g, "");
  const shown = text.replaceAll(/[:\s]/g, "").toLowerCase();
  for (let at = 0; at + 16 <= hex.length; at += 2) {
    assert.ok(!shown.includes(hex.slice(at, at + 16)), "a part of the private key is printed");
  }
  const base64 = Uint8Array.fromHex(hex).toBase64().slice(0, 16);
  assert.ok(!text.includes(base64), "a part of the private key is printed");
}

testWithPeers(
  "cert inspect reads chains, CSRs and foreign keys, and answers hostile files in one line",
  ["openssl"],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const path = (name: string) => `${dir.path}/${name}`;
    await t.step(
      "a certificate with a key that no mesh takes is told of, with exit code 1",
      async () => {
        const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:secp256k1", "-nodes"];
        const out = ["-keyout", path("k1.key"), "-out", path("k1.pem"), "-subj", "/CN=curve"];
        await mustRun(openssl, ["req", "-x509", ...key, ...out]);
        const { code, stdout, stderr } = await runSignet(["cert", "inspect", path("k1.pem")]);
        assert.equal(code, 1);
        assert.match(stdout, /CN=curve/);
        assert.match(stderr, /^signet: Cannot use .*k1\.pem: .*not supported.*\n$/);
      },
    );
    await t.step("an encrypted key is said to be one", async () => {
      const args = ["genpkey", "-algorithm", "ed25519", "-aes128", "-pass", "pass:x"];
      await mustRun(openssl, [...args, "-out", path("encrypted.pem")]);
      const { code, stdout } = await runSignet(["cert", "inspect", path("encrypted.pem")]);
      assert.equal(code, 0);
      assert.match(stdout, /encrypted private key/);
    });
    await Deno.writeTextFile(path("text"), "hello\u001b[31m\n");
    await Deno.writeFile(path("random"), globalThis.crypto.getRandomValues(new Uint8Array(5000)));
    await Deno.writeFile(path("large"), new Uint8Array((4 << 20) + 1));
    await Deno.writeTextFile(path("deep"), `${"0\u0080".repeat(5000)}`);
    await Deno.writeTextFile(path("empty"), "");
    const hostile = [path("text"), path("random"), path("large"), path("deep"), path("empty")];
    for (const file of [...hostile, "/dev/zero", dir.path, path("missing"), path("a\nb")]) {
      await t.step(`${JSON.stringify(file.split("/").at(-1))} gives one line`, async () => {
        const { code, stdout, stderr } = await runSignet(["cert", "inspect", file]);
        assert.equal(code, 1);
        assert.equal(stdout, "");
        assert.match(stderr, /^signet: Cannot [^\n]+\n$/);
        assert.ok(stderr.length < 600, stderr);
      });
    }
    await t.step("standard input", async () => {
      const pem = await Deno.readTextFile(`${VECTORS}chain/good.pem`);
      const { code, stdout } = await runSignet(["cert", "inspect", "-"], { stdin: pem });
      assert.equal(code, 0);
      assert.match(stdout, /identity +spiffe:\/\/cluster\.local\/ns\/shop\/sa\/web/);
    });
  },
);
