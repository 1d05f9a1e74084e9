/** Whatever arrives as a CSR: a typed refusal or a right certificate, over both providers. */
import assert from "node:assert/strict";
import fc from "fast-check";
import {
  contextTag,
  encodeBitString,
  encodeNull,
  encodeOid,
  encodePem,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
  encodeTlv,
} from "signet/asn1/mod.ts";
import { concatBytes, equalBytes, isSignetError } from "signet/base/mod.ts";
import type { Ca } from "signet/ca/mod.ts";
import { encodeSignatureAlgorithm } from "signet/x509/mod.ts";
import { csrPem, makeCsr } from "../../support/csrs.ts";
import { assertLeaf } from "../../support/leaf_oracle.ts";
import { testProviders } from "../../support/providers.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { makeTestKey, TEST_KEY_KINDS } from "../../support/test_keys.ts";
import { readVectorDer } from "../../support/x509_vectors.ts";

const ID = "spiffe://cluster.local/ns/shop/sa/web";

function sign(ca: Ca, pem: string) {
  return ca.sign({ csrPem: pem, identities: [ID], requestedTtlSeconds: 0n, caller: "test" });
}

/** Asserts the refusal, whose message is one line without the CSR's own bytes. */
async function assertRefused(ca: Ca, pem: string, what: string): Promise<void> {
  await assert.rejects(sign(ca, pem), (thrown) => {
    assert.ok(isSignetError(thrown, "ca.csr_error"), `${what}: ${thrown}`);
    assert.ok(thrown.message.length < 500 && !/\n/.test(thrown.message), what);
    return true;
  }, what);
}

/** True when it was signed; anything but a certificate or a CSR error fails the test. */
async function isSigned(ca: Ca, der: Uint8Array, what: string): Promise<boolean> {
  try {
    await sign(ca, csrPem(der));
    return true;
  } catch (thrown) {
    assert.ok(isSignetError(thrown, "ca.csr_error"), `${what}: ${thrown}`);
    return false;
  }
}

const VECTORS = ["p256_greedy", "p384_sha384", "ed25519", "rsa1024_sha256"];

testProviders("Ca.sign() refuses every truncation of a CSR", async (t, crypto) => {
  const { ca } = await createTestCa({ crypto });
  using _ca = ca;
  for (const name of VECTORS) {
    await t.step(name, async () => {
      const der = readVectorDer(`csr/good/${name}.pem`);
      for (let length = 0; length < der.length; length++) {
        await assertRefused(ca, csrPem(der.slice(0, length)), `${length} bytes`);
      }
    });
  }
});

testProviders("Ca.sign() refuses every CSR with one bit changed", async (t, crypto) => {
  const { ca } = await createTestCa({ crypto });
  using _ca = ca;
  for (const name of VECTORS) {
    await t.step(name, async () => {
      const der = readVectorDer(`csr/good/${name}.pem`);
      const signed: number[] = [];
      // The signature covers all that matters, so no changed CSR may be signed.
      for (let bit = 0; bit < der.length * 8; bit += crypto.name === "webcrypto" ? 7 : 1) {
        const bent = der.slice();
        bent[bit >> 3]! ^= 1 << (bit & 7);
        if (await isSigned(ca, bent, `bit ${bit}`)) signed.push(bit);
      }
      assert.deepEqual(signed, []);
    });
  }
});

testProviders(
  "Ca.sign() refuses signatures that another key made, or nobody",
  async (t, crypto) => {
    const { ca } = await createTestCa({ crypto });
    using _ca = ca;
    for (const kind of TEST_KEY_KINDS) {
      const key = makeTestKey(kind);
      const other = makeTestKey(kind);
      const forms: Readonly<Record<string, Uint8Array>> = {
        "another key's": makeCsr(other, { spki: key.publicKey.spki }),
        "over something else": makeCsr(key, { signature: key.sign(new Uint8Array(3)) }),
        "nothing": makeCsr(key, { signature: new Uint8Array() }),
        "zeros": makeCsr(key, { signature: new Uint8Array(72) }),
        "a megabyte": makeCsr(key, { signature: new Uint8Array(1 << 20) }),
      };
      for (const [name, der] of Object.entries(forms)) {
        await t.step(`${kind}: ${name}`, async () => {
          await assertRefused(ca, csrPem(der), name);
        });
      }
    }
  },
);

