/**
 * The subjectKeyIdentifier and authorityKeyIdentifier extensions (RFC 5280 sections 4.2.1.2 and 4.2.1.1).
 *
 * ```asn1
 * SubjectKeyIdentifier ::= OCTET STRING
 * AuthorityKeyIdentifier ::= SEQUENCE { keyIdentifier [0] OPTIONAL, authorityCertIssuer [1] OPTIONAL, ...SerialNumber [2] OPTIONAL }
 * ```
 */
import {
  contextTag,
  encodeOctetString,
  encodeSequence,
  encodeTlv,
  readDer,
  TAG,
} from "../asn1/mod.ts";
import type { Bytes } from "../base/mod.ts";
import { encodeExtension, EXTENSION_OID } from "./extension.ts";

const KEY_IDENTIFIER = contextTag(0, { constructed: false });

/** The subjectKeyIdentifier extension, not critical. */
export function encodeSubjectKeyIdentifier(keyIdentifier: Uint8Array): Bytes {
  const value = encodeOctetString(keyIdentifier);
  return encodeExtension(EXTENSION_OID.subjectKeyIdentifier, value, { critical: false });
}

/** The authorityKeyIdentifier extension with a key identifier alone, not critical. */
export function encodeAuthorityKeyIdentifier(keyIdentifier: Uint8Array): Bytes {
  const value = encodeSequence(encodeTlv(KEY_IDENTIFIER, keyIdentifier));
  return encodeExtension(EXTENSION_OID.authorityKeyIdentifier, value, { critical: false });
}

/** Decodes a subjectKeyIdentifier's value to a view of its octets. @throws {SignetError} `asn1.*`. */
export function decodeSubjectKeyIdentifier(value: Uint8Array): Uint8Array {
  const cursor = readDer(value);
  const keyIdentifier = cursor.read(TAG.octetString);
  cursor.finish();
  return keyIdentifier;
}

/** Decodes the key identifier of an authorityKeyIdentifier's value; `undefined` when it has none. @throws {SignetError} `asn1.*`. */
export function decodeAuthorityKeyIdentifier(value: Uint8Array): Uint8Array | undefined {
  const cursor = readDer(value);
  const sequence = cursor.enter(TAG.sequence);
  cursor.finish();
  const keyIdentifier = sequence.readOptional(KEY_IDENTIFIER);
  while (!sequence.done) sequence.skip();
  return keyIdentifier;
}
