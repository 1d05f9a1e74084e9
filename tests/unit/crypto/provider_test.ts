/** One table for both providers: openssl's keys and signatures, what signet signs, and what neither may take. */
import assert from "node:assert/strict";
import {
  encodeBitString,
  encodeSequence,
  encodeTlv,
  encodeUnsigned,
  readDer,
  readUnsigned,
  TAG,
} from "signet/asn1/mod.ts";
import { concatBytes } from "signet/base/mod.ts";
import type { SignatureScheme } from "signet/crypto/mod.ts";
import { decodePublicKey, type PublicKeyInfo } from "signet/x509/mod.ts";
import { readSignatures, type SignatureVector, SIGNED } from "../../support/key_vectors.ts";
import { testProviders } from "../../support/providers.ts";
import { ORDERS, refusal } from "../../support/refusals.ts";

const OTHER = new TextEncoder().encode("signets");
const SIGNATURES = readSignatures();

function signatureOf(name: string): SignatureVector {
  return SIGNATURES.find((vector) => vector.name === name)!;
}

testProviders("verifies what openssl signed, and nothing else", async (t, provider) => {
  assert.equal(SIGNATURES.length, 8 * 4 + 1);
  for (const { name, publicKey, scheme, signature } of SIGNATURES) {
    await t.step(name, async () => {
      assert.equal(await provider.verify(publicKey, scheme, SIGNED, signature), true);
      assert.equal(await provider.verify(publicKey, scheme, OTHER, signature), false);
      assert.equal(await provider.verify(publicKey, scheme, new Uint8Array(), signature), false);
    });
  }
});

testProviders("does not take one digest for another", async (t, provider) => {
  const digests = ["SHA-1", "SHA-256", "SHA-384", "SHA-512"] as const;
  for (const { name, publicKey, scheme, signature } of SIGNATURES) {
    if (scheme.type === "ed25519") continue;
    await t.step(name, async () => {
      for (const digest of digests) {
        const verdict = await provider.verify(publicKey, { ...scheme, digest }, SIGNED, signature);
        assert.equal(verdict, digest === scheme.digest, digest);
      }
    });
  }
});

testProviders("does not take one key's signature for another's", async (t, provider) => {
  for (const mine of SIGNATURES) {
    const other = SIGNATURES.find(({ key, scheme }) =>
      key !== mine.key && scheme.type === mine.scheme.type
    );
    if (other === undefined) continue;
    await t.step(`${mine.name} by the key ${other.key}`, async () => {
      const { scheme, signature } = mine;
      assert.equal(await provider.verify(other.publicKey, scheme, SIGNED, signature), false);
    });
  }
});

testProviders("says false to every signature with one bit changed", async (t, provider) => {
  const names = ["p256 sha256", "p384 sha384", "p384 sha1", "p521 sha512", "rsa1024 sha256"];
  for (const name of [...names, "rsa8192 sha512", "ed25519 none"]) {
    await t.step(name, async () => {
      const { publicKey, scheme, signature } = signatureOf(name);
      // Every bit of the short ones; of the others one in each octet.
      const step = signature.length > 150 ? 37 : 3;
      for (let bit = 0; bit < signature.length * 8; bit += step) {
        const bent = signature.slice();
        bent[bit >> 3]! ^= 1 << (bit & 7);
        assert.equal(await provider.verify(publicKey, scheme, SIGNED, bent), false, `bit ${bit}`);
      }
    });
  }
});

testProviders("says false to signatures that are cut, longer, or nothing", async (t, provider) => {
  for (const { name, publicKey, scheme, signature } of SIGNATURES) {
    if (!/sha256|none/.test(name)) continue;
    await t.step(name, async () => {
      const { length } = signature;
      const forms = [
        new Uint8Array(),
        Uint8Array.of(0),
        signature.slice(0, length - 1),
        signature.slice(1),
        signature.slice(0, length >> 1),
        concatBytes([signature, Uint8Array.of(0)]),
        concatBytes([Uint8Array.of(0), signature]),
        concatBytes([signature, signature]),
        new Uint8Array(length),
        new Uint8Array(length).fill(0xff),
        new Uint8Array(100_000),
      ];
      for (const [at, form] of forms.entries()) {
        assert.equal(await provider.verify(publicKey, scheme, SIGNED, form), false, `form ${at}`);
      }
    });
  }
});

function integers(der: Uint8Array): readonly [bigint, bigint] {
  const pair = readDer(der).enter(TAG.sequence);
  const read = () => BigInt(`0x${readUnsigned(pair).toHex()}`);
  return [read(), read()];
}

function unsigned(value: bigint): Uint8Array {
  const hex = value.toString(16);
  return encodeUnsigned(Uint8Array.fromHex(hex.length % 2 === 0 ? hex : `0${hex}`));
}

testProviders("says false to ECDSA's numbers outside of 1 to n - 1", async (t, provider) => {
  for (
    const [key, digest] of [["p256", "sha256"], ["p384", "sha384"], ["p521", "sha512"]] as const
  ) {
    await t.step(key, async () => {
      const { publicKey, scheme, signature } = signatureOf(`${key} ${digest}`);
      const n = BigInt(`0x${ORDERS[key]}`);
      const [r, s] = integers(signature);
      const pairs: Readonly<Record<string, readonly [bigint, bigint]>> = {
        "0, 0": [0n, 0n],
        "r, 0": [r, 0n],
        "0, s": [0n, s],
        "n, n": [n, n],
        "r + n, s": [r + n, s],
        "r, s + n": [r, s + n],
        "1, 1": [1n, 1n],
        "s, r": [s, r],
        "2^2048, s": [1n << 2048n, s],
      };
      for (const [name, [first, second]] of Object.entries(pairs)) {
        const der = encodeSequence(unsigned(first), unsigned(second));
        assert.equal(await provider.verify(publicKey, scheme, SIGNED, der), false, name);
      }
      // The one change that ECDSA itself allows: n - s is as good as s.
      const mirrored = encodeSequence(unsigned(r), unsigned(n - s));
      assert.equal(await provider.verify(publicKey, scheme, SIGNED, mirrored), true);
    });
  }
});

