/**
 * The ports behind which private and public key operations live, and the names of keys and signatures.
 *
 * A back end that computes in process (OpenSSL by FFI) returns values; one on a thread pool (Web Crypto) returns promises.
 * Callers `await` either.
 */
import type { Bytes, MaybePromise } from "../base/mod.ts";
import type { Curve, KeyKind, PublicKeyInfo, SignatureScheme } from "../x509/mod.ts";

export type { Curve, Digest, KeyKind, PublicKeyInfo, SignatureScheme } from "../x509/mod.ts";

/** Which key to generate. */
export type KeySpec =
  | { readonly type: "rsa"; readonly bits: 2048 | 3072 | 4096 }
  | { readonly type: "ec"; readonly curve: Curve }
  | { readonly type: "ed25519" };

/** Checks signatures. */
export interface Verifier {
  /**
   * True when `signature` (ECDSA: DER ECDSA-Sig-Value) over `data` was made by the key. A malformed signature is `false`.
   *
   * @throws {SignetError} `crypto.bad_key` when the key itself is not one (a point off the curve, an even RSA modulus);
   * `crypto.unsupported_algorithm` when key and scheme do not fit.
   */
  verify(
    key: PublicKeyInfo,
    scheme: SignatureScheme,
    data: Uint8Array,
    signature: Uint8Array,
  ): MaybePromise<boolean>;
}

/** A private key that signs. The key's bytes cannot be read back from it. */
export interface SigningKey extends Disposable {
  /** What the key is. */
  readonly kind: KeyKind;
  /** DER SubjectPublicKeyInfo of its public half. */
  readonly spki: Bytes;
  /** The scheme that {@linkcode SigningKey.sign} uses: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521. */
  readonly scheme: SignatureScheme;
  /** Signs `data`; ECDSA signatures come as DER ECDSA-Sig-Value. */
  sign(data: Uint8Array): MaybePromise<Bytes>;
}

/** A freshly generated key pair. */
export interface GeneratedKey {
  /** DER PKCS#8 PrivateKeyInfo. */
  readonly pkcs8: Bytes;
  /** DER SubjectPublicKeyInfo. */
  readonly spki: Bytes;
}

/** Makes digests in process. */
export interface Hasher {
  /** SHA-256 of `data`. */
  sha256(data: Uint8Array): Bytes;
}

/** One implementation of all key operations. */
export interface CryptoProvider extends Verifier, Hasher {
  /** `openssl` or `webcrypto`. */
  readonly name: "openssl" | "webcrypto";
  /** Where it comes from, for the log: the library's path and version, or the runtime's. */
  readonly source: string;
  /**
   * Imports a private key from DER PKCS#8.
   *
   * @throws {SignetError} `crypto.bad_key`, `crypto.unsupported_algorithm`.
   */
  importPrivateKey(pkcs8: Uint8Array): Promise<SigningKey>;
  /** Generates a key pair. */
  generateKey(spec: KeySpec): Promise<GeneratedKey>;
}
