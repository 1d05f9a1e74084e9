/**
 * RSASSA-PKCS1-v1_5 verification in whole numbers (RFC 8017 section 8.2.2), for keys that the platform refuses: above 4096 bits.
 * It handles public values alone, so its time may depend on them.
 */
import { readDer, readUnsigned, TAG } from "../asn1/mod.ts";
import { concatBytes, equalBytes } from "../base/mod.ts";
import type { Digest } from "../x509/mod.ts";

/** DER DigestInfo up to the digest itself (RFC 8017 section 9.2, note 1). */
const DIGEST_INFO = {
  "SHA-1": "3021300906052b0e03021a05000414",
  "SHA-256": "3031300d060960864801650304020105000420",
  "SHA-384": "3041300d060960864801650304020205000430",
  "SHA-512": "3051300d060960864801650304020305000440",
} as const satisfies Record<Digest, string>;

function toNumber(bytes: Uint8Array): bigint {
  return bytes.length === 0 ? 0n : BigInt(`0x${bytes.toHex()}`);
}

function power(base: bigint, exponent: bigint, modulus: bigint): bigint {
  let result = 1n;
  let square = base % modulus;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = result * square % modulus;
    square = square * square % modulus;
  }
  return result;
}

/** True when `signature` is the key's over `hashed`, a digest made by `digest`. `keyBits` is a DER RSAPublicKey. */
export function verifyRsaDigest(
  keyBits: Uint8Array,
  digest: Digest,
  hashed: Uint8Array,
  signature: Uint8Array,
): boolean {
  const sequence = readDer(keyBits).enter(TAG.sequence);
  const modulus = readUnsigned(sequence);
  const exponent = readUnsigned(sequence);
  if (signature.length !== modulus.length) return false;
  const n = toNumber(modulus);
  const s = toNumber(signature);
  if (s >= n) return false;
  const tail = concatBytes([Uint8Array.fromHex(DIGEST_INFO[digest]), hashed]);
  const expected = new Uint8Array(modulus.length).fill(0xff);
  expected.set([0, 1]);
  expected[modulus.length - tail.length - 1] = 0;
  expected.set(tail, modulus.length - tail.length);
  const hex = power(s, toNumber(exponent), n).toString(16).padStart(modulus.length * 2, "0");
  return equalBytes(Uint8Array.fromHex(hex), expected);
}
