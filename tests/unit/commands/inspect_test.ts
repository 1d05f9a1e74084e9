import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { selectProvider } from "signet/crypto/mod.ts";
import { certificateNamesBeside, outputOf } from "../../../lib/commands/cert_inspect.ts";
import { type Inspected, inspectFile } from "../../../lib/commands/inspect/describe.ts";
import {
  MAX_INSPECTED_BLOCKS,
  MAX_INSPECTED_BYTES,
  splitBlocks,
} from "../../../lib/commands/inspect/blocks.ts";
import { findingsOf } from "../../../lib/commands/inspect/verdict.ts";
import { describeSpan } from "../../../lib/commands/inspect/words.ts";
import { readCertificate, readVector, readVectorDer } from "../../support/x509_vectors.ts";

const NOW = Date.parse("2026-06-01T00:00:00Z");
const { provider: crypto } = await selectProvider("auto");

async function inspect(bytes: Uint8Array): Promise<readonly Inspected[]> {
  const blocks = splitBlocks(bytes, "a file");
  return await inspectFile({ name: "a file", mode: 0o600, blocks }, {
    crypto,
    nowMs: NOW,
    beside: [],
  });
}

function pem(...names: readonly string[]): Uint8Array {
  return new TextEncoder().encode(names.map((name) => readVector(`${name}.pem`)).join(""));
}

Deno.test("findingsOf() says who would refuse each of openssl's certificates, and why", async (t) => {
  const table: readonly (readonly [string, readonly (readonly [string, RegExp])[]])[] = [
    ["good", []],
    ["all_names", []],
    ["root", []],
    ["expired", [["every peer", /expired 1977 d/]]],
    ["not_yet_valid", [["every peer", /valid from 2035-01-01T00:00:00Z/]]],
    ["two_uris", [["every SPIFFE peer", /2 URI names/]]],
    ["no_uri", [["istiod and signet", /no SPIFFE ID.*; as a server it has names/]]],
    ["no_san", [["istiod and signet", /no SPIFFE ID \(a URI name\)$/]]],
    ["other_shape", [["istiod and signet", /not spiffe:\/\/<trust domain>/]]],
    ["server_only", [["every peer", /as a client: .* no clientAuth/]]],
    ["unknown_critical", [["every peer", /1\.2\.3\.4 is critical/]]],
    ["sha1", [["signet and istiod", /SHA-1/]]],
    ["constrained", [["signet", /name constraints/]]],
    ["may_not_sign", [["every peer", /no keyCertSign/]]],
    ["root_ed25519", [["Envoy", /Ed25519/]]],
    ["leaf_rsa2048", []],
  ];
  for (const [name, expected] of table) {
    await t.step(name, () => {
      const findings = findingsOf(readCertificate(name), NOW);
      assert.deepEqual(findings.map(({ by }) => by), expected.map(([by]) => by));
      for (const [at, { reason }] of findings.entries()) assert.match(reason, expected[at]![1]);
    });
  }
});

Deno.test("findingsOf() notes a certificate that should have been renewed", () => {
  const good = readCertificate("good");
  const late = good.notAfterMs - (good.notAfterMs - good.notBeforeMs) * 0.1;
  const findings = findingsOf(good, late);
  assert.deepEqual(findings.map(({ severity }) => severity), ["note"]);
  assert.match(findings[0]!.reason, /renewed at half its life; 365 d 4 h left/);
});

