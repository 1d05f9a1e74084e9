/** What a private key is, from its PKCS#8 algorithm, and how it signs. */
import { readDer, readOid, readSmallInteger, TAG } from "../asn1/mod.ts";
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";
import type { Curve, KeyKind, SignatureScheme } from "../x509/mod.ts";

const CURVES: Readonly<Record<string, Curve>> = {
  "1.2.840.10045.3.1.7": "P-256",
  "1.3.132.0.34": "P-384",
  "1.3.132.0.35": "P-521",
};

/** The kind of a PKCS#8 key; an RSA key's length is 0 here, since it stands in the key itself. @throws {SignetError} `crypto.bad_key`. */
export function keyKindOfPkcs8(pkcs8: Uint8Array): KeyKind {
  try {
    const outer = readDer(pkcs8);
    const sequence = outer.enter(TAG.sequence);
    outer.finish();
    readSmallInteger(sequence);
    const algorithm = sequence.enter(TAG.sequence);
    const oid = readOid(algorithm);
    if (oid === "1.2.840.113549.1.1.1") return { type: "rsa", bits: 0 };
    if (oid === "1.3.101.112") return { type: "ed25519" };
    const curve = oid === "1.2.840.10045.2.1" ? CURVES[readOid(algorithm)] : undefined;
    if (curve !== undefined) return { type: "ec", curve };
    throw new SignetError(
      "crypto.unsupported_algorithm",
      "Cannot use private key: it should be RSA, P-256, P-384, P-521 or Ed25519",
    );
  } catch (thrown) {
    if (isSignetError(thrown, "crypto.unsupported_algorithm") || !isSignetError(thrown)) {
      throw thrown;
    }
    throw new SignetError("crypto.bad_key", `Cannot read private key: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** How a key signs: SHA-256 for RSA and P-256, SHA-384 for P-384, SHA-512 for P-521. */
export function schemeFor(kind: KeyKind): SignatureScheme {
  if (kind.type === "rsa") return { type: "rsa", digest: "SHA-256" };
  if (kind.type === "ed25519") return { type: "ed25519" };
  return {
    type: "ecdsa",
    digest: kind.curve === "P-256" ? "SHA-256" : kind.curve === "P-384" ? "SHA-384" : "SHA-512",
  };
}
