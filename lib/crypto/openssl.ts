/**
 * The fast provider: OpenSSL 3's libcrypto by FFI (docs/adr/0003). Calls are synchronous.
 *
 * EC keys use ECDSA_sign and ECDSA_verify with prepared EC_KEYs, which take a third of the time of the EVP interface here; RSA and Ed25519
 * use EVP. Everything that OpenSSL allocates for one call is freed in it; keys live until disposed.
 */
import { type Bytes, SignetError } from "../base/mod.ts";
import type { Curve, Digest, KeyKind, PublicKeyInfo, SignatureScheme } from "../x509/mod.ts";
import { checkedPair, decodePublicHalf } from "./import.ts";
import { keyKindOfPkcs8, schemeFor } from "./key_kind.ts";
import { openLibcrypto, type OpenSsl } from "./openssl_library.ts";
import type { CryptoProvider, SigningKey, Verifier } from "./port.ts";
import { generateKey } from "./webcrypto.ts";

/** NIDs of the curves (obj_mac.h). */
const NID = { "P-256": 415, "P-384": 715, "P-521": 716 } as const satisfies Record<Curve, number>;
/** Longest signature: RSA of 8192 bits. */
const MAX_SIGNATURE_BYTES = 1024;

/** Longest ECDSA signature, on P-521, with room to spare. */
const MAX_ECDSA_BYTES = 144;

/**
 * Where digests and ECDSA signatures are written, between one call and the next: calls are synchronous. Arrays made anew for each call
 * cost more than the hash itself, as small ones lie in V8's heap and are moved out of it when C is to write to them.
 */
const DIGEST = new Uint8Array(new ArrayBuffer(64));
const SIGNATURE = new Uint8Array(new ArrayBuffer(MAX_ECDSA_BYTES));
const SIGNATURE_LENGTH = new Uint32Array(new ArrayBuffer(4));

/** The one-shot function of a digest, and the octets it writes. */
const ONE_SHOT = {
  "SHA-1": ["SHA1", 20],
  "SHA-256": ["SHA256", 32],
  "SHA-384": ["SHA384", 48],
  "SHA-512": ["SHA512", 64],
} as const satisfies Record<Digest, readonly [keyof OpenSsl, number]>;

/** Opens libcrypto and makes the provider; a text says why it cannot be had. */
export function opensslProvider(path: string): CryptoProvider | string {
  const opened = openLibcrypto(path);
  if (typeof opened === "string") return opened;
  return createProvider(opened, path);
}

function createProvider(ssl: OpenSsl, path: string): CryptoProvider {
  const verifiers = new Map<Curve, Deno.PointerValue>();

  const verifyEc = (
    curve: Curve,
    keyBits: Uint8Array,
    digest: Digest,
    { data, signature }: { readonly data: Uint8Array; readonly signature: Uint8Array },
  ) => {
    let key = verifiers.get(curve);
    if (key === undefined) verifiers.set(curve, key = ssl.EC_KEY_new_by_curve_name(NID[curve]));
    if (ssl.EC_KEY_oct2key(key, keyBits as Bytes, BigInt(keyBits.length), null) !== 1) {
      throw badKey(ssl);
    }
    const verdict = ssl.ECDSA_verify(
      0,
      DIGEST,
      hashInto(ssl, digest, data),
      signature as Bytes,
      signature.length,
      key,
    );
    if (verdict !== 1) ssl.ERR_clear_error();
    return verdict === 1;
  };

  const verifier: Verifier = {
    verify(key, scheme, data, signature) {
      const { kind } = key;
      if (kind.type === "ec" && scheme.type === "ecdsa") {
        return verifyEc(kind.curve, key.keyBits, scheme.digest, { data, signature });
      }
      if (kind.type !== scheme.type) {
        throw new SignetError(
          "crypto.unsupported_algorithm",
          `Cannot verify signature: a key of type ${kind.type} does not make ${scheme.type} signatures`,
        );
      }
      return verifyEvp(ssl, { key, scheme, data, signature });
    },
  };
  return {
    ...verifier,
    name: "openssl",
    source: `${path} (${version(ssl)})`,
    importPrivateKey: async (pkcs8) => await checkedPair(importPrivateKey(ssl, pkcs8), verifier),
    generateKey,
    sha256: (data) => DIGEST.slice(0, hashInto(ssl, "SHA-256", data)),
  };
}

/** Writes the digest of `data` to {@linkcode DIGEST}, valid until the next call; gives its octets. */
function hashInto(ssl: OpenSsl, digest: Digest, data: Uint8Array): number {
  const [name, octets] = ONE_SHOT[digest];
  if (ssl[name](data as Bytes, BigInt(data.length), DIGEST) === null) throw failed(ssl);
  return octets;
}

/** `OpenSSL 3.0.17`, from the number (0xMNN00PP0): reading the library's own text would need leave to read any memory. */
function version(ssl: OpenSsl): string {
  const number = BigInt(ssl.OpenSSL_version_num());
  const part = (shift: bigint, mask: bigint) => (number >> shift) & mask;
  return `OpenSSL ${part(28n, 0xfn)}.${part(20n, 0xffn)}.${part(4n, 0xffffn)}`;
}

function badKey(ssl: OpenSsl): SignetError {
  ssl.ERR_clear_error();
  return new SignetError("crypto.bad_key", "Cannot use public key: OpenSSL refuses it");
}

/** The EVP_MD of a scheme; null for Ed25519. */
function evpDigest(ssl: OpenSsl, scheme: SignatureScheme): Deno.PointerValue {
  if (scheme.type === "ed25519") return null;
  switch (scheme.digest) {
    case "SHA-1":
      return ssl.EVP_sha1();
    case "SHA-256":
      return ssl.EVP_sha256();
    case "SHA-384":
      return ssl.EVP_sha384();
    case "SHA-512":
      return ssl.EVP_sha512();
  }
}

