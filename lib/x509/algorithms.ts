/**
 * The kinds of keys and signatures that signet accepts, as X.509 names them (RFC 3279, RFC 5480, RFC 5758, RFC 8410).
 *
 * Left out, and refused by every decoder: RSA-PSS, DSA, P-224, explicit EC parameters, MD5, and everything newer.
 */

/** Elliptic curves that signet accepts (RFC 5480); P-224 is refused, since Web Crypto has none. */
export type Curve = "P-256" | "P-384" | "P-521";

/** What kind of key a SubjectPublicKeyInfo holds. */
export type KeyKind =
  | { readonly type: "rsa"; readonly bits: number }
  | { readonly type: "ec"; readonly curve: Curve }
  | { readonly type: "ed25519" };

/** Digests of the signatures that signet verifies; SHA-1 in CSRs and certificates of others only. */
export type Digest = "SHA-1" | "SHA-256" | "SHA-384" | "SHA-512";

/** A signature algorithm as an AlgorithmIdentifier names it (RFC 8017 PKCS#1 v1.5, RFC 5758 ECDSA, RFC 8410). */
export type SignatureScheme =
  | { readonly type: "rsa"; readonly digest: Digest }
  | { readonly type: "ecdsa"; readonly digest: Digest }
  | { readonly type: "ed25519" };

/** A public key as it stands in a CSR or certificate. */
export interface PublicKeyInfo {
  /** What the key is, from its AlgorithmIdentifier and length. */
  readonly kind: KeyKind;
  /** The whole DER SubjectPublicKeyInfo; a view into what was decoded. */
  readonly spki: Uint8Array;
  /** The content of its subjectPublicKey BIT STRING: an EC point, an RSAPublicKey, 32 Ed25519 bytes; a view. */
  readonly keyBits: Uint8Array;
}
