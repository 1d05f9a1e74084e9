/** ECDSA signatures in their two forms: Ecdsa-Sig-Value (RFC 3279 section 2.2.3) and the fixed-length pair of Web Crypto. */
import { encodeSequence, encodeUnsigned, readDer, readUnsigned, TAG } from "../asn1/mod.ts";
import { type Bytes, isSignetError } from "../base/mod.ts";
import type { Curve } from "../x509/mod.ts";

/** Octets of a coordinate. */
export const COORDINATE_BYTES = { "P-256": 32, "P-384": 48, "P-521": 66 } as const satisfies Record<
  Curve,
  number
>;

/** The pair r, s in fixed length; `undefined` when the DER is not strict or a number does not fit. */
export function ecdsaToFixed(der: Uint8Array, curve: Curve): Bytes | undefined {
  const bytes = COORDINATE_BYTES[curve];
  try {
    const outer = readDer(der);
    const pair = outer.enter(TAG.sequence);
    outer.finish();
    const r = readUnsigned(pair);
    const s = readUnsigned(pair);
    pair.finish();
    if (r.length > bytes || s.length > bytes) return undefined;
    const fixed = new Uint8Array(bytes * 2);
    fixed.set(r, bytes - r.length);
    fixed.set(s, bytes * 2 - s.length);
    return fixed;
  } catch (thrown) {
    if (isSignetError(thrown)) return undefined;
    throw thrown;
  }
}

/** The DER form of a fixed-length pair. */
export function ecdsaToDer(fixed: Uint8Array): Bytes {
  const half = fixed.length / 2;
  return encodeSequence(
    encodeUnsigned(fixed.subarray(0, half)),
    encodeUnsigned(fixed.subarray(half)),
  );
}
