/** Private keys in both providers: openssl's keys sign, generated ones too, everything else is refused. */
import assert from "node:assert/strict";
import {
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSmallInteger,
  readDer,
  readUnsigned,
  TAG,
} from "signet/asn1/mod.ts";
import { concatBytes, type ErrorCode, isSignetError } from "signet/base/mod.ts";
import type { CryptoProvider, KeySpec, SignatureScheme } from "signet/crypto/mod.ts";
import { decodePublicKey } from "signet/x509/mod.ts";
import { listKeys, readKey, readSignatures, SIGNED } from "../../support/key_vectors.ts";
import { testProviders } from "../../support/providers.ts";
import { ORDERS, refusal } from "../../support/refusals.ts";
import { verifyWithNode } from "../../support/test_keys.ts";

const SIGNATURES = readSignatures();

/** What each good key is, from its file's name. */
const KINDS: Readonly<Record<string, readonly [kind: object, scheme: SignatureScheme]>> = {
  ed25519: [{ type: "ed25519" }, { type: "ed25519" }],
  p256: [{ type: "ec", curve: "P-256" }, { type: "ecdsa", digest: "SHA-256" }],
  p256_sec1: [{ type: "ec", curve: "P-256" }, { type: "ecdsa", digest: "SHA-256" }],
  p384: [{ type: "ec", curve: "P-384" }, { type: "ecdsa", digest: "SHA-384" }],
  p384_sec1: [{ type: "ec", curve: "P-384" }, { type: "ecdsa", digest: "SHA-384" }],
  p521: [{ type: "ec", curve: "P-521" }, { type: "ecdsa", digest: "SHA-512" }],
  p521_sec1: [{ type: "ec", curve: "P-521" }, { type: "ecdsa", digest: "SHA-512" }],
  rsa1024: [{ type: "rsa", bits: 1024 }, { type: "rsa", digest: "SHA-256" }],
  rsa2048: [{ type: "rsa", bits: 2048 }, { type: "rsa", digest: "SHA-256" }],
  rsa2048_pkcs1: [{ type: "rsa", bits: 2048 }, { type: "rsa", digest: "SHA-256" }],
  rsa3072: [{ type: "rsa", bits: 3072 }, { type: "rsa", digest: "SHA-256" }],
  rsa4096: [{ type: "rsa", bits: 4096 }, { type: "rsa", digest: "SHA-256" }],
  rsa8192: [{ type: "rsa", bits: 8192 }, { type: "rsa", digest: "SHA-256" }],
};

testProviders("signs with openssl's keys of every kind, and node verifies", async (t, provider) => {
  assert.deepEqual(listKeys("good"), Object.keys(KINDS));
  for (const [name, [kind, scheme]] of Object.entries(KINDS)) {
    await t.step(name, async () => {
      using key = await provider.importPrivateKey(readKey(`good/${name}`));
      assert.deepEqual(key.kind, kind);
      assert.deepEqual(key.scheme, scheme);
      const vector = SIGNATURES.find((each) => each.key === name.split("_")[0])!;
      assert.deepEqual(key.spki, vector.publicKey.spki);
      for (const data of [SIGNED, new Uint8Array(), new Uint8Array(70_000).fill(7)]) {
        const signature = await key.sign(data);
        const publicKey = decodePublicKey(key.spki);
        // The node:crypto of the runtime reads no RSA key of more than 4096 bits.
        const verify = name === "rsa8192" ? provider.verify : verifyWithNode;
        assert.equal(await verify(publicKey, key.scheme, data, signature), true);
      }
    });
  }
});

testProviders("makes keys of every kind that sign", async (t, provider) => {
  const specs: readonly KeySpec[] = [
    { type: "ec", curve: "P-256" },
    { type: "ec", curve: "P-384" },
    { type: "ec", curve: "P-521" },
    { type: "rsa", bits: 2048 },
    { type: "ed25519" },
  ];
  for (const spec of specs) {
    await t.step(JSON.stringify(spec), async () => {
      const { pkcs8, spki } = await provider.generateKey(spec);
      assert.deepEqual(decodePublicKey(spki).kind, spec);
      using key = await provider.importPrivateKey(pkcs8);
      assert.deepEqual(key.spki, spki);
      const signature = await key.sign(SIGNED);
      assert.ok(await verifyWithNode(decodePublicKey(spki), key.scheme, SIGNED, signature));
      assert.notDeepEqual((await provider.generateKey(spec)).spki, spki);
    });
  }
});

const BAD: Readonly<Record<string, ErrorCode>> = {
  dsa: "crypto.unsupported_algorithm",
  ed448: "crypto.unsupported_algorithm",
  encrypted: "crypto.bad_key",
  encrypted_pkcs1: "asn1.bad_pem",
  explicit_parameters: "crypto.bad_key",
  p224: "crypto.unsupported_algorithm",
  public: "crypto.bad_key",
  rsa512: "crypto.bad_key",
  rsa_pss: "crypto.unsupported_algorithm",
  secp256k1: "crypto.unsupported_algorithm",
  x25519: "crypto.unsupported_algorithm",
};

testProviders("refuses every other private key, by code", async (t, provider) => {
  assert.deepEqual(listKeys("bad"), Object.keys(BAD));
  for (const [name, code] of Object.entries(BAD)) {
    await t.step(name, async () => {
      await refusal(() => provider.importPrivateKey(readKey(`bad/${name}`)), code);
    });
  }
});

