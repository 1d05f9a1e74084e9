/**
 * The subjectAltName extension (RFC 5280 section 4.2.1.6).
 *
 * ```asn1
 * GeneralNames ::= SEQUENCE SIZE (1..MAX) OF GeneralName
 * GeneralName ::= CHOICE { otherName [0], rfc822Name [1], dNSName [2], x400Address [3], directoryName [4], ediPartyName [5],
 *   uniformResourceIdentifier [6], iPAddress [7], registeredID [8] }
 * ```
 * istiod's rule decides which kind a text becomes: an address is an iPAddress, what begins with `spiffe://` a URI, all else a dNSName.
 */
import { readDer, TAG, tlvOctets, writeHeader } from "../asn1/mod.ts";
import { type Bytes, quote, SignetError } from "../base/mod.ts";
import { formatIpAddress, parseIpAddress } from "../base/mod.ts";

const DNS_NAME = 0x82;
const URI = 0x86;
const IP_ADDRESS = 0x87;
const SPIFFE_PREFIX = "spiffe://";
const COMMA = 0x2c;

/** Kinds of GeneralName, by the number of their tag. */
const NAME_TYPES: readonly SubjectAltNameType[] = [
  "other_name",
  "email",
  "dns",
  "x400",
  "directory",
  "edi_party",
  "uri",
  "ip",
  "registered_id",
];

/** Kinds of GeneralName. */
export type SubjectAltNameType =
  | "other_name"
  | "email"
  | "dns"
  | "x400"
  | "directory"
  | "edi_party"
  | "uri"
  | "ip"
  | "registered_id";

/** A name of a certificate. */
export interface SubjectAltName {
  /** Which kind of GeneralName it is. */
  readonly type: SubjectAltNameType;
  /** URI, DNS name, address or e-mail address as text; every other kind as the hex of {@linkcode SubjectAltName.raw}. */
  readonly value: string;
  /** Content octets of the GeneralName; a view. */
  readonly raw: Uint8Array;
}

/**
 * Encodes identities as a GeneralNames, in their order.
 *
 * @throws {SignetError} `x509.bad_name` when there is none, or one is empty, holds a comma (istiod joins names with commas and splits
 * them again), or holds anything but printable ASCII.
 */
export function encodeSubjectAltNames(identities: readonly string[]): Bytes {
  if (identities.length === 0) {
    throw new SignetError(
      "x509.bad_name",
      "Cannot write subject alternative names: there are none, should be at least one",
    );
  }
  const addresses = identities.map((name) =>
    name.startsWith(SPIFFE_PREFIX) ? undefined : parseIpAddress(name)
  );
  let length = 0;
  for (const [i, name] of identities.entries()) {
    length += tlvOctets(addresses[i]?.length ?? name.length);
  }
  const encoded = new Uint8Array(tlvOctets(length));
  let at = writeHeader(encoded, 0, TAG.sequence, length);
  for (const [i, name] of identities.entries()) {
    const address = addresses[i];
    if (address === undefined) {
      at = writeName(encoded, at, name);
    } else {
      at = writeHeader(encoded, at, IP_ADDRESS, address.length);
      encoded.set(address, at);
      at += address.length;
    }
  }
  return encoded;
}

function writeName(target: Uint8Array, start: number, name: string): number {
  if (name === "") {
    throw new SignetError("x509.bad_name", "Cannot write subject alternative name: it is empty");
  }
  const tag = name.startsWith(SPIFFE_PREFIX) ? URI : DNS_NAME;
  let at = writeHeader(target, start, tag, name.length);
  for (let i = 0; i < name.length; i++) {
    const char = name.charCodeAt(i);
    if (char <= 0x20 || char >= 0x7f || char === COMMA) {
      throw new SignetError(
        "x509.bad_name",
        `Cannot write subject alternative name: ${
          quote(name)
        } should be printable ASCII without commas and spaces`,
      );
    }
    target[at++] = char;
  }
  return at;
}

/**
 * Decodes a GeneralNames.
 *
 * @throws {SignetError} `x509.bad_extension`, `asn1.*`.
 */
export function decodeSubjectAltNames(der: Uint8Array): readonly SubjectAltName[] {
  const cursor = readDer(der);
  const sequence = cursor.enter(TAG.sequence);
  cursor.finish();
  if (sequence.done) throw badName("the list is empty");
  const names: SubjectAltName[] = [];
  while (!sequence.done) {
    const tag = sequence.peek()!;
    const type = (tag & 0xc0) === 0x80 ? NAME_TYPES[tag & 0x1f] : undefined;
    if (type === undefined) throw badName(`a name has tag ${tag}`);
    const constructed = type === "other_name" || type === "x400" || type === "directory" ||
      type === "edi_party";
    if (constructed !== ((tag & 0x20) !== 0)) throw badName(`a name has tag ${tag}`);
    const raw = sequence.read(tag);
    names.push({ type, value: describe(type, raw), raw });
  }
  return names;
}

function describe(type: SubjectAltNameType, raw: Uint8Array): string {
  switch (type) {
    case "ip": {
      const text = formatIpAddress(raw);
      if (text === undefined) {
        throw badName(`an address has ${raw.length} octets, should have 4 or 16`);
      }
      return text;
    }
    case "dns":
    case "uri":
    case "email": {
      let text = "";
      for (const octet of raw) {
        if (octet >= 0x80) throw badName("a name is not ASCII");
        text += String.fromCharCode(octet);
      }
      return text;
    }
    default:
      return raw.toHex();
  }
}

function badName(what: string): SignetError {
  return new SignetError("x509.bad_extension", `Cannot read subject alternative names: ${what}`);
}
