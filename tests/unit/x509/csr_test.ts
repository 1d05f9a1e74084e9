import assert from "node:assert/strict";
import fc from "fast-check";

import { encodePem, encodeSequence, encodeTlv, TAG } from "signet/asn1/mod.ts";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import {
  buildCsrInfo,
  decodeCsr,
  decodeCsrPem,
  type DecodedCsr,
  describeName,
  encodeCsr,
} from "signet/x509/mod.ts";
import {
  assertBitFlipsCalm,
  assertOctetsCalm,
  assertTruncationsRefused,
} from "../../support/mutations.ts";
import {
  Pkcs10CertificateRequest,
  SubjectAlternativeNameExtension,
} from "../../support/peculiar.ts";
import { makeTestKey, TEST_KEY_KINDS, verifyWithNode } from "../../support/test_keys.ts";
import { listVectors, readVector, readVectorDer } from "../../support/x509_vectors.ts";

function describeCsr({ publicKey: { kind }, signatureScheme }: DecodedCsr): string {
  const key = kind.type === "rsa" ? `rsa${kind.bits}` : kind.type === "ec" ? kind.curve : kind.type;
  return signatureScheme.type === "ed25519"
    ? key
    : `${key} ${signatureScheme.type} ${signatureScheme.digest}`;
}

const GOOD: Readonly<Record<string, string>> = {
  ed25519: "ed25519",
  p256_cn: "P-256 ecdsa SHA-256",
  p256_greedy: "P-256 ecdsa SHA-256",
  p256_organization: "P-256 ecdsa SHA-256",
  p256_sha1: "P-256 ecdsa SHA-1",
  p256_sha256: "P-256 ecdsa SHA-256",
  p256_sha384: "P-256 ecdsa SHA-384",
  p256_sha512: "P-256 ecdsa SHA-512",
  p384_sha384: "P-384 ecdsa SHA-384",
  p521_sha512: "P-521 ecdsa SHA-512",
  rsa1024_sha256: "rsa1024 rsa SHA-256",
  rsa2048_sha1: "rsa2048 rsa SHA-1",
  rsa2048_sha256: "rsa2048 rsa SHA-256",
  rsa2048_sha384: "rsa2048 rsa SHA-384",
  rsa2048_sha512: "rsa2048 rsa SHA-512",
  rsa8192_sha512: "rsa8192 rsa SHA-512",
};

Deno.test("decodeCsrPem() reads openssl's CSRs of every accepted key and signature", async (t) => {
  assert.deepEqual(listVectors("csr/good"), Object.keys(GOOD));
  for (const [name, expected] of Object.entries(GOOD)) {
    await t.step(name, async () => {
      const csr = decodeCsrPem(readVector(`csr/good/${name}.pem`));
      assert.equal(describeCsr(csr), expected);
      assert.equal(csr.subjectHasCommonName, name === "p256_cn" || name === "p256_greedy");
      // The node:crypto of the runtime reads no RSA key of more than 4096 bits.
      if (name === "rsa8192_sha512") return;
      const { publicKey, signatureScheme, certificationRequestInfo, signature } = csr;
      assert.ok(
        await verifyWithNode(publicKey, signatureScheme, certificationRequestInfo, signature),
      );
    });
  }
});

const BAD: Readonly<Record<string, ErrorCode>> = {
  compressed_point: "x509.bad_key",
  dsa: "x509.unsupported_algorithm",
  ed448: "x509.unsupported_algorithm",
  explicit_parameters: "x509.unsupported_algorithm",
  md5: "x509.unsupported_algorithm",
  p224: "x509.unsupported_algorithm",
  pss_key: "x509.unsupported_algorithm",
  pss_signature: "x509.unsupported_algorithm",
  rsa512: "x509.bad_key",
  rsa9000: "x509.bad_key",
  secp256k1: "x509.unsupported_algorithm",
  sha224: "x509.unsupported_algorithm",
  sha3: "x509.unsupported_algorithm",
};

Deno.test("decodeCsrPem() refuses every other key and signature", async (t) => {
  assert.deepEqual(listVectors("csr/bad"), Object.keys(BAD));
  for (const [name, code] of Object.entries(BAD)) {
    await t.step(name, () => {
      assert.throws(() => decodeCsrPem(readVector(`csr/bad/${name}.pem`)), (thrown) => {
        assert.ok(isSignetError(thrown, code), String(thrown));
        return thrown.message.startsWith("failed to parse X.509 certificate signing request: ");
      });
    });
  }
});

Deno.test("decodeCsrPem() says istiod's words when there is no PEM", async (t) => {
  const cut = readVector("csr/good/ed25519.pem").slice(0, -10);
  for (const text of ["", "hello", cut, "-----BEGIN X-----\n?\n-----END X-----\n"]) {
    await t.step(JSON.stringify(text.slice(0, 30)), () => {
      assert.throws(
        () => decodeCsrPem(text),
        (thrown) =>
          isSignetError(thrown, "x509.bad_csr") &&
          thrown.message === "certificate signing request is not properly encoded",
      );
    });
  }
});

Deno.test("decodeCsrPem() takes the first block of any label and ignores what follows", () => {
  const der = readVectorDer("csr/good/p256_sha256.pem");
  const text = `${encodePem("ANYTHING", der)}-----BEGIN CERTIFICATE REQUEST-----\nrubbish`;
  assert.equal(describeCsr(decodeCsrPem(text)), "P-256 ecdsa SHA-256");
});