testProviders(
  "Ca.sign() refuses algorithms that are unknown, weak or of another key",
  async (t, crypto) => {
    const { ca } = await createTestCa({ crypto });
    using _ca = ca;
    const ec = makeTestKey("P-256");
    const rsa = makeTestKey("rsa");
    const named = (oid: string, ...parameters: Uint8Array[]) =>
      encodeSequence(encodeOid(oid), ...parameters);
    const rows: Readonly<Record<string, Uint8Array>> = {
      "an OID that is nothing": makeCsr(ec, { algorithm: named("1.2.3.4") }),
      "MD2 with RSA": makeCsr(rsa, { algorithm: named("1.2.840.113549.1.1.2", encodeNull()) }),
      "MD5 with RSA": makeCsr(rsa, { algorithm: named("1.2.840.113549.1.1.4", encodeNull()) }),
      "SHA-224 with RSA": makeCsr(rsa, { algorithm: named("1.2.840.113549.1.1.14", encodeNull()) }),
      "RSASSA-PSS": makeCsr(rsa, { algorithm: named("1.2.840.113549.1.1.10", encodeSequence()) }),
      "RSA encryption": makeCsr(rsa, { algorithm: named("1.2.840.113549.1.1.1", encodeNull()) }),
      "SHA-224 with ECDSA": makeCsr(ec, { algorithm: named("1.2.840.10045.4.3.1") }),
      "ECDSA with NULL": makeCsr(ec, { algorithm: named("1.2.840.10045.4.3.2", encodeNull()) }),
      "ECDSA on an RSA key": makeCsr(rsa, { algorithm: named("1.2.840.10045.4.3.2") }),
      "RSA on an EC key": makeCsr(ec, { algorithm: named("1.2.840.113549.1.1.11", encodeNull()) }),
      "Ed25519 on an EC key": makeCsr(ec, { algorithm: named("1.3.101.112") }),
      "Ed448": makeCsr(ec, { algorithm: named("1.3.101.113") }),
      "DSA": makeCsr(ec, { algorithm: named("2.16.840.1.101.3.4.3.2") }),
      "ML-DSA-65": makeCsr(ec, { algorithm: named("2.16.840.1.101.3.4.3.18") }),
      "no OID": makeCsr(ec, { algorithm: encodeSequence() }),
      "an OID without end": makeCsr(ec, {
        algorithm: encodeSequence(Uint8Array.of(6, 2, 0x80, 0x80)),
      }),
    };
    for (const [name, der] of Object.entries(rows)) {
      await t.step(name, async () => await assertRefused(ca, csrPem(der), name));
    }
  },
);

testProviders("Ca.sign() refuses keys that are none", async (t, crypto) => {
  const { ca } = await createTestCa({ crypto });
  using _ca = ca;
  const key = makeTestKey("P-256");
  const p256 = encodeSequence(encodeOid("1.2.840.10045.2.1"), encodeOid("1.2.840.10045.3.1.7"));
  const offCurve = key.publicKey.keyBits.slice();
  offCurve[64]! ^= 1;
  const point = (bytes: Uint8Array) => encodeSequence(p256, encodeBitString(bytes));
  const rows: Readonly<Record<string, Uint8Array>> = {
    "a point off the curve": point(offCurve),
    "the point 0, 0": point(Uint8Array.of(4, ...new Uint8Array(64))),
    "the point at infinity": point(Uint8Array.of(0)),
    "a compressed point": point(Uint8Array.of(2, ...key.publicKey.keyBits.subarray(1, 33))),
    "a hybrid point": point(Uint8Array.of(6, ...key.publicKey.keyBits.subarray(1))),
    "coordinates above the field": point(Uint8Array.of(4, ...new Uint8Array(64).fill(0xff))),
    "nothing": encodeSequence(),
    "an algorithm alone": encodeSequence(p256),
    "a NULL": encodeNull(),
  };
  for (const [name, spki] of Object.entries(rows)) {
    await t.step(name, async () => await assertRefused(ca, csrPem(makeCsr(key, { spki })), name));
  }
  await t.step("the next good one is signed", async () => {
    const { certificatePem } = await sign(ca, csrPem(makeCsr(key)));
    await assertLeaf(certificatePem, {
      bundle: ca.bundle,
      publicKey: key.publicKey,
      identities: [ID],
    });
  });
});

