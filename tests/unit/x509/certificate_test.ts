import assert from "node:assert/strict";

import {
  contextTag,
  encodeBitString,
  encodeNull,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  encodeTlv,
  encodeUnsigned,
} from "signet/asn1/mod.ts";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import {
  decodeCertificate,
  describeName,
  encodeSignatureAlgorithm,
  EXT_KEY_USAGE,
  KEY_USAGE,
  organizationName,
} from "signet/x509/mod.ts";
import { encodeExtension } from "signet/x509/extension.ts";
import {
  assertBitFlipsCalm,
  assertOctetsCalm,
  assertTruncationsRefused,
} from "../../support/mutations.ts";
import { X509Certificate } from "../../support/peculiar.ts";
import { makeTestKey } from "../../support/test_keys.ts";
import { listVectors, readCertificate, readVectorDer } from "../../support/x509_vectors.ts";

Deno.test("decodeCertificate() agrees with @peculiar/x509 on every vector", async (t) => {
  for (const name of listVectors("chain")) {
    await t.step(name, () => {
      const der = readVectorDer(`chain/${name}.pem`);
      const own = decodeCertificate(der);
      const foreign = new X509Certificate(der);
      assert.equal(own.version, 3);
      assert.equal(BigInt(`0x${own.serialNumber.toHex()}`), BigInt(`0x${foreign.serialNumber}`));
      assert.equal(own.notBeforeMs, foreign.notBefore.getTime());
      assert.equal(own.notAfterMs, foreign.notAfter.getTime());
      assert.deepEqual(own.subject, new Uint8Array(foreign.subjectName.toArrayBuffer()));
      assert.deepEqual(own.issuer, new Uint8Array(foreign.issuerName.toArrayBuffer()));
      assert.deepEqual(own.publicKey.spki, new Uint8Array(foreign.publicKey.rawData));
    });
  }
});

Deno.test("decodeCertificate() reads openssl's extensions", () => {
  const good = readCertificate("good");
  const root = readCertificate("root");
  assert.equal(describeName(root.subject), "O=cluster.local");
  assert.equal(describeName(good.subject), "");
  assert.equal(good.keyUsage, KEY_USAGE.digitalSignature);
  assert.deepEqual(good.extKeyUsage, [EXT_KEY_USAGE.serverAuth, EXT_KEY_USAGE.clientAuth]);
  assert.deepEqual(good.basicConstraints, { ca: false, pathLen: undefined });
  assert.deepEqual(good.authorityKeyIdentifier, root.subjectKeyIdentifier);
  assert.deepEqual(good.subjectAltNames.map(({ type, value }) => [type, value]), [
    ["uri", "spiffe://cluster.local/ns/shop/sa/web"],
  ]);
  assert.deepEqual(good.unhandledExtensions, []);
  assert.equal(root.keyUsage, KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign);
  assert.deepEqual(root.basicConstraints, { ca: true, pathLen: undefined });
  assert.equal(root.extKeyUsage, undefined);
  assert.deepEqual(readCertificate("path_length_0").basicConstraints, { ca: true, pathLen: 0 });
  assert.deepEqual(readCertificate("unknown_critical").unhandledExtensions, ["1.2.3.4"]);
  assert.deepEqual(readCertificate("constrained").unhandledExtensions, ["2.5.29.30"]);
});

Deno.test("decodeCertificate() refuses truncations and takes every change calmly", () => {
  for (const name of ["all_names", "leaf_ed25519", "constrained"]) {
    const der = readVectorDer(`chain/${name}.pem`);
    assertTruncationsRefused(der, decodeCertificate);
    assertBitFlipsCalm(der, decodeCertificate);
    assertOctetsCalm(der, decodeCertificate);
  }
});

interface Parts {
  readonly version: Uint8Array;
  readonly serial: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly validity: Uint8Array;
  readonly tail: readonly Uint8Array[];
  readonly outerAlgorithm: Uint8Array;
}

const ALGORITHM = encodeSignatureAlgorithm({ type: "ecdsa", digest: "SHA-256" });
const EXTENSION = encodeExtension("1.2.3", encodeNull(), { critical: false });
const { spki } = makeTestKey("P-256").publicKey;

/** A certificate by hand, of which a test replaces one part. */
function craft(replaced: Partial<Parts>): Uint8Array {
  const parts: Parts = {
    version: encodeTlv(contextTag(0, { constructed: true }), encodeSmallInteger(2)),
    serial: encodeSmallInteger(1),
    algorithm: ALGORITHM,
    validity: encodeSequence(encodeTime(0), encodeTime(1000)),
    tail: [extensions(EXTENSION)],
    outerAlgorithm: ALGORITHM,
    ...replaced,
  };
  const name = organizationName("x");
  const tbs = encodeSequence(
    parts.version,
    parts.serial,
    parts.algorithm,
    name,
    parts.validity,
    name,
    spki,
    ...parts.tail,
  );
  return encodeSequence(tbs, parts.outerAlgorithm, encodeBitString(new Uint8Array(8)));
}

