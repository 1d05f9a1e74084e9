import assert from "node:assert/strict";

import {
  encodeBitString,
  encodeNull,
  encodeOid,
  encodeSequence,
  encodeUnsigned,
} from "signet/asn1/mod.ts";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import { decodePublicKey } from "signet/x509/mod.ts";
import { assertBitFlipsCalm, assertTruncationsRefused } from "../../support/mutations.ts";
import { makeTestKey, TEST_KEY_KINDS } from "../../support/test_keys.ts";

const RSA = encodeSequence(encodeOid("1.2.840.113549.1.1.1"), encodeNull());
const ODD_2048 = new Uint8Array(256).fill(0xff);
const EXPONENT = Uint8Array.of(1, 0, 1);

function rsaKey(modulus: Uint8Array, exponent: Uint8Array): Uint8Array {
  return encodeSequence(encodeUnsigned(modulus), encodeUnsigned(exponent));
}

function spki(algorithm: Uint8Array, key: Uint8Array): Uint8Array {
  return encodeSequence(algorithm, encodeBitString(key));
}

function ecKey(point: Uint8Array): Uint8Array {
  return spki(
    encodeSequence(encodeOid("1.2.840.10045.2.1"), encodeOid("1.2.840.10045.3.1.7")),
    point,
  );
}

Deno.test("decodePublicKey() reads node:crypto's keys and refuses their truncations", async (t) => {
  for (const kind of TEST_KEY_KINDS) {
    await t.step(kind, () => {
      const { publicKey } = makeTestKey(kind);
      assertTruncationsRefused(publicKey.spki, decodePublicKey);
      assertBitFlipsCalm(publicKey.spki, decodePublicKey);
      assert.equal(publicKey.keyBits.buffer, publicKey.spki.buffer);
    });
  }
});

Deno.test("decodePublicKey() counts the bits of an RSA modulus", () => {
  for (const bits of [1024, 1025, 2047, 2048, 8192]) {
    const modulus = new Uint8Array(Math.ceil(bits / 8)).fill(0xff);
    modulus[0] = 0xff >> ((8 - (bits % 8)) % 8);
    assert.deepEqual(decodePublicKey(spki(RSA, rsaKey(modulus, EXPONENT))).kind, {
      type: "rsa",
      bits,
    });
  }
});

Deno.test("decodePublicKey() refuses what is not a key, by code", async (t) => {
  const evenModulus = ODD_2048.slice();
  evenModulus[255] = 0xfe;
  const negative = Uint8Array.of(2, 0x82, 1, 0, ...ODD_2048);
  const table: readonly (readonly [string, Uint8Array, ErrorCode])[] = [
    [
      "RSA of 1023 bits",
      spki(RSA, rsaKey(new Uint8Array(128).fill(0x7f), EXPONENT)),
      "x509.bad_key",
    ],
    [
      "RSA of 8193 bits",
      spki(RSA, rsaKey(Uint8Array.of(1, ...new Uint8Array(1024).fill(1)), EXPONENT)),
      "x509.bad_key",
    ],
    ["a modulus of zero", spki(RSA, rsaKey(new Uint8Array(1), EXPONENT)), "x509.bad_key"],
    ["an even modulus", spki(RSA, rsaKey(evenModulus, EXPONENT)), "x509.bad_key"],
    [
      "a negative modulus",
      spki(RSA, encodeSequence(negative, encodeUnsigned(EXPONENT))),
      "asn1.bad_value",
    ],
    ["exponent 0", spki(RSA, rsaKey(ODD_2048, Uint8Array.of(0))), "x509.bad_key"],
    ["exponent 1", spki(RSA, rsaKey(ODD_2048, Uint8Array.of(1))), "x509.bad_key"],
    ["exponent 2", spki(RSA, rsaKey(ODD_2048, Uint8Array.of(2))), "x509.bad_key"],
    [
      "exponent 2^31 + 1",
      spki(RSA, rsaKey(ODD_2048, Uint8Array.of(0x80, 0, 0, 1))),
      "x509.bad_key",
    ],
    [
      "exponent 2^32 + 1",
      spki(RSA, rsaKey(ODD_2048, Uint8Array.of(1, 0, 0, 0, 1))),
      "x509.bad_key",
    ],
    [
      "RSA without NULL parameters",
      spki(encodeSequence(encodeOid("1.2.840.113549.1.1.1")), rsaKey(ODD_2048, EXPONENT)),
      "x509.unsupported_algorithm",
    ],
    [
      "RSA with bytes after the key",
      spki(RSA, Uint8Array.of(...rsaKey(ODD_2048, EXPONENT), 0)),
      "asn1.trailing_bytes",
    ],
    ["EC without a point", ecKey(new Uint8Array()), "x509.bad_key"],
    ["the point at infinity", ecKey(Uint8Array.of(0)), "x509.bad_key"],
    ["a compressed point", ecKey(new Uint8Array(33).fill(2)), "x509.bad_key"],
    ["a hybrid point", ecKey(new Uint8Array(65).fill(6)), "x509.bad_key"],
    ["a point of another curve", ecKey(new Uint8Array(97).fill(4)), "x509.bad_key"],
    [
      "Ed25519 of 31 bytes",
      spki(encodeSequence(encodeOid("1.3.101.112")), new Uint8Array(31)),
      "x509.bad_key",
    ],
    [
      "Ed25519 with parameters",
      spki(encodeSequence(encodeOid("1.3.101.112"), encodeNull()), new Uint8Array(32)),
      "x509.unsupported_algorithm",
    ],
    [
      "ML-DSA-44",
      spki(encodeSequence(encodeOid("2.16.840.1.101.3.4.3.17")), new Uint8Array(1312)),
      "x509.unsupported_algorithm",
    ],
  ];
  for (const [what, der, code] of table) {
    await t.step(what, () => {
      assert.throws(() => decodePublicKey(der), (thrown) => {
        assert.ok(isSignetError(thrown, code), String(thrown));
        return true;
      });
    });
  }
});