Deno.test("Ca.sign() holds CSRs to the operator's least RSA key", async () => {
  const { ca } = await createTestCa({ config: { minRsaBits: 2048 } });
  using _ca = ca;
  const small = csrPem(readVectorDer("csr/good/rsa1024_sha256.pem"));
  await assert.rejects(sign(ca, small), (thrown) => {
    assert.ok(isSignetError(thrown, "ca.csr_error"));
    assert.match(thrown.message, /RSA key of 1024 bits, at least 2048 are required/);
    return true;
  });
  await sign(ca, csrPem(readVectorDer("csr/good/rsa2048_sha256.pem")));
  await sign(ca, csrPem(readVectorDer("csr/good/p256_sha256.pem")));
});

Deno.test("Ca.sign() takes nesting and lengths without end calmly", async (t) => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const key = makeTestKey("P-256");
  let deep = encodeNull();
  for (let level = 0; level < 5_000; level++) deep = encodeSequence(deep);
  const algorithm = encodeSignatureAlgorithm(key.scheme);
  const attribute = (value: Uint8Array) => encodeSequence(encodeOid("1.2.3.4"), encodeSet(value));
  const length = (...bytes: number[]) => Uint8Array.of(0x30, ...bytes, 0x30, 0);
  const rows: Readonly<Record<string, Uint8Array>> = {
    "nothing but depth": deep,
    "depth as the subject": makeCsr(key, { subject: deep }),
    "depth as the key": makeCsr(key, { spki: deep }),
    "depth as the algorithm": makeCsr(key, { algorithm: deep }),
    "a length of 4 GiB": length(0x84, 0xff, 0xff, 0xff, 0xff),
    "a length of 2^63": length(0x88, 0x80, 0, 0, 0, 0, 0, 0, 0),
    "a length of 126 octets": length(0xfe, ...new Uint8Array(126).fill(0xff)),
    "a length of 127 octets": length(0xff),
    "an indefinite length": length(0x80),
    "a length in more octets than needed": length(0x81, 2),
    "100,000 subjects": makeCsr(key, {
      subject: encodeTlv(0x30, new Uint8Array(200_000).map((_, at) => at % 2 === 0 ? 0x31 : 0)),
    }),
    "a subject of a megabyte": makeCsr(key, {
      subject: encodeTlv(0x30, new Uint8Array(1 << 20).fill(0x31)),
    }),
    "attributes that are numbers": makeCsr(key, { attributes: [encodeSmallInteger(1)] }),
    "an attribute without values": makeCsr(key, {
      attributes: [encodeSequence(encodeOid("1.2.3.4"))],
    }),
    "an info that is no SEQUENCE": encodeSequence(
      encodeNull(),
      algorithm,
      encodeBitString(new Uint8Array()),
    ),
    "a signature with unused bits": encodeSequence(
      encodeSequence(
        encodeSmallInteger(0),
        encodeSequence(),
        key.publicKey.spki,
        encodeTlv(contextTag(0, { constructed: true })),
      ),
      algorithm,
      Uint8Array.of(3, 2, 7, 0x80),
    ),
  };
  for (const [name, der] of Object.entries(rows)) {
    await t.step(name, async () => await assertRefused(ca, csrPem(der), name));
  }
  // An attribute's value is not looked into, so its depth does no harm: the CSR is a good one.
  await t.step("depth inside an attribute is skipped", async () => {
    const { certificatePem } = await sign(
      ca,
      csrPem(makeCsr(key, { attributes: [attribute(deep)] })),
    );
    await assertLeaf(certificatePem, {
      bundle: ca.bundle,
      publicKey: key.publicKey,
      identities: [ID],
    });
  });
});

