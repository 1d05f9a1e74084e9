/** The extKeyUsage extension (RFC 5280 section 4.2.1.12): SEQUENCE SIZE (1..MAX) OF KeyPurposeId. */
import { encodeOid, encodeSequence, readDer, readOid, TAG } from "../asn1/mod.ts";
import { type Bytes, SignetError } from "../base/mod.ts";
import { encodeExtension, EXTENSION_OID } from "./extension.ts";

/** Purposes of a key, as object identifiers. */
export const EXT_KEY_USAGE = {
  any: "2.5.29.37.0",
  serverAuth: "1.3.6.1.5.5.7.3.1",
  clientAuth: "1.3.6.1.5.5.7.3.2",
} as const;

/** The extension, not critical, with the given purposes. */
export function encodeExtKeyUsage(purposes: readonly string[]): Bytes {
  const value = encodeSequence(...purposes.map(encodeOid));
  return encodeExtension(EXTENSION_OID.extKeyUsage, value, { critical: false });
}

/** Decodes the extension's value. @throws {SignetError} `x509.bad_extension` when it is empty, `asn1.*`. */
export function decodeExtKeyUsage(value: Uint8Array): readonly string[] {
  const cursor = readDer(value);
  const list = cursor.enter(TAG.sequence);
  cursor.finish();
  if (list.done) {
    throw new SignetError("x509.bad_extension", "Cannot read extKeyUsage: the list is empty");
  }
  const purposes: string[] = [];
  while (!list.done) purposes.push(readOid(list));
  return purposes;
}