/**
 * Has OpenSSL read DER. Through a BIO, as the d2i functions themselves want a pointer to a pointer, and making one takes leave to use
 * any memory, which the list of libraries that baked-in permissions have does not give.
 */
function readDerBy(
  ssl: OpenSsl,
  der: Bytes,
  read: (bio: Deno.PointerValue, unused: Deno.PointerValue) => Deno.PointerValue,
): Deno.PointerValue {
  const bio = ssl.BIO_new_mem_buf(der, der.length);
  try {
    return bio === null ? null : read(bio, null);
  } finally {
    ssl.BIO_free(bio);
  }
}

function verifyEvp(
  ssl: OpenSsl,
  { key, scheme, data, signature }: {
    key: PublicKeyInfo;
    scheme: SignatureScheme;
    data: Uint8Array;
    signature: Uint8Array;
  },
): boolean {
  const spki = new Uint8Array(key.spki);
  const pkey = readDerBy(ssl, spki, ssl.d2i_PUBKEY_bio);
  if (pkey === null) throw badKey(ssl);
  const context = ssl.EVP_MD_CTX_new();
  try {
    if (ssl.EVP_DigestVerifyInit(context, null, evpDigest(ssl, scheme), null, pkey) !== 1) {
      throw badKey(ssl);
    }
    const verdict = ssl.EVP_DigestVerify(
      context,
      signature as Bytes,
      BigInt(signature.length),
      data as Bytes,
      BigInt(data.length),
    );
    if (verdict !== 1) ssl.ERR_clear_error();
    return verdict === 1;
  } finally {
    ssl.EVP_MD_CTX_free(context);
    ssl.EVP_PKEY_free(pkey);
  }
}

function importPrivateKey(ssl: OpenSsl, pkcs8: Uint8Array): SigningKey {
  const scheme = schemeFor(keyKindOfPkcs8(pkcs8));
  const der = new Uint8Array(pkcs8);
  const pkey = readDerBy(ssl, der, ssl.d2i_PrivateKey_bio);
  der.fill(0);
  if (pkey === null) {
    ssl.ERR_clear_error();
    throw new SignetError("crypto.bad_key", "Cannot use private key: OpenSSL refuses it");
  }
  const { spki, kind } = publicHalfOrFree(ssl, pkey);
  const ec = kind.type === "ec" ? ssl.EVP_PKEY_get1_EC_KEY(pkey) : null;
  let disposed = false;
  return {
    kind,
    spki,
    scheme,
    sign(data) {
      if (disposed) throw new SignetError("crypto.failed", "Cannot sign: the key was disposed");
      return ec === null ? signEvp(ssl, pkey, scheme, data) : signEc(ssl, ec, scheme, data);
    },
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      if (ec !== null) ssl.EC_KEY_free(ec);
      ssl.EVP_PKEY_free(pkey);
    },
  };
}

/** The public half; a key that is refused is freed. */
function publicHalfOrFree(ssl: OpenSsl, pkey: Deno.PointerValue): { spki: Bytes; kind: KeyKind } {
  try {
    const spki = publicHalf(ssl, pkey);
    return { spki, kind: decodePublicHalf(spki).kind };
  } catch (thrown) {
    ssl.EVP_PKEY_free(pkey);
    throw thrown;
  }
}

/** An RSA key of 16384 bits has 2,086 octets; no key is longer. */
const MAX_SPKI_BYTES = 4096;

function publicHalf(ssl: OpenSsl, pkey: Deno.PointerValue): Bytes {
  const bio = ssl.BIO_new(ssl.BIO_s_mem());
  try {
    const spki = new Uint8Array(MAX_SPKI_BYTES);
    const length = ssl.i2d_PUBKEY_bio(bio, pkey) === 1 ? ssl.BIO_read(bio, spki, spki.length) : 0;
    if (length > 0 && length < spki.length) return spki.slice(0, length);
    throw new SignetError("crypto.failed", "Cannot read public half of a key: OpenSSL refuses it");
  } finally {
    ssl.BIO_free(bio);
  }
}

function signEc(
  ssl: OpenSsl,
  key: Deno.PointerValue,
  scheme: SignatureScheme,
  data: Uint8Array,
): Bytes {
  const octets = hashInto(ssl, scheme.type === "ed25519" ? "SHA-512" : scheme.digest, data);
  if (ssl.ECDSA_sign(0, DIGEST, octets, SIGNATURE, SIGNATURE_LENGTH, key) !== 1) throw failed(ssl);
  return SIGNATURE.slice(0, SIGNATURE_LENGTH[0]);
}

function signEvp(
  ssl: OpenSsl,
  pkey: Deno.PointerValue,
  scheme: SignatureScheme,
  data: Uint8Array,
): Bytes {
  const context = ssl.EVP_MD_CTX_new();
  try {
    const signature = new Uint8Array(MAX_SIGNATURE_BYTES);
    const length = new BigUint64Array([BigInt(MAX_SIGNATURE_BYTES)]);
    const ok = ssl.EVP_DigestSignInit(context, null, evpDigest(ssl, scheme), null, pkey) === 1 &&
      ssl.EVP_DigestSign(context, signature, length, data as Bytes, BigInt(data.length)) === 1;
    if (!ok) throw failed(ssl);
    return signature.slice(0, Number(length[0]));
  } finally {
    ssl.EVP_MD_CTX_free(context);
  }
}

function failed(ssl: OpenSsl): SignetError {
  ssl.ERR_clear_error();
  return new SignetError("crypto.failed", "Cannot use key: OpenSSL failed");
}
