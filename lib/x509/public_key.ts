/**
 * SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) of the accepted kinds: RSA (RFC 3279), EC with a named curve (RFC 5480) and
 * Ed25519 (RFC 8410).
 *
 * ```asn1
 * SubjectPublicKeyInfo ::= SEQUENCE { algorithm AlgorithmIdentifier, subjectPublicKey BIT STRING }
 * RSAPublicKey ::= SEQUENCE { modulus INTEGER, publicExponent INTEGER }
 * ```
 * Checked here is the form; whether a point lies on its curve is the crypto provider's to say. Compressed points are refused,
 * as Go does.
 */
import {
  type DerCursor,
  encodeNull,
  encodeOid,
  encodeSequence,
  readBitString,
  readDer,
  readUnsigned,
  TAG,
} from "../asn1/mod.ts";
import { equalBytes, SignetError } from "../base/mod.ts";
import type { Curve, KeyKind, PublicKeyInfo } from "./algorithms.ts";

/** Smallest RSA modulus that is read, in bits; what is signed may be held to more. */
export const MIN_RSA_BITS = 1024;
/** Largest RSA modulus that is read, in bits: verification takes time with the square of it. */
export const MAX_RSA_BITS = 8192;

const EC_PUBLIC_KEY = encodeOid("1.2.840.10045.2.1");
const RSA_ALGORITHM = encodeSequence(encodeOid("1.2.840.113549.1.1.1"), encodeNull());
const ED25519_ALGORITHM = encodeSequence(encodeOid("1.3.101.112"));
const ED25519_KEY_BYTES = 32;
const UNCOMPRESSED_POINT = 0x04;

interface NamedCurve {
  readonly algorithm: Uint8Array;
  readonly kind: { readonly type: "ec"; readonly curve: Curve };
  readonly pointBytes: number;
}

const CURVES: readonly NamedCurve[] = [
  namedCurve("P-256", "1.2.840.10045.3.1.7", 65),
  namedCurve("P-384", "1.3.132.0.34", 97),
  namedCurve("P-521", "1.3.132.0.35", 133),
];

function namedCurve(curve: Curve, oid: string, pointBytes: number): NamedCurve {
  const algorithm = encodeSequence(EC_PUBLIC_KEY, encodeOid(oid));
  return { algorithm, kind: { type: "ec", curve }, pointBytes };
}

/**
 * Decodes a DER SubjectPublicKeyInfo. The result holds views into `spki`.
 *
 * @throws {SignetError} `x509.unsupported_algorithm`, `x509.bad_key`, `asn1.*`.
 */
export function decodePublicKey(spki: Uint8Array): PublicKeyInfo {
  const cursor = readDer(spki);
  const key = readPublicKey(cursor);
  cursor.finish();
  return key;
}

/** Reads a SubjectPublicKeyInfo at `cursor`; like {@linkcode decodePublicKey}. */
export function readPublicKey(cursor: DerCursor): PublicKeyInfo {
  const start = cursor.at;
  const info = cursor.enter(TAG.sequence);
  const algorithm = info.readWhole(TAG.sequence);
  const keyBits = readBitString(info);
  info.finish();
  return {
    kind: keyKind(algorithm, keyBits),
    spki: cursor.bytes.subarray(start, cursor.at),
    keyBits,
  };
}

function keyKind(algorithm: Uint8Array, keyBits: Uint8Array): KeyKind {
  for (const { algorithm: known, kind, pointBytes } of CURVES) {
    if (!equalBytes(known, algorithm)) continue;
    if (keyBits.length !== pointBytes || keyBits[0] !== UNCOMPRESSED_POINT) {
      throw badKey(`point of ${keyBits.length} bytes on ${kind.curve}, should be uncompressed`);
    }
    return kind;
  }
  if (equalBytes(algorithm, RSA_ALGORITHM)) return { type: "rsa", bits: rsaBits(keyBits) };
  if (equalBytes(algorithm, ED25519_ALGORITHM)) {
    if (keyBits.length === ED25519_KEY_BYTES) return { type: "ed25519" };
    throw badKey(`Ed25519 key has ${keyBits.length} bytes, should have ${ED25519_KEY_BYTES}`);
  }
  throw new SignetError(
    "x509.unsupported_algorithm",
    "Cannot read public key: its algorithm is not supported, should be RSA, EC on P-256, P-384 or P-521, or Ed25519",
  );
}

/** Checks an RSAPublicKey and returns the bits of its modulus. */
function rsaBits(keyBits: Uint8Array): number {
  const cursor = readDer(keyBits);
  const key = cursor.enter(TAG.sequence);
  const modulus = readUnsigned(key);
  const exponent = readUnsigned(key);
  key.finish();
  cursor.finish();
  const bits = modulus.length * 8 - (Math.clz32(modulus[0]!) - 24);
  if (bits < MIN_RSA_BITS || bits > MAX_RSA_BITS) {
    throw badKey(`RSA modulus has ${bits} bits, should have ${MIN_RSA_BITS} to ${MAX_RSA_BITS}`);
  }
  if ((modulus[modulus.length - 1]! & 1) === 0) throw badKey("RSA modulus is even, should be odd");
  const small = exponent.length <= 4 && (exponent.length < 4 || exponent[0]! < 0x80);
  const last = exponent[exponent.length - 1]!;
  if (!small || (last & 1) === 0 || (exponent.length === 1 && last < 3)) {
    throw badKey("RSA exponent should be odd, at least 3 and below 2^31");
  }
  return bits;
}

function badKey(what: string): SignetError {
  return new SignetError("x509.bad_key", `Cannot read public key: ${what}`);
}
