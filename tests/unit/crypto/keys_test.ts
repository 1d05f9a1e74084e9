import assert from "node:assert/strict";
import { createPrivateKey } from "node:crypto";
import {
  contextTag,
  encodeOctetString,
  encodeOid,
  encodePem,
  encodeSequence,
  encodeSmallInteger,
  encodeTlv,
} from "signet/asn1/mod.ts";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import { encodePrivateKeyPem, parsePrivateKeyPem } from "signet/crypto/mod.ts";
import { listKeys, readKey, readKeyPem } from "../../support/key_vectors.ts";

Deno.test("parsePrivateKeyPem() gives one PKCS#8 for the forms of one key", () => {
  for (const name of ["p256", "p384", "p521"]) {
    const sec1 = readKey(`good/${name}_sec1`);
    // SEC1 names the curve twice when it is wrapped; what counts is that node reads both as the same key.
    const jwk = (der: Uint8Array) =>
      createPrivateKey({ key: der as never, format: "der", type: "pkcs8" }).export({
        format: "jwk",
      });
    assert.deepEqual(jwk(sec1), jwk(readKey(`good/${name}`)));
  }
  assert.deepEqual(readKey("good/rsa2048_pkcs1"), readKey("good/rsa2048"));
});

Deno.test("encodePrivateKeyPem() writes istiod's forms, as openssl writes them", async (t) => {
  const rows: readonly (readonly [string, string])[] = [
    ["p256", "p256_sec1"],
    ["p384", "p384_sec1"],
    ["p521", "p521_sec1"],
    ["rsa2048", "rsa2048_pkcs1"],
    ["ed25519", "ed25519"],
  ];
  for (const [from, expected] of rows) {
    await t.step(from, () => {
      assert.equal(encodePrivateKeyPem(readKey(`good/${from}`)), readKeyPem(`good/${expected}`));
    });
  }
});

Deno.test("encodePrivateKeyPem() is read back by parsePrivateKeyPem() for every key", async (t) => {
  for (const name of listKeys("good")) {
    await t.step(name, () => {
      const pem = encodePrivateKeyPem(readKey(`good/${name}`));
      assert.equal(encodePrivateKeyPem(parsePrivateKeyPem(pem)), pem);
    });
  }
});

Deno.test("parsePrivateKeyPem() takes the first block and ignores text around it", () => {
  const pem = readKeyPem("good/p256");
  const text = `Bag Attributes\n  friendlyName: x\n${pem}${readKeyPem("good/rsa2048")}`;
  assert.deepEqual(parsePrivateKeyPem(text), parsePrivateKeyPem(pem));
  assert.deepEqual(parsePrivateKeyPem(pem.replaceAll("\n", "\r\n")), parsePrivateKeyPem(pem));
});

const CURVE = contextTag(0, { constructed: true });
const NUMBER = encodeOctetString(new Uint8Array(32).fill(1));

Deno.test("parsePrivateKeyPem() refuses what is no private key, by code and in words", async (t) => {
  const sec1 = (...parts: Uint8Array[]) => encodePem("EC PRIVATE KEY", encodeSequence(...parts));
  const curve = encodeTlv(CURVE, encodeOid("1.2.840.10045.3.1.7"));
  const rows: Readonly<Record<string, readonly [string, ErrorCode, RegExp]>> = {
    "nothing": ["", "crypto.bad_key", /there is no PEM block/],
    "text": ["hello", "crypto.bad_key", /there is no PEM block/],
    "a certificate": [
      encodePem("CERTIFICATE", new Uint8Array(3)),
      "crypto.bad_key",
      /unsupported PEM block type for a private key: "CERTIFICATE"/,
    ],
    "parameters first": [
      encodePem("EC PARAMETERS", encodeOid("1.2.840.10045.3.1.7")),
      "crypto.bad_key",
      /"EC PARAMETERS"/,
    ],
    "an EC key without its curve": [
      sec1(encodeSmallInteger(1), NUMBER),
      "crypto.bad_key",
      /does not name its curve/,
    ],
    "an EC key of version 2": [
      sec1(encodeSmallInteger(2), NUMBER, curve),
      "crypto.bad_key",
      /version is not 1/,
    ],
    "an EC key that goes on": [
      sec1(encodeSmallInteger(1), NUMBER, curve, encodeSmallInteger(1)),
      "asn1.trailing_bytes",
      /./,
    ],
    "an EC key that is cut": [
      encodePem("EC PRIVATE KEY", Uint8Array.of(0x30, 0x20, 2, 1, 1)),
      "asn1.truncated",
      /./,
    ],
  };
  for (const [name, [pem, code, message]] of Object.entries(rows)) {
    await t.step(name, () => {
      assert.throws(() => parsePrivateKeyPem(pem), (thrown) => {
        assert.ok(isSignetError(thrown, code), `${(thrown as { code?: string }).code} ${thrown}`);
        assert.match(thrown.message, message);
        return true;
      });
    });
  }
});

Deno.test("No message about a private key repeats its bytes", () => {
  for (const name of listKeys("bad")) {
    const pem = readKeyPem(`bad/${name}`);
    const body = pem.split("\n").filter((line) => /^[A-Za-z0-9+/=]{40,}$/.test(line));
    try {
      parsePrivateKeyPem(pem);
    } catch (thrown) {
      for (const line of body) assert.ok(!String(thrown).includes(line), name);
    }
  }
});
