/**
 * Names (RFC 5280 section 4.1.2.4): the few that signet writes, and a text of those that others wrote.
 *
 * ```asn1
 * Name ::= SEQUENCE OF RelativeDistinguishedName
 * RelativeDistinguishedName ::= SET SIZE (1..MAX) OF SEQUENCE { type OBJECT IDENTIFIER, value ANY }
 * ```
 */
import {
  decodeOid,
  type DerCursor,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeText,
  readDer,
  TAG,
} from "../asn1/mod.ts";
import { type Bytes, equalBytes, fromUtf8, SignetError } from "../base/mod.ts";

const COMMON_NAME = encodeOid("2.5.4.3");
const ORGANIZATION = encodeOid("2.5.4.10");
const PRINTABLE_REGEXP = /^[A-Za-z0-9 '()+,\-./:=?]*$/;
/** Content octets of the common name's type, 2.5.4.3. */
const COMMON_NAME_CONTENT = COMMON_NAME.subarray(2);

/** The DER of a Name without attributes. */
export const EMPTY_NAME: Uint8Array = encodeSequence();

/** The DER Name `O=<organization>`. */
export function organizationName(organization: string): Bytes {
  return nameOf(ORGANIZATION, organization);
}

/** The DER Name `CN=<name>`. */
export function commonName(name: string): Bytes {
  return nameOf(COMMON_NAME, name);
}

function nameOf(type: Uint8Array, value: string): Bytes {
  if (value === "") {
    throw new SignetError("x509.bad_name", "Cannot write name: the value is empty");
  }
  const tag = PRINTABLE_REGEXP.test(value) ? TAG.printableString : TAG.utf8String;
  return encodeSequence(encodeSet(encodeSequence(type, encodeText(tag, value))));
}

/**
 * Steps over a Name, checking its form, and says whether it holds a common name that is not empty.
 *
 * @throws {SignetError} `x509.bad_name` for a set without attributes, `asn1.*`.
 */
export function scanName(cursor: DerCursor): { readonly hasCommonName: boolean } {
  let hasCommonName = false;
  visitAttributes(cursor, (type, _tag, value) => {
    hasCommonName ||= value.length > 0 && equalBytes(type, COMMON_NAME_CONTENT);
  });
  return { hasCommonName };
}

type AttributeVisitor = (type: Uint8Array, tag: number, value: Uint8Array) => void;

function visitAttributes(cursor: DerCursor, visit: AttributeVisitor): void {
  const name = cursor.enter(TAG.sequence);
  while (!name.done) {
    const set = name.enter(TAG.set);
    if (set.done) {
      throw new SignetError("x509.bad_name", "Cannot read name: it holds an empty set", {
        offset: set.at,
      });
    }
    while (!set.done) {
      const attribute = set.enter(TAG.sequence);
      const type = attribute.read(TAG.oid);
      const tag = attribute.peek() ?? 0;
      visit(type, tag, attribute.read(tag));
      attribute.finish();
    }
  }
}

const SHORT_NAMES: Readonly<Record<string, string>> = {
  "2.5.4.3": "CN",
  "2.5.4.5": "SERIALNUMBER",
  "2.5.4.6": "C",
  "2.5.4.7": "L",
  "2.5.4.8": "ST",
  "2.5.4.9": "STREET",
  "2.5.4.10": "O",
  "2.5.4.11": "OU",
  "0.9.2342.19200300.100.1.25": "DC",
};
const TEXT_TAGS: readonly number[] = [
  TAG.utf8String,
  TAG.printableString,
  TAG.ia5String,
  TAG.t61String,
];
const MAX_DESCRIBED_CHARS = 200;
// deno-lint-ignore no-control-regex -- what must not reach a log line as it is
const UNPRINTABLE_REGEXP = /[\u0000-\u001f\u007f]/g;

/**
 * A Name for people, `O=cluster.local,CN=x`, in the order of its DER and cut at 200 characters; `""` when it is empty.
 * For messages only: two names that differ may read alike.
 *
 * @throws {SignetError} `x509.bad_name`, `asn1.*`.
 */
export function describeName(der: Uint8Array): string {
  const parts: string[] = [];
  const cursor = readDer(der);
  visitAttributes(cursor, (type, tag, value) => {
    const oid = decodeOid(type);
    const text = TEXT_TAGS.includes(tag)
      ? fromUtf8(value).replace(UNPRINTABLE_REGEXP, "?")
      : `#${value.toHex()}`;
    parts.push(`${SHORT_NAMES[oid] ?? oid}=${text}`);
  });
  cursor.finish();
  const text = parts.join(",");
  return text.length > MAX_DESCRIBED_CHARS ? `${text.slice(0, MAX_DESCRIBED_CHARS)}...` : text;
}