testProviders("says false to ECDSA signatures that are not strict DER", async (t, provider) => {
  const { publicKey, scheme, signature } = signatureOf("p256 sha256");
  const [r, s] = integers(signature);
  const integer = (value: bigint) => unsigned(value);
  const padded = (value: bigint) => {
    const body = concatBytes([Uint8Array.of(0, 0), integer(value).subarray(2)]);
    return encodeTlv(TAG.integer, body);
  };
  const negative = encodeTlv(TAG.integer, Uint8Array.fromHex((r | (1n << 255n)).toString(16)));
  const body = concatBytes([integer(r), integer(s)]);
  const forms: Readonly<Record<string, Uint8Array>> = {
    "r with zeros before it": encodeSequence(padded(r), integer(s)),
    "a negative r": encodeSequence(negative, integer(s)),
    "a third number": encodeSequence(integer(r), integer(s), integer(1n)),
    "one number": encodeSequence(integer(r)),
    "a SET": encodeTlv(TAG.set, body),
    "a long length": concatBytes([Uint8Array.of(0x30, 0x81, body.length), body]),
    "an indefinite length": concatBytes([Uint8Array.of(0x30, 0x80), body, Uint8Array.of(0, 0)]),
    "the fixed-length pair": Uint8Array.fromHex(
      r.toString(16).padStart(64, "0") + s.toString(16).padStart(64, "0"),
    ),
  };
  for (const [name, form] of Object.entries(forms)) {
    await t.step(name, async () => {
      assert.equal(await provider.verify(publicKey, scheme, SIGNED, form), false);
    });
  }
});

testProviders("says false to RSA signatures of the modulus and above", async (t, provider) => {
  for (const key of ["rsa1024", "rsa2048", "rsa8192"]) {
    await t.step(key, async () => {
      const { publicKey, scheme, signature } = signatureOf(`${key} sha256`);
      const modulus = readUnsigned(readDer(publicKey.keyBits).enter(TAG.sequence));
      const n = BigInt(`0x${modulus.toHex()}`);
      const s = BigInt(`0x${signature.toHex()}`);
      const fixed = (value: bigint) =>
        Uint8Array.fromHex(value.toString(16).padStart(modulus.length * 2, "0"));
      const forms = [fixed(0n), fixed(1n), fixed(n - 1n), fixed(n), fixed(n - s)];
      if (s + n < 1n << BigInt(modulus.length * 8)) forms.push(fixed(s + n));
      for (const form of forms) {
        assert.equal(await provider.verify(publicKey, scheme, SIGNED, form), false);
      }
    });
  }
});

testProviders("refuses keys and schemes that do not belong together", async (t, provider) => {
  const schemes: readonly SignatureScheme[] = [
    { type: "rsa", digest: "SHA-256" },
    { type: "ecdsa", digest: "SHA-256" },
    { type: "ed25519" },
  ];
  for (const name of ["p256 sha256", "rsa2048 sha256", "ed25519 none"]) {
    const { publicKey, scheme, signature } = signatureOf(name);
    for (const other of schemes.filter(({ type }) => type !== scheme.type)) {
      await t.step(`${name} as ${other.type}`, async () => {
        await refusal(
          () => provider.verify(publicKey, other, SIGNED, signature),
          "crypto.unsupported_algorithm",
        );
      });
    }
  }
});

function ecKeyWith(name: string, point: Uint8Array): PublicKeyInfo {
  const { spki } = signatureOf(name).publicKey;
  const algorithm = readDer(spki).enter(TAG.sequence).readWhole(TAG.sequence);
  return decodePublicKey(encodeSequence(algorithm, encodeBitString(point)));
}

testProviders("refuses points that are not on their curve", async (t, provider) => {
  for (const name of ["p256 sha256", "p384 sha384", "p384 sha1", "p521 sha512"]) {
    const { publicKey, scheme, signature } = signatureOf(name);
    const offCurve = publicKey.keyBits.slice();
    offCurve[offCurve.length - 1]! ^= 1;
    const coordinate = (publicKey.keyBits.length - 1) / 2;
    const tooLarge = new Uint8Array(publicKey.keyBits.length).fill(0xff);
    tooLarge[0] = 4;
    const points: Readonly<Record<string, Uint8Array>> = {
      "y changed by one bit": offCurve,
      "0, 0": Uint8Array.of(4, ...new Uint8Array(2 * coordinate)),
      "coordinates above the field": tooLarge,
    };
    for (const [what, point] of Object.entries(points)) {
      await t.step(`${name}: ${what}`, async () => {
        const verdict = async () =>
          await provider.verify(ecKeyWith(name, point), scheme, SIGNED, signature);
        await refusal(verdict, "crypto.bad_key");
        // The provider is none the worse for it.
        assert.equal(await provider.verify(publicKey, scheme, SIGNED, signature), true);
      });
    }
  }
});