testProviders("refuses a key with the public half of another", async (t, provider) => {
  for (
    const [name, spec] of [["p256", { type: "ec", curve: "P-256" }], ["p521", {
      type: "ec",
      curve: "P-521",
    }]] as const
  ) {
    await t.step(name, async () => {
      const mine = readKey(`good/${name}`).slice();
      const { pkcs8 } = await provider.generateKey(spec);
      // The public point stands at the end of both.
      const point = spec.curve === "P-256" ? 64 : 132;
      mine.set(pkcs8.subarray(pkcs8.length - point), mine.length - point);
      await refusal(() => provider.importPrivateKey(mine), "crypto.bad_key");
    });
  }
  await t.step("rsa2048 with another modulus", async () => {
    const mine = readKey("good/rsa2048").slice();
    const modulus = readUnsigned(
      readDer(SIGNATURES.find(({ key }) => key === "rsa2048")!.publicKey.keyBits).enter(
        TAG.sequence,
      ),
    );
    const at = indexOf(mine, modulus);
    mine[at + 100]! ^= 1;
    await refusal(() => provider.importPrivateKey(mine), "crypto.bad_key");
  });
});

function indexOf(haystack: Uint8Array, needle: Uint8Array): number {
  for (let at = 0; at + needle.length <= haystack.length; at++) {
    if (needle.every((byte, i) => haystack[at + i] === byte)) return at;
  }
  throw new RangeError("The needle is not in the haystack");
}

testProviders("takes every truncation of a private key calmly", async (t, provider) => {
  for (const name of ["p256", "ed25519", "rsa1024"]) {
    await t.step(name, async () => {
      const pkcs8 = readKey(`good/${name}`);
      for (let length = 0; length < pkcs8.length; length += name === "rsa1024" ? 13 : 1) {
        await refusal(
          () => provider.importPrivateKey(pkcs8.slice(0, length)),
          "crypto.bad_key",
          "crypto.unsupported_algorithm",
        );
      }
      await refusal(
        () => provider.importPrivateKey(concatBytes([pkcs8, Uint8Array.of(0)])),
        "crypto.bad_key",
      );
    });
  }
});

testProviders(
  "takes bent private keys calmly: refused, or a key that is its own",
  async (t, provider) => {
    for (const name of ["p256", "ed25519"]) {
      await t.step(name, async () => {
        const pkcs8 = readKey(`good/${name}`);
        for (let bit = 0; bit < pkcs8.length * 8; bit += 5) {
          const bent = pkcs8.slice();
          bent[bit >> 3]! ^= 1 << (bit & 7);
          await importOrRefusal(provider, bent, `bit ${bit}`);
        }
      });
    }
  },
);

async function importOrRefusal(provider: CryptoProvider, pkcs8: Uint8Array, what: string) {
  try {
    using key = await provider.importPrivateKey(pkcs8);
    const signature = await key.sign(SIGNED);
    assert.ok(await verifyWithNode(decodePublicKey(key.spki), key.scheme, SIGNED, signature), what);
  } catch (thrown) {
    assert.ok(
      isSignetError(thrown, "crypto.bad_key", "crypto.unsupported_algorithm"),
      `${what}: ${thrown}`,
    );
  }
}

testProviders("refuses private numbers that are none", async (t, provider) => {
  const algorithm = encodeSequence(
    encodeOid("1.2.840.10045.2.1"),
    encodeOid("1.2.840.10045.3.1.7"),
  );
  const key = (number: Uint8Array) =>
    encodeSequence(
      encodeSmallInteger(0),
      algorithm,
      encodeOctetString(encodeSequence(encodeSmallInteger(1), encodeOctetString(number))),
    );
  const rows: Readonly<Record<string, Uint8Array>> = {
    "zero": new Uint8Array(32),
    "the order": Uint8Array.fromHex(ORDERS.p256),
    "nothing": new Uint8Array(),
  };
  for (const [name, number] of Object.entries(rows)) {
    await t.step(name, async () => {
      await refusal(() => provider.importPrivateKey(key(number)), "crypto.bad_key");
    });
  }
  // Above the order: OpenSSL takes the rest of it, Web Crypto refuses.
  await importOrRefusal(provider, key(new Uint8Array(32).fill(0xff)), "all ones");
});

testProviders("keeps no hold of the bytes that it was given", async (_, provider) => {
  const pkcs8 = readKey("good/p256").slice();
  using key = await provider.importPrivateKey(pkcs8);
  pkcs8.fill(0);
  const data = SIGNED.slice();
  const signature = await key.sign(data);
  assert.ok(await provider.verify(decodePublicKey(key.spki), key.scheme, SIGNED, signature));
});

testProviders("signs and verifies at the same time without mixing them up", async (_, provider) => {
  const names = ["p256", "p384", "p521", "ed25519", "rsa2048"];
  const keys = await Promise.all(
    names.map((name) => provider.importPrivateKey(readKey(`good/${name}`))),
  );
  try {
    await Promise.all(Array.from({ length: 60 }, async (_, n) => {
      const key = keys[n % keys.length]!;
      const data = new TextEncoder().encode(`message ${n}`);
      const signature = await key.sign(data);
      const publicKey = decodePublicKey(key.spki);
      assert.equal(await provider.verify(publicKey, key.scheme, data, signature), true);
      assert.equal(await provider.verify(publicKey, key.scheme, SIGNED, signature), false);
    }));
  } finally {
    for (const key of keys) key[Symbol.dispose]();
  }
});

testProviders("names itself and where it comes from", async (_, provider) => {
  assert.match(
    provider.source,
    provider.name === "openssl" ? /^\/.*libcrypto\.so\.3 \(OpenSSL 3\.\d+\.\d+\)$/ : /^Deno \d/,
  );
  await Promise.resolve();
});
