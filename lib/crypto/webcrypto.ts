/**
 * The provider that is always there: Web Crypto, with whole-number RSA for keys above 4096 bits, which it refuses, and @noble/curves for
 * the one pair that it cannot check, P-384 with SHA-1 (docs/adr/0010).
 */
import { createHash, createPrivateKey, createPublicKey } from "node:crypto";
import { type Bytes, messageOf, SignetError } from "../base/mod.ts";
import type { Curve, Digest, KeyKind, PublicKeyInfo, SignatureScheme } from "../x509/mod.ts";
import { sha256 } from "./digest.ts";
import { ecdsaToDer, ecdsaToFixed } from "./ecdsa_signature.ts";
import { checkedPair, decodePublicHalf } from "./import.ts";
import { keyKindOfPkcs8, schemeFor } from "./key_kind.ts";
import { verifyRsaDigest } from "./rsa_verify.ts";
import type { CryptoProvider, GeneratedKey, KeySpec, SigningKey } from "./port.ts";

type AlgorithmName = RsaHashedImportParams | EcKeyImportParams | Algorithm;

/** Makes the provider. */
export function webCryptoProvider(): CryptoProvider {
  return {
    name: "webcrypto",
    source: `Deno ${Deno.version.deno}`,
    verify: verifySignature,
    importPrivateKey: async (pkcs8) =>
      await checkedPair(await importPrivateKey(pkcs8), { verify: verifySignature }),
    generateKey,
    sha256,
  };
}

function algorithmOf(kind: KeyKind, digest: Digest): AlgorithmName {
  switch (kind.type) {
    case "rsa":
      return { name: "RSASSA-PKCS1-v1_5", hash: digest };
    case "ec":
      return { name: "ECDSA", namedCurve: kind.curve };
    case "ed25519":
      return { name: "Ed25519" };
  }
}

async function verifySignature(
  key: PublicKeyInfo,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  const { kind } = key;
  if (kind.type === "rsa" && scheme.type === "rsa") {
    return await verifyRsa(key, scheme.digest, data, signature);
  }
  if (kind.type === "ec" && scheme.type === "ecdsa") {
    const good = await verifyEc(key, kind.curve, { digest: scheme.digest, data, signature });
    // Deno imports points that are not on their curve, and no signature fits them.
    if (!good) await checkPoint(key, kind.curve);
    return good;
  }
  if (kind.type === "ed25519" && scheme.type === "ed25519") {
    return await check({ name: "Ed25519" }, await importPublicKey(key), { data, signature });
  }
  throw new SignetError(
    "crypto.unsupported_algorithm",
    `Cannot verify signature: a key of type ${kind.type} does not make ${scheme.type} signatures`,
  );
}

async function verifyEc(
  key: PublicKeyInfo,
  curve: Curve,
  { digest, data, signature }: {
    readonly digest: Digest;
    readonly data: Uint8Array;
    readonly signature: Uint8Array;
  },
): Promise<boolean> {
  const imported = await importPublicKey(key);
  const fixed = ecdsaToFixed(signature, curve);
  if (fixed === undefined) return false;
  if (curve === "P-384" && digest === "SHA-1") return await verifyP384Sha1(key, data, fixed);
  return await check({ name: "ECDSA", hash: digest }, imported, { data, signature: fixed });
}

/** Throws `crypto.bad_key` when the key is no point of its curve. */
async function checkPoint({ keyBits }: PublicKeyInfo, curve: Curve): Promise<void> {
  const { p256, p384, p521 } = await import("@noble/curves/nist.js");
  try {
    ({ "P-256": p256, "P-384": p384, "P-521": p521 })[curve].Point.fromBytes(keyBits);
  } catch (cause) {
    throw new SignetError("crypto.bad_key", `Cannot use public key: ${messageOf(cause)}`, {
      cause,
    });
  }
}

async function check(
  algorithm: EcdsaParams | Algorithm,
  key: CryptoKey,
  { data, signature }: { readonly data: Uint8Array; readonly signature: Uint8Array },
): Promise<boolean> {
  try {
    return await crypto.subtle.verify(algorithm, key, signature as Bytes, data as Bytes);
  } catch (thrown) {
    // A number of zero or above the group's order is an error to some versions and false to others.
    if (thrown instanceof DOMException || thrown instanceof TypeError) return false;
    throw thrown;
  }
}