Deno.test("decodeCsr() refuses every truncation and takes every change calmly", () => {
  for (const name of ["p256_greedy", "ed25519", "rsa1024_sha256"]) {
    const der = readVectorDer(`csr/good/${name}.pem`);
    assertTruncationsRefused(der, decodeCsr);
    assertBitFlipsCalm(der, decodeCsr);
    assertOctetsCalm(der, decodeCsr);
  }
});

Deno.test("decodeCsr() refuses bytes after the end, at every level", () => {
  const der = readVectorDer("csr/good/p256_sha256.pem");
  const csr = decodeCsr(der);
  const parts = der.subarray(der.length - csr.signature.length - 3 - 12);
  const longer = [
    Uint8Array.of(...der, 0),
    encodeSequence(csr.certificationRequestInfo, parts, Uint8Array.of(5, 0)),
  ];
  for (const bytes of longer) {
    assert.throws(() => decodeCsr(bytes), (thrown) => isSignetError(thrown, "asn1.trailing_bytes"));
  }
});

Deno.test("decodeCsr() is calm and quick with nesting without end", () => {
  const nested = new Uint8Array(100_000).fill(0x30);
  for (let i = 1; i < nested.length; i += 2) nested[i] = 0x80;
  let deep = encodeSequence();
  for (let i = 0; i < 2_000; i++) deep = encodeSequence(deep);
  for (const bytes of [nested, deep]) {
    assert.throws(() => decodeCsr(bytes), (thrown) => isSignetError(thrown));
  }
});

Deno.test("decodeCsr() does not read the subject's lengths wrong: any name calmly", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
    const der = encodeSequence(
      encodeSequence(Uint8Array.of(2, 1, 0), encodeTlv(TAG.sequence, bytes)),
    );
    assert.throws(() => decodeCsr(der), (thrown) => isSignetError(thrown));
  }));
});

Deno.test("decodeCsr() demands version 0 and attributes, as Go does", async (t) => {
  const { spki } = makeTestKey("ed25519").publicKey;
  const attributes = Uint8Array.of(0xa0, 0);
  const tail = [encodeSequence(Uint8Array.fromHex("06032b6570")), Uint8Array.fromHex("030100")];
  const name = encodeSequence();
  const table: readonly (readonly [string, Uint8Array, ErrorCode])[] = [
    ["version 1", encodeSequence(Uint8Array.of(2, 1, 1), name, spki, attributes), "x509.bad_csr"],
    ["no attributes", encodeSequence(Uint8Array.of(2, 1, 0), name, spki), "asn1.truncated"],
    [
      "an empty relative name",
      encodeSequence(
        Uint8Array.of(2, 1, 0),
        encodeSequence(Uint8Array.of(0x31, 0)),
        spki,
        attributes,
      ),
      "x509.bad_name",
    ],
  ];
  for (const [what, info, code] of table) {
    await t.step(what, () => {
      assert.throws(
        () => decodeCsr(encodeSequence(info, ...tail)),
        (thrown) => isSignetError(thrown, code),
      );
    });
  }
});

Deno.test("decodeCsr() refuses a signature algorithm of another kind of key", () => {
  const key = makeTestKey("P-256");
  const info = buildCsrInfo({ spki: key.publicKey.spki });
  for (const scheme of [{ type: "ed25519" }, { type: "rsa", digest: "SHA-256" }] as const) {
    assert.throws(
      () => decodeCsr(encodeCsr(info, scheme, key.sign(info))),
      (thrown) => isSignetError(thrown, "x509.unsupported_algorithm"),
    );
  }
});

Deno.test("encodeCsr() writes what @peculiar/x509 reads and verifies", async (t) => {
  for (const kind of TEST_KEY_KINDS) {
    await t.step(kind, async () => {
      const key = makeTestKey(kind);
      const { spki } = key.publicKey;
      const subjectAltNames = ["spiffe://cluster.local/ns/shop/sa/web", "web.shop.svc", "10.0.0.1"];
      const info = buildCsrInfo({ spki, subjectCommonName: "web", subjectAltNames });
      const der = encodeCsr(info, key.scheme, key.sign(info));
      const foreign = new Pkcs10CertificateRequest(der);
      assert.equal(foreign.subject, "CN=web");
      // The Web Crypto of the runtime has no P-521 signatures; node:crypto has checked those above.
      if (kind !== "P-521") assert.ok(await foreign.verify());
      const asked = foreign.extensions.find((extension) =>
        extension instanceof SubjectAlternativeNameExtension
      );
      const names = asked?.names.toJSON();
      assert.deepEqual(names?.map(({ type, value }) => `${type} ${value}`), [
        "url spiffe://cluster.local/ns/shop/sa/web",
        "dns web.shop.svc",
        "ip 10.0.0.1",
      ]);
      const own = decodeCsr(der);
      assert.ok(own.subjectHasCommonName);
      assert.equal(describeName(own.subject), "CN=web");
    });
  }
});

Deno.test("buildCsrInfo() leaves subject and names out by default", () => {
  const key = makeTestKey("ed25519");
  const info = buildCsrInfo({ spki: key.publicKey.spki });
  const foreign = new Pkcs10CertificateRequest(encodeCsr(info, key.scheme, key.sign(info)));
  assert.equal(foreign.subject, "");
  assert.equal(foreign.attributes.length, 0);
});
