/**
 * Extensions of certificates (RFC 5280 section 4.2): the envelope of each, and the list of them.
 *
 * ```asn1
 * Extension ::= SEQUENCE { extnID OBJECT IDENTIFIER, critical BOOLEAN DEFAULT FALSE, extnValue OCTET STRING }
 * ```
 */
import {
  type DerCursor,
  encodeBoolean,
  encodeOid,
  readBoolean,
  readOid,
  TAG,
  tlvOctets,
  writeHeader,
} from "../asn1/mod.ts";
import { type Bytes, SignetError } from "../base/mod.ts";

/** Object identifiers of extensions. */
export const EXTENSION_OID = {
  subjectKeyIdentifier: "2.5.29.14",
  keyUsage: "2.5.29.15",
  subjectAltName: "2.5.29.17",
  basicConstraints: "2.5.29.19",
  nameConstraints: "2.5.29.30",
  certificatePolicies: "2.5.29.32",
  authorityKeyIdentifier: "2.5.29.35",
  extKeyUsage: "2.5.29.37",
} as const;

/** The same, encoded: two extensions of every leaf are written anew. */
const ENCODED_OIDS: ReadonlyMap<string, Bytes> = new Map(
  Object.values(EXTENSION_OID).map((oid) => [oid, encodeOid(oid)]),
);

const CRITICAL = encodeBoolean(true);

/** One decoded envelope. */
export interface Extension {
  /** Dotted object identifier. */
  readonly oid: string;
  /** True when a reader that does not know it must refuse the certificate. */
  readonly critical: boolean;
  /** Content of the extnValue; a view. */
  readonly value: Uint8Array;
}

/** Encodes an extension around `value`, itself DER. */
export function encodeExtension(
  oid: string,
  value: Uint8Array,
  options: { readonly critical: boolean },
): Bytes {
  const type = ENCODED_OIDS.get(oid) ?? encodeOid(oid);
  const flagOctets = options.critical ? CRITICAL.length : 0;
  const octets = type.length + flagOctets + tlvOctets(value.length);
  const extension = new Uint8Array(tlvOctets(octets));
  let at = writeHeader(extension, 0, TAG.sequence, octets);
  extension.set(type, at);
  at += type.length;
  if (options.critical) extension.set(CRITICAL, at);
  extension.set(value, writeHeader(extension, at + flagOctets, TAG.octetString, value.length));
  return extension;
}

/** Most extensions in one certificate; usual ones have about ten. */
const MAX_EXTENSIONS = 100;

/**
 * Reads a SEQUENCE OF Extension at `cursor`, by object identifier.
 *
 * @throws {SignetError} `x509.bad_extension` when there is none, one stands twice, or there are too many; `asn1.*`.
 */
export function readExtensions(cursor: DerCursor): ReadonlyMap<string, Extension> {
  const list = cursor.enter(TAG.sequence);
  const extensions = new Map<string, Extension>();
  if (list.done) throw badExtensions("the list is empty");
  while (!list.done) {
    const entry = list.enter(TAG.sequence);
    const oid = readOid(entry);
    const critical = entry.peek() === TAG.boolean && readBoolean(entry);
    const value = entry.read(TAG.octetString);
    entry.finish();
    if (extensions.has(oid)) throw badExtensions(`${oid} stands twice`);
    if (extensions.size === MAX_EXTENSIONS) {
      throw badExtensions(`there are more than ${MAX_EXTENSIONS}`);
    }
    extensions.set(oid, { oid, critical, value });
  }
  return extensions;
}

function badExtensions(what: string): SignetError {
  return new SignetError("x509.bad_extension", `Cannot read extensions: ${what}`);
}