async function importPublicKey(
  { kind, spki }: PublicKeyInfo,
  digest: Digest = "SHA-256",
): Promise<CryptoKey> {
  try {
    return await crypto.subtle.importKey("spki", spki as Bytes, algorithmOf(kind, digest), false, [
      "verify",
    ]);
  } catch (cause) {
    throw new SignetError("crypto.bad_key", `Cannot use public key: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Longest RSA key that Web Crypto takes. */
const MAX_WEB_CRYPTO_RSA_BITS = 4096;

async function verifyRsa(
  key: PublicKeyInfo,
  digest: Digest,
  data: Uint8Array,
  signature: Uint8Array,
): Promise<boolean> {
  if (key.kind.type === "rsa" && key.kind.bits > MAX_WEB_CRYPTO_RSA_BITS) {
    const hashed = createHash(digest.replace("-", "").toLowerCase()).update(data).digest();
    return verifyRsaDigest(key.keyBits, digest, hashed, signature);
  }
  const imported = await importPublicKey(key, digest);
  return await check({ name: "RSASSA-PKCS1-v1_5" }, imported, { data, signature });
}

async function verifyP384Sha1(
  { keyBits }: PublicKeyInfo,
  data: Uint8Array,
  fixed: Uint8Array,
): Promise<boolean> {
  const { p384 } = await import("@noble/curves/nist.js");
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-1", data as Bytes));
  try {
    return p384.verify(fixed, digest, keyBits, { prehash: false, lowS: false, format: "compact" });
  } catch (thrown) {
    if (thrown instanceof Error) return false;
    throw thrown;
  }
}

async function importPrivateKey(pkcs8: Uint8Array): Promise<SigningKey> {
  const kind = keyKindOfPkcs8(pkcs8);
  const scheme = schemeFor(kind);
  const digest = scheme.type === "ed25519" ? "SHA-512" : scheme.digest;
  const spki = publicHalf(pkcs8);
  let key: CryptoKey;
  try {
    key = await crypto.subtle.importKey("pkcs8", pkcs8 as Bytes, algorithmOf(kind, digest), false, [
      "sign",
    ]);
  } catch (cause) {
    throw new SignetError("crypto.bad_key", `Cannot use private key: ${messageOf(cause)}`, {
      cause,
    });
  }
  const params = kind.type === "ec"
    ? { name: "ECDSA", hash: digest }
    : { name: key.algorithm.name };
  return {
    kind: decodePublicHalf(spki).kind,
    spki,
    scheme,
    async sign(data) {
      const signature = new Uint8Array(await crypto.subtle.sign(params, key, data as Bytes));
      return kind.type === "ec" ? ecdsaToDer(signature) : signature;
    },
    [Symbol.dispose]() {},
  };
}

/** The SubjectPublicKeyInfo that belongs to a private key. */
function publicHalf(pkcs8: Uint8Array): Bytes {
  try {
    const key = createPublicKey(
      createPrivateKey({ key: pkcs8 as never, format: "der", type: "pkcs8" }),
    );
    return new Uint8Array(key.export({ type: "spki", format: "der" }));
  } catch (cause) {
    throw new SignetError("crypto.bad_key", `Cannot use private key: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/** Generates a key by Web Crypto: for both providers, since it is done rarely. */
export async function generateKey(spec: KeySpec): Promise<GeneratedKey> {
  const algorithm = spec.type === "rsa"
    ? {
      name: "RSASSA-PKCS1-v1_5",
      modulusLength: spec.bits,
      publicExponent: new Uint8Array([1, 0, 1]),
      hash: "SHA-256",
    }
    : spec.type === "ec"
    ? { name: "ECDSA", namedCurve: spec.curve }
    : { name: "Ed25519" };
  const pair = await crypto.subtle.generateKey(algorithm, true, [
    "sign",
    "verify",
  ]) as CryptoKeyPair;
  return {
    pkcs8: new Uint8Array(await crypto.subtle.exportKey("pkcs8", pair.privateKey)),
    spki: new Uint8Array(await crypto.subtle.exportKey("spki", pair.publicKey)),
  };
}
