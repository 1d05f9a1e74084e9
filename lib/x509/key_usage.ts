/** The keyUsage extension (RFC 5280 section 4.2.1.3): a BIT STRING of named bits. */
import { encodeNamedBits, readDer, readNamedBits } from "../asn1/mod.ts";
import type { Bytes } from "../base/mod.ts";
import type { KeyKind } from "./algorithms.ts";
import { encodeExtension, EXTENSION_OID } from "./extension.ts";

/** Bits of keyUsage, bit 0 the lowest. */
export const KEY_USAGE = {
  digitalSignature: 1 << 0,
  contentCommitment: 1 << 1,
  keyEncipherment: 1 << 2,
  dataEncipherment: 1 << 3,
  keyAgreement: 1 << 4,
  keyCertSign: 1 << 5,
  cRLSign: 1 << 6,
  encipherOnly: 1 << 7,
  decipherOnly: 1 << 8,
} as const;

/**
 * What a leaf's key may do. Only RSA encrypts: keyEncipherment on an EC or Ed25519 key is an error (RFC 8813 section 3, RFC 8410
 * section 5), though istiod sets it.
 */
export function leafKeyUsage(kind: KeyKind): number {
  const { digitalSignature, keyEncipherment } = KEY_USAGE;
  return kind.type === "rsa" ? digitalSignature | keyEncipherment : digitalSignature;
}

/** The critical extension with the given bits. */
export function encodeKeyUsage(bits: number): Bytes {
  return encodeExtension(EXTENSION_OID.keyUsage, encodeNamedBits(bits), { critical: true });
}

/** Decodes the extension's value to bits. @throws {SignetError} `asn1.*`. */
export function decodeKeyUsage(value: Uint8Array): number {
  const cursor = readDer(value);
  const bits = readNamedBits(cursor);
  cursor.finish();
  return bits;
}
