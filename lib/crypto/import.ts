/** The part of importing a private key that every provider has in common: what it is, and that its two halves are one pair. */
import { type Bytes, isSignetError, messageOf, SignetError, utf8 } from "../base/mod.ts";
import { decodePublicKey, type PublicKeyInfo } from "../x509/mod.ts";
import type { SigningKey, Verifier } from "./port.ts";

/** Signed at import, to see whether the public half verifies it. */
const PROBE = utf8("signet: do both halves of this key belong together?");

/** Decodes the public half of a private key. @throws {SignetError} `crypto.bad_key` for one that is outside the accepted kinds. */
export function decodePublicHalf(spki: Bytes): PublicKeyInfo {
  try {
    return decodePublicKey(spki);
  } catch (cause) {
    if (!isSignetError(cause)) throw cause;
    throw new SignetError("crypto.bad_key", `Cannot use private key: ${messageOf(cause)}`, {
      cause,
    });
  }
}

/**
 * Signs and verifies once. The forms of private keys hold the public half too, and OpenSSL takes it as it stands there: a file with the
 * halves of two keys would make signatures that nobody can verify.
 *
 * @throws {SignetError} `crypto.bad_key`; the key is disposed then.
 */
export async function checkedPair(key: SigningKey, verifier: Verifier): Promise<SigningKey> {
  try {
    const signature = await key.sign(PROBE);
    if (await verifier.verify(decodePublicHalf(key.spki), key.scheme, PROBE, signature)) return key;
  } catch (cause) {
    key[Symbol.dispose]();
    if (!isSignetError(cause)) throw cause;
    throw new SignetError("crypto.bad_key", `Cannot use private key: ${messageOf(cause)}`, {
      cause,
    });
  }
  key[Symbol.dispose]();
  throw new SignetError(
    "crypto.bad_key",
    "Cannot use private key: its signature does not verify by its own public half",
  );
}
