import assert from "node:assert/strict";
import fc from "fast-check";

import { isSignetError } from "signet/base/mod.ts";
import {
  buildCaCertificate,
  createLeafTemplate,
  decodeCertificate,
  encodeCertificate,
  EXT_KEY_USAGE,
  KEY_USAGE,
  type LeafFields,
  organizationName,
  type PublicKeyInfo,
} from "signet/x509/mod.ts";
import {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsageExtension,
  KeyUsagesExtension,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "../../support/peculiar.ts";
import { makeTestKey, TEST_KEY_KINDS, verifyWithNode } from "../../support/test_keys.ts";

const NOT_BEFORE = Date.parse("2026-03-01T10:20:30Z");
const NOT_AFTER = Date.parse("2056-03-01T10:20:30Z");
const ISSUER = organizationName("cluster.local");
const SKI = new Uint8Array(20).fill(0xab);
const AKI = new Uint8Array(20).fill(0xcd);
const ID = "spiffe://cluster.local/ns/shop/sa/web";
const issuerKey = makeTestKey("P-256");

const template = createLeafTemplate({
  issuerName: ISSUER,
  authorityKeyId: AKI,
  signatureScheme: issuerKey.scheme,
});

function leafFields(publicKey: PublicKeyInfo, more: Partial<LeafFields> = {}): LeafFields {
  return {
    serialNumber: Uint8Array.of(0, 0, 0x80, ...new Uint8Array(13)),
    notBeforeMs: NOT_BEFORE,
    notAfterMs: NOT_AFTER,
    publicKey,
    subjectKeyId: SKI,
    subjectAltNames: [ID],
    ...more,
  };
}

function sign(tbs: Uint8Array): Uint8Array<ArrayBuffer> {
  return encodeCertificate(tbs, issuerKey.scheme, issuerKey.sign(tbs));
}

Deno.test("createLeafTemplate() builds for every kind of key what @peculiar/x509 reads as istiod's profile", async (t) => {
  for (const kind of TEST_KEY_KINDS) {
    await t.step(kind, () => {
      const { publicKey } = makeTestKey(kind);
      const foreign = new X509Certificate(sign(template.encode(leafFields(publicKey))));
      assert.equal(foreign.issuer, "O=cluster.local");
      assert.equal(foreign.subject, "");
      assert.equal(foreign.serialNumber, `80${"00".repeat(13)}`);
      assert.equal(foreign.notBefore.getTime(), NOT_BEFORE);
      assert.equal(foreign.notAfter.getTime(), NOT_AFTER);
      assert.deepEqual(new Uint8Array(foreign.publicKey.rawData), publicKey.spki);
      const usages = kind === "rsa" ? 5 : 1;
      const [usage, purposes, constraints, subjectKey, authorityKey, names, ...more] =
        foreign.extensions;
      assert.ok(
        usage instanceof KeyUsagesExtension && usage.critical && Number(usage.usages) === usages,
      );
      assert.ok(purposes instanceof ExtendedKeyUsageExtension && !purposes.critical);
      assert.deepEqual([...purposes.usages], [EXT_KEY_USAGE.serverAuth, EXT_KEY_USAGE.clientAuth]);
      assert.ok(
        constraints instanceof BasicConstraintsExtension && constraints.critical && !constraints.ca,
      );
      assert.equal(new Uint8Array(constraints.value).toHex(), "3000");
      assert.ok(
        subjectKey instanceof SubjectKeyIdentifierExtension && subjectKey.keyId === SKI.toHex(),
      );
      assert.ok(
        authorityKey instanceof AuthorityKeyIdentifierExtension &&
          authorityKey.keyId === AKI.toHex(),
      );
      assert.ok(names instanceof SubjectAlternativeNameExtension && names.critical);
      assert.deepEqual(names.names.toJSON(), [{ type: "url", value: ID }]);
      assert.deepEqual(more, []);
    });
  }
});

Deno.test("createLeafTemplate() marks the SAN critical exactly when the subject is empty", () => {
  const tbs = template.encode(leafFields(issuerKey.publicKey, { subjectCommonName: "web" }));
  const foreign = new X509Certificate(sign(tbs));
  assert.equal(foreign.subject, "CN=web");
  const names = foreign.extensions.find((extension) =>
    extension instanceof SubjectAlternativeNameExtension
  );
  assert.equal(names?.critical, false);
});

Deno.test("createLeafTemplate() leaves the authority key identifier out when the issuer has none", () => {
  const bare = createLeafTemplate({ issuerName: ISSUER, signatureScheme: issuerKey.scheme });
  const { authorityKeyIdentifier } = decodeCertificate(
    sign(bare.encode(leafFields(issuerKey.publicKey))),
  );
  assert.equal(authorityKeyIdentifier, undefined);
});

Deno.test("createLeafTemplate() refuses serial numbers, validity and names that break the standard", async (t) => {
  const { publicKey } = issuerKey;
  const encode = (more: Partial<LeafFields>) => () => template.encode(leafFields(publicKey, more));
  await t.step("serial number 0", () => {
    assert.throws(encode({ serialNumber: new Uint8Array(16) }), RangeError);
    assert.throws(encode({ serialNumber: new Uint8Array() }), RangeError);
  });
  await t.step("serial number of 21 octets", () => {
    assert.throws(encode({ serialNumber: new Uint8Array(20).fill(0xff) }), RangeError);
    assert.throws(encode({ serialNumber: new Uint8Array(21).fill(1) }), RangeError);
  });
  await t.step("an end before the beginning", () => {
    const reversed = encode({ notBeforeMs: NOT_AFTER, notAfterMs: NOT_BEFORE });
    assert.throws(reversed, (thrown) => isSignetError(thrown, "x509.bad_validity"));
    assert.throws(
      encode({ notAfterMs: NaN }),
      (thrown) => isSignetError(thrown, "x509.bad_validity"),
    );
  });
  await t.step("a year beyond 9999", () => {
    const late = encode({ notAfterMs: 300_000_000_000_000 });
    assert.throws(late, (thrown) => isSignetError(thrown, "asn1.bad_value"));
  });
  await t.step("no name, an empty common name", () => {
    for (const more of [{ subjectAltNames: [] }, { subjectCommonName: "" }]) {
      assert.throws(encode(more), (thrown) => isSignetError(thrown, "x509.bad_name"));
    }
  });
});

Deno.test("decodeCertificate() reads back every leaf that the template built", () => {
  const serial = fc.uint8Array({ minLength: 16, maxLength: 16 }).filter((bytes) =>
    bytes.some((byte) => byte > 0)
  );
  const second = fc.integer({ min: 0, max: 253_402_300_799 });
  fc.assert(
    fc.property(
      serial,
      second,
      second,
      fc.string({ minLength: 1, maxLength: 64 }),
      (serialNumber, a, b, name) => {
        const [from, to] = a < b ? [a, b] : [b, a];
        const own = decodeCertificate(sign(template.encode(leafFields(issuerKey.publicKey, {
          serialNumber,
          notBeforeMs: from * 1000,
          notAfterMs: to * 1000,
          subjectCommonName: name.isWellFormed() ? name : undefined,
        }))));
        assert.equal(BigInt(`0x${own.serialNumber.toHex()}`), BigInt(`0x${serialNumber.toHex()}`));
        assert.deepEqual([own.notBeforeMs, own.notAfterMs], [from * 1000, to * 1000]);
        assert.deepEqual(own.subjectKeyIdentifier, SKI);
        assert.deepEqual(own.subjectAltNames.map(({ value }) => value), [ID]);
        assert.equal(own.keyUsage, KEY_USAGE.digitalSignature);
      },
    ),
  );
});

Deno.test("buildCaCertificate() builds self-signed roots that @peculiar/x509 reads and verifies", async (t) => {
  for (const kind of TEST_KEY_KINDS) {
    await t.step(kind, async () => {
      const key = makeTestKey(kind);
      const tbs = buildCaCertificate({
        subject: ISSUER,
        spki: key.publicKey.spki,
        subjectKeyId: SKI,
        serialNumber: Uint8Array.of(0xff),
        notBeforeMs: NOT_BEFORE,
        notAfterMs: NOT_AFTER,
        signatureScheme: key.scheme,
      });
      const der = encodeCertificate(tbs, key.scheme, key.sign(tbs));
      const foreign = new X509Certificate(der);
      assert.equal(foreign.subject, "O=cluster.local");
      assert.equal(foreign.issuer, "O=cluster.local");
      const [usage, constraints, subjectKey, ...more] = foreign.extensions;
      assert.ok(
        usage instanceof KeyUsagesExtension && usage.critical && Number(usage.usages) === 0x60,
      );
      assert.ok(
        constraints instanceof BasicConstraintsExtension && constraints.critical && constraints.ca,
      );
      assert.equal(constraints.pathLength, undefined);
      assert.ok(subjectKey instanceof SubjectKeyIdentifierExtension && !subjectKey.critical);
      assert.deepEqual(more, []);
      const { publicKey, signatureScheme, tbsCertificate, signature } = decodeCertificate(der);
      assert.ok(await verifyWithNode(publicKey, signatureScheme!, tbsCertificate, signature));
      // The Web Crypto of the runtime has no P-521 signatures.
      if (kind !== "P-521") assert.ok(await foreign.isSelfSigned());
    });
  }
});

Deno.test("buildCaCertificate() builds intermediates with issuer, path length and names", () => {
  const der = sign(buildCaCertificate({
    subject: organizationName("below"),
    issuer: ISSUER,
    spki: issuerKey.publicKey.spki,
    subjectKeyId: SKI,
    authorityKeyId: AKI,
    serialNumber: Uint8Array.of(1),
    notBeforeMs: NOT_BEFORE,
    notAfterMs: NOT_AFTER,
    pathLen: 0,
    subjectAltNames: [ID],
    signatureScheme: issuerKey.scheme,
  }));
  const own = decodeCertificate(der);
  assert.deepEqual(own.basicConstraints, { ca: true, pathLen: 0 });
  assert.deepEqual(own.issuer, ISSUER);
  assert.deepEqual(own.authorityKeyIdentifier, AKI);
  const foreign = new X509Certificate(der);
  const constraints = foreign.extensions.find((extension) =>
    extension instanceof BasicConstraintsExtension
  );
  assert.equal(constraints?.pathLength, 0);
});

Deno.test("encodeCertificate() refuses to write a SHA-1 signature", () => {
  assert.throws(
    () => encodeCertificate(new Uint8Array(), { type: "rsa", digest: "SHA-1" }, new Uint8Array()),
    (thrown) => isSignetError(thrown, "x509.unsupported_algorithm"),
  );
});