Deno.test("Ca.sign() takes texts that are no PEM calmly", async (t) => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const good = csrPem(readVectorDer("csr/good/ed25519.pem"));
  const rows: Readonly<Record<string, string>> = {
    "nothing": "",
    "blanks": " \n\t\r\n",
    "a word": "CSR",
    "half of it": good.slice(0, good.length / 2),
    "no end line": good.replace(/-----END.*/, ""),
    "no begin line": good.replace(/-----BEGIN.*\n/, ""),
    "another end": good.replace("END CERTIFICATE REQUEST", "END CERTIFICATE"),
    "an empty block": "-----BEGIN CERTIFICATE REQUEST-----\n-----END CERTIFICATE REQUEST-----\n",
    "no base64": good.replace(/\nM.*\n/, "\n!!!!\n"),
    "base64 with a hole": good.replace("M", "M=M"),
    "DER as text": String.fromCharCode(...readVectorDer("csr/good/ed25519.pem")),
    "lone surrogates": "\ud800".repeat(1000),
    "NUL": "\0".repeat(1000),
    "four million letters": "A".repeat(4_000_000),
    "four million dashes": "-".repeat(4_000_000),
    "a hundred thousand beginnings": "-----BEGIN A-----\n".repeat(100_000),
    "a certificate": encodePem("CERTIFICATE", readVectorDer("chain/good.pem")),
  };
  for (const [name, text] of Object.entries(rows)) {
    await t.step(name, async () => await assertRefused(ca, text, name));
  }
});

Deno.test("Ca.sign() takes a CSR in any wrapping that Go's pem.Decode takes", async (t) => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const der = readVectorDer("csr/good/ed25519.pem");
  const good = csrPem(der);
  const rows: Readonly<Record<string, string>> = {
    "text before": `Some words\n${good}`,
    "text after": `${good}and more`,
    "CRLF": good.replaceAll("\n", "\r\n"),
    "the old label": good.replaceAll("CERTIFICATE REQUEST", "NEW CERTIFICATE REQUEST"),
    "any label": good.replaceAll("CERTIFICATE REQUEST", "X"),
    "a second block": good + csrPem(new Uint8Array(3)),
    "no line break at the end": good.trimEnd(),
  };
  for (const [name, text] of Object.entries(rows)) {
    await t.step(name, async () => void await sign(ca, text));
  }
});

Deno.test("Ca.sign() of arbitrary bytes is a CSR error, whatever they are", async () => {
  const { ca } = await createTestCa();
  using _ca = ca;
  await fc.assert(
    fc.asyncProperty(fc.uint8Array({ maxLength: 300 }), async (bytes) => {
      assert.equal(await isSigned(ca, bytes, "random bytes"), false);
    }),
    { numRuns: 500 },
  );
  await fc.assert(
    fc.asyncProperty(fc.string({ maxLength: 300, unit: "binary" }), async (text) => {
      await assertRefused(ca, text, JSON.stringify(text));
    }),
    { numRuns: 500 },
  );
});

Deno.test("Ca.sign() of pieces of good CSRs joined at random is a CSR error", async () => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const sources = VECTORS.map((name) => readVectorDer(`csr/good/${name}.pem`));
  const piece = fc.tuple(
    fc.nat(VECTORS.length - 1),
    fc.double({ min: 0, max: 1, noNaN: true }),
    fc.nat(200),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(piece, { minLength: 2, maxLength: 6 }), async (pieces) => {
      const bytes = concatBytes(pieces.map(([which, at, length]) => {
        const source = sources[which]!;
        const start = Math.floor(at * source.length);
        return source.subarray(start, start + length);
      }));
      const whole = sources.some((source) => equalBytes(source, bytes));
      assert.equal(await isSigned(ca, bytes, "pieces"), whole);
    }),
    { numRuns: 500 },
  );
});