Deno.test("inspectFile() finds the signer of each certificate in the file", async () => {
  const told = await inspect(
    pem("chain/below", "chain/intermediate", "chain/root", "chain/impostor"),
  );
  assert.deepEqual(told.map(({ document }) => document["signedBy"]), [2, 3, "itself", null]);
  assert.deepEqual(told.map(({ title }) => title), [
    "certificate (leaf)",
    "certificate (CA)",
    "certificate (root CA)",
    "certificate (leaf)",
  ]);
  assert.match(told[3]!.findings[0]!.reason, /block 3 has its issuer's name and did not sign it/);
});

Deno.test("inspectFile() tells identity, validity and uses", async () => {
  const [{ document } = assert.fail()] = await inspect(pem("chain/good"));
  assert.equal(document["identity"], "spiffe://cluster.local/ns/shop/sa/web");
  assert.equal(document["trustDomain"], "cluster.local");
  assert.equal(document["namespace"], "shop");
  assert.equal(document["serviceAccount"], "web");
  assert.equal(document["notAfter"], "2036-01-01T00:00:00Z");
  assert.equal(document["status"], "valid");
  assert.deepEqual(document["usableAs"], ["client", "server"]);
});

Deno.test("inspectFile() reads DER as it reads PEM", async (t) => {
  for (const name of ["chain/good", "csr/good/p256_greedy"]) {
    await t.step(name, async () => {
      const fromPem = await inspect(pem(name));
      const fromDer = await inspect(readVectorDer(`${name}.pem`));
      assert.deepEqual(fromDer, fromPem);
    });
  }
});

Deno.test("inspectFile() tells what a CSR asks for", async () => {
  const [{ document, findings } = assert.fail()] = await inspect(pem("csr/good/p256_greedy"));
  assert.deepEqual(document["extensions"], [
    { oid: "2.5.29.17", name: "subjectAltName", critical: false },
    { oid: "2.5.29.19", name: "basicConstraints", critical: true },
    { oid: "2.5.29.15", name: "keyUsage", critical: false },
  ]);
  assert.equal(document["signatureIsGood"], true);
  assert.match(findings[0]!.reason, /only the key is taken/);
});

Deno.test("inspectFile() tells of the good blocks of a file with a bad one", async () => {
  const bad = new TextEncoder().encode(readVector("csr/bad/dsa.pem"));
  const told = await inspect(new Uint8Array([...pem("chain/good"), ...bad]));
  assert.deepEqual(told.map(({ isRead }) => isRead), [true, false]);
});

Deno.test("inspectFile() gives a description of every truncation and bit flip, and throws nothing", async (t) => {
  for (const name of ["chain/all_names", "csr/good/p256_greedy"]) {
    await t.step(name, async () => {
      const der = readVectorDer(`${name}.pem`);
      for (const bytes of mutants(der)) {
        const blocks = [{ label: undefined, der: bytes }, { label: "CERTIFICATE", der: bytes }];
        const told = await inspectFile({ name: "x", mode: undefined, blocks }, {
          crypto,
          nowMs: NOW,
          beside: [],
        });
        assert.equal(told.length, 2);
        outputOf({ name: "x" }, told);
      }
    });
  }
});

/** Every truncation but the empty one, and a flip of one bit in every octet. */
function* mutants(der: Uint8Array): Generator<Uint8Array> {
  for (let at = 1; at < der.length; at++) {
    yield der.slice(0, at);
    const flipped = der.slice();
    flipped[at]! ^= 1 << (at & 7);
    yield flipped;
  }
}

Deno.test("splitBlocks() refuses what no file of certificates is, in one line", async (t) => {
  const text = (value: string) => new TextEncoder().encode(value);
  const block = readVector("chain/good.pem");
  const table: readonly (readonly [string, Uint8Array, RegExp])[] = [
    ["nothing", new Uint8Array(), /it is empty/],
    ["no END", text("-----BEGIN CERTIFICATE-----\nAAAA\n"), /no END line/],
    ["no base64", text("-----BEGIN X-----\n%%%%\n-----END X-----\n"), /not base64/],
    ["armor not at the start of a line", text("x -----BEGIN A-----"), /start of a line/],
    ["too many blocks", text(block.repeat(MAX_INSPECTED_BLOCKS + 1)), /201 PEM blocks/],
    [
      "an encrypted key of the old form",
      text(
        "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\n\nAA\n-----END RSA PRIVATE KEY-----",
      ),
      /encrypted key; decrypt it/,
    ],
  ];
  for (const [name, bytes, message] of table) {
    await t.step(name, () => {
      assert.throws(() => splitBlocks(bytes, "f"), (thrown) => {
        assert.ok(isSignetError(thrown, "commands.failed"));
        assert.match(thrown.message, message);
        assert.doesNotMatch(thrown.message, /\n/);
        return true;
      });
    });
  }
  assert.equal(splitBlocks(text(block.repeat(MAX_INSPECTED_BLOCKS)), "f").length, 200);
  assert.ok(MAX_INSPECTED_BYTES <= 4 << 20);
});

Deno.test("certificateNamesBeside() knows the names that key and certificate go by", () => {
  assert.deepEqual(certificateNamesBeside("a/key.pem").slice(0, 2), [
    "a/cert-chain.pem",
    "a/cert.pem",
  ]);
  assert.ok(certificateNamesBeside("ca-key.pem").includes("ca-cert.pem"));
  assert.ok(certificateNamesBeside("/x/tls.key").includes("/x/tls.crt"));
  assert.ok(!certificateNamesBeside("x.pem").includes("x.pem"));
});

Deno.test("describeSpan() names the two largest units", () => {
  const table = [[0, "0 s"], [999, "0 s"], [61_000, "1 min 1 s"], [3_600_000, "1 h"], [
    90_061_000,
    "1 d 1 h",
  ], [-5000, "5 s"]] as const;
  for (const [ms, text] of table) assert.equal(describeSpan(ms), text);
});

Deno.test("outputOf() gives the same findings to people and programs", async () => {
  const told = await inspect(pem("chain/sha1"));
  const { document, lines } = outputOf({ name: "sha1.pem" }, told);
  assert.match(lines.join("\n"), /refused +signet and istiod: it is signed with SHA-1/);
  assert.match(
    JSON.stringify(document),
    /"by":"signet and istiod","reason":"it is signed with SHA-1"/,
  );
});
