/** One signature: whether a certificate's key made it. */
import { isSignetError } from "../../base/mod.ts";
import type { CryptoProvider } from "../../crypto/mod.ts";
import type { Certificate, SignatureScheme } from "../../x509/mod.ts";

/** What is signed: a certificate, or a revocation list. */
export interface Signed {
  /** The signed part. */
  readonly signed: Uint8Array;
  /** How. */
  readonly signatureScheme: SignatureScheme | undefined;
  /** The signature. */
  readonly signature: Uint8Array;
}

/** True when the key of `issuer` signed the certificate. Names and rights are not looked at. */
export function isSignedBy(
  { tbsCertificate, signatureScheme, signature }: Certificate,
  issuer: Certificate,
  crypto: CryptoProvider,
): Promise<boolean> {
  return isSigned({ signed: tbsCertificate, signatureScheme, signature }, issuer, crypto);
}

/** The same for anything that is signed. A key that cannot have signed it so is a no. */
export async function isSigned(
  { signed, signatureScheme, signature }: Signed,
  { publicKey }: Pick<Certificate, "publicKey">,
  crypto: CryptoProvider,
): Promise<boolean> {
  if (signatureScheme === undefined) return false;
  const { type } = publicKey.kind;
  if (signatureScheme.type !== (type === "ec" ? "ecdsa" : type)) return false;
  try {
    return await crypto.verify(publicKey, signatureScheme, signed, signature);
  } catch (thrown) {
    if (isSignetError(thrown, "crypto.bad_key", "crypto.unsupported_algorithm")) return false;
    throw thrown;
  }
}