function extensions(...list: readonly Uint8Array[]): Uint8Array {
  return encodeTlv(contextTag(3, { constructed: true }), encodeSequence(...list));
}

function versionOf(number: number): Uint8Array {
  return encodeTlv(contextTag(0, { constructed: true }), encodeSmallInteger(number));
}

Deno.test("decodeCertificate() accepts versions 1 to 3 as RFC 5280 writes them", () => {
  assert.equal(decodeCertificate(craft({})).version, 3);
  assert.equal(decodeCertificate(craft({ version: new Uint8Array(), tail: [] })).version, 1);
  const uniqueId = encodeTlv(contextTag(1, { constructed: false }), Uint8Array.of(0, 1));
  assert.equal(decodeCertificate(craft({ version: versionOf(1), tail: [uniqueId] })).version, 2);
});

Deno.test("decodeCertificate() lists a signature that it cannot verify as such and reads on", () => {
  const md5 = encodeSequence(Uint8Array.fromHex("06092a864886f70d010104"), encodeNull());
  assert.equal(
    decodeCertificate(craft({ algorithm: md5, outerAlgorithm: md5 })).signatureScheme,
    undefined,
  );
});

Deno.test("decodeCertificate() refuses what breaks RFC 5280, by code", async (t) => {
  const sha384 = encodeSignatureAlgorithm({ type: "ecdsa", digest: "SHA-384" });
  const extension = (
    oid: string,
    hex: string,
  ) => [extensions(encodeExtension(oid, Uint8Array.fromHex(hex), { critical: true }))];
  const table: readonly (readonly [string, Partial<Parts>, ErrorCode])[] = [
    ["version 1 written out", { version: versionOf(0), tail: [] }, "x509.bad_certificate"],
    ["version 4", { version: versionOf(3) }, "x509.bad_certificate"],
    ["extensions in version 2", { version: versionOf(1) }, "asn1.trailing_bytes"],
    ["a negative serial number", { serial: Uint8Array.of(2, 1, 0x80) }, "asn1.bad_value"],
    [
      "a serial number of 21 octets",
      { serial: encodeUnsigned(new Uint8Array(21).fill(1)) },
      "x509.bad_certificate",
    ],
    ["two different signature algorithms", { outerAlgorithm: sha384 }, "x509.bad_certificate"],
    [
      "an end before the beginning",
      { validity: encodeSequence(encodeTime(1000), encodeTime(0)) },
      "x509.bad_validity",
    ],
    ["no extension in the list", { tail: [extensions()] }, "x509.bad_extension"],
    ["an extension twice", { tail: [extensions(EXTENSION, EXTENSION)] }, "x509.bad_extension"],
    [
      "101 extensions",
      {
        tail: [
          extensions(
            ...Array.from(
              { length: 101 },
              (_, i) => encodeExtension(`1.2.${i}`, encodeNull(), { critical: false }),
            ),
          ),
        ],
      },
      "x509.bad_extension",
    ],
    [
      "bytes after the extensions",
      { tail: [extensions(EXTENSION), encodeNull()] },
      "asn1.trailing_bytes",
    ],
    ["an empty EKU", { tail: extension("2.5.29.37", "3000") }, "x509.bad_extension"],
    ["an empty SAN", { tail: extension("2.5.29.17", "3000") }, "x509.bad_extension"],
    ["basicConstraints with a negative path length", {
      tail: extension("2.5.29.19", "30060101ff0201ff"),
    }, "asn1.bad_value"],
    [
      "basicConstraints with more",
      { tail: extension("2.5.29.19", "30020500") },
      "asn1.trailing_bytes",
    ],
    ["keyUsage that is no BIT STRING", { tail: extension("2.5.29.15", "0401ff") }, "asn1.bad_tag"],
    ["an empty subjectKeyIdentifier value", { tail: extension("2.5.29.14", "") }, "asn1.truncated"],
    [
      "bytes after the authorityKeyIdentifier",
      { tail: extension("2.5.29.35", "30000500") },
      "asn1.trailing_bytes",
    ],
  ];
  for (const [what, parts, code] of table) {
    await t.step(what, () => {
      assert.throws(() => decodeCertificate(craft(parts)), (thrown) => {
        assert.ok(isSignetError(thrown, code), String(thrown));
        return true;
      });
    });
  }
});
