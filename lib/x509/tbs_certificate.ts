/**
 * Unsigned certificates (RFC 5280 section 4.1.2): CA certificates, and leaves from a template that holds what does not change.
 *
 * ```asn1
 * TBSCertificate ::= SEQUENCE { version [0] INTEGER, serialNumber INTEGER, signature AlgorithmIdentifier, issuer Name,
 *   validity SEQUENCE { notBefore Time, notAfter Time }, subject Name, subjectPublicKeyInfo, extensions [3] SEQUENCE OF Extension }
 * ```
 */
import {
  contextTag,
  encodeSequence,
  encodeSmallInteger,
  encodeTime,
  encodeTlv,
  encodeUnsigned,
  TAG,
  tlvOctets,
  writeHeader,
} from "../asn1/mod.ts";
import { type Bytes, SignetError } from "../base/mod.ts";
import type { PublicKeyInfo, SignatureScheme } from "./algorithms.ts";
import { encodeBasicConstraints } from "./basic_constraints.ts";
import { encodeExtKeyUsage, EXT_KEY_USAGE } from "./ext_key_usage.ts";
import { encodeExtension, EXTENSION_OID } from "./extension.ts";
import { encodeAuthorityKeyIdentifier, encodeSubjectKeyIdentifier } from "./key_identifiers.ts";
import { encodeKeyUsage, KEY_USAGE, leafKeyUsage } from "./key_usage.ts";
import { commonName, EMPTY_NAME } from "./name.ts";
import { encodeSignatureAlgorithm } from "./signature_algorithms.ts";
import { encodeSubjectAltNames } from "./subject_alt_name.ts";

const VERSION_3 = encodeTlv(contextTag(0, { constructed: true }), encodeSmallInteger(2));
const EXTENSIONS_TAG = contextTag(3, { constructed: true });
/** Longest serial number (RFC 5280 section 4.1.2.2). */
const MAX_SERIAL_OCTETS = 20;

/** What differs from one leaf to the next. */
export interface LeafFields {
  /** Unsigned, big-endian, not zero. */
  readonly serialNumber: Uint8Array;
  /** First instant of validity; whole seconds count. */
  readonly notBeforeMs: number;
  /** Last instant of validity; whole seconds count. */
  readonly notAfterMs: number;
  /** Common name of the subject; by default the subject is empty. */
  readonly subjectCommonName?: string | undefined;
  /** The key that is certified. */
  readonly publicKey: PublicKeyInfo;
  /** Identifier of that key, usually 20 octets. */
  readonly subjectKeyId: Uint8Array;
  /** Names, in order: see {@linkcode encodeSubjectAltNames}. */
  readonly subjectAltNames: readonly string[];
}

/** What stays the same over all leaves of a CA. */
export interface LeafTemplateOptions {
  /** The issuer's DER Name. */
  readonly issuerName: Uint8Array;
  /** The issuer's key identifier; without it leaves have no authorityKeyIdentifier. */
  readonly authorityKeyId?: Uint8Array | undefined;
  /** How leaves are signed. */
  readonly signatureScheme: SignatureScheme;
}

/** Builds leaves. */
export interface LeafTemplate {
  /**
   * Builds a TBSCertificate.
   *
   * @throws {SignetError} `x509.bad_name`, `x509.bad_validity`.
   * @throws {RangeError} when the serial number is zero or too long.
   */
  encode(fields: LeafFields): Bytes;
}

/** Makes the template of a CA's leaves: serverAuth and clientAuth, not a CA, key usage as the key allows. */
export function createLeafTemplate(options: LeafTemplateOptions): LeafTemplate {
  const { issuerName, authorityKeyId, signatureScheme } = options;
  const algorithmAndIssuer = [encodeSignatureAlgorithm(signatureScheme), issuerName];
  const purposes = encodeExtKeyUsage([EXT_KEY_USAGE.serverAuth, EXT_KEY_USAGE.clientAuth]);
  const notCa = encodeBasicConstraints({ ca: false, pathLen: undefined });
  const authority = authorityKeyId === undefined
    ? []
    : [encodeAuthorityKeyIdentifier(authorityKeyId)];
  const signing = encodeKeyUsage(KEY_USAGE.digitalSignature);
  const signingAndEncipherment = encodeKeyUsage(leafKeyUsage({ type: "rsa", bits: 0 }));
  const validity = rememberedValidity();
  return {
    encode(fields) {
      const { publicKey, subjectCommonName } = fields;
      const extensions = [
        publicKey.kind.type === "rsa" ? signingAndEncipherment : signing,
        purposes,
        notCa,
        encodeSubjectKeyIdentifier(fields.subjectKeyId),
        ...authority,
        encodeSanExtension(fields),
      ];
      return assemble([
        VERSION_3,
        encodeSerial(fields.serialNumber),
        ...algorithmAndIssuer,
        validity(fields),
        subjectCommonName === undefined ? EMPTY_NAME : commonName(subjectCommonName),
        publicKey.spki,
      ], extensions);
    },
  };
}

/**
 * Critical only when the subject is empty. istiod always marks it so; RFC 5280 section 4.2.1.6 says that beside a subject it should
 * not be, and zlint warns.
 */
function encodeSanExtension({ subjectAltNames, subjectCommonName }: LeafFields): Bytes {
  return encodeExtension(EXTENSION_OID.subjectAltName, encodeSubjectAltNames(subjectAltNames), {
    critical: subjectCommonName === undefined,
  });
}

/** Joins the fields and the extensions in one pass, so that each byte is copied once. */
function assemble(fields: readonly Uint8Array[], extensions: readonly Uint8Array[]): Bytes {
  const listOctets = octetsOf(extensions);
  const taggedOctets = tlvOctets(listOctets);
  const tbsOctets = octetsOf(fields) + tlvOctets(taggedOctets);
  const tbs = new Uint8Array(tlvOctets(tbsOctets));
  let at = writeAll(tbs, writeHeader(tbs, 0, TAG.sequence, tbsOctets), fields);
  at = writeHeader(tbs, at, EXTENSIONS_TAG, taggedOctets);
  writeAll(tbs, writeHeader(tbs, at, TAG.sequence, listOctets), extensions);
  return tbs;
}

function octetsOf(parts: readonly Uint8Array[]): number {
  let octets = 0;
  for (const part of parts) octets += part.length;
  return octets;
}

function writeAll(target: Uint8Array, start: number, parts: readonly Uint8Array[]): number {
  let at = start;
  for (const part of parts) {
    target.set(part, at);
    at += part.length;
  }
  return at;
}

function encodeSerial(serialNumber: Uint8Array): Bytes {
  const serial = encodeUnsigned(serialNumber);
  const octets = serial.length - 2;
  if (octets > MAX_SERIAL_OCTETS || (octets === 1 && serial[2] === 0)) {
    throw new RangeError(
      "Cannot build certificate: serial number should be above 0 and of at most 20 octets",
    );
  }
  return serial;
}

type Validity = Pick<LeafFields, "notBeforeMs" | "notAfterMs">;

/** Encodes validities; most leaves of one second share theirs, so the last one is kept. */
function rememberedValidity(): (validity: Validity) => Bytes {
  let last: Validity = { notBeforeMs: Number.NaN, notAfterMs: Number.NaN };
  let encoded: Bytes = new Uint8Array(0);
  return ({ notBeforeMs, notAfterMs }) => {
    if (notBeforeMs !== last.notBeforeMs || notAfterMs !== last.notAfterMs) {
      encoded = encodeValidity({ notBeforeMs, notAfterMs });
      last = { notBeforeMs, notAfterMs };
    }
    return encoded;
  };
}

function encodeValidity({ notBeforeMs, notAfterMs }: Validity): Bytes {
  if (!(notAfterMs >= notBeforeMs)) {
    throw new SignetError(
      "x509.bad_validity",
      "Cannot build certificate: it would end before it begins",
    );
  }
  return encodeSequence(encodeTime(notBeforeMs), encodeTime(notAfterMs));
}

/** What a CA certificate is to be. */
export interface CaCertificateRequest {
  /** DER Name of the CA. */
  readonly subject: Uint8Array;
  /** DER Name of the issuer; by default the subject, for a self-signed root. */
  readonly issuer?: Uint8Array | undefined;
  /** DER SubjectPublicKeyInfo of the CA's key. */
  readonly spki: Uint8Array;
  /** Identifier of that key. */
  readonly subjectKeyId: Uint8Array;
  /** Identifier of the issuer's key; by default the extension is left out, as a self-signed root may. */
  readonly authorityKeyId?: Uint8Array | undefined;
  /** Unsigned, big-endian, not zero. */
  readonly serialNumber: Uint8Array;
  /** First instant of validity; whole seconds count. */
  readonly notBeforeMs: number;
  /** Last instant of validity; whole seconds count. */
  readonly notAfterMs: number;
  /** Most intermediates below this CA; by default any number. */
  readonly pathLen?: number | undefined;
  /** Names of the CA; by default none. */
  readonly subjectAltNames?: readonly string[];
  /** How the certificate will be signed. */
  readonly signatureScheme: SignatureScheme;
}

/**
 * Builds the TBSCertificate of a CA: keyCertSign and cRLSign, no extended usages.
 *
 * @throws {SignetError} `x509.bad_name`, `x509.bad_validity`.
 * @throws {RangeError} when the serial number is zero or too long.
 */
export function buildCaCertificate(request: CaCertificateRequest): Bytes {
  const { subject, issuer = subject, subjectAltNames = [], authorityKeyId } = request;
  const extensions = [
    encodeKeyUsage(KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign),
    encodeBasicConstraints({ ca: true, pathLen: request.pathLen }),
    encodeSubjectKeyIdentifier(request.subjectKeyId),
  ];
  if (authorityKeyId !== undefined) extensions.push(encodeAuthorityKeyIdentifier(authorityKeyId));
  if (subjectAltNames.length > 0) {
    const names = encodeSubjectAltNames(subjectAltNames);
    extensions.push(encodeExtension(EXTENSION_OID.subjectAltName, names, { critical: false }));
  }
  return assemble([
    VERSION_3,
    encodeSerial(request.serialNumber),
    encodeSignatureAlgorithm(request.signatureScheme),
    issuer,
    encodeValidity(request),
    subject,
    request.spki,
  ], extensions);
}

/**
 * Joins a TBSCertificate and its signature.
 *
 * ```asn1
 * Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 * ```
 */
export function encodeCertificate(
  tbsCertificate: Uint8Array,
  scheme: SignatureScheme,
  signature: Uint8Array,
): Bytes {
  const algorithm = encodeSignatureAlgorithm(scheme);
  const bitsOctets = 1 + signature.length;
  const octets = tbsCertificate.length + algorithm.length + tlvOctets(bitsOctets);
  const certificate = new Uint8Array(tlvOctets(octets));
  let at = writeHeader(certificate, 0, TAG.sequence, octets);
  at = writeAll(certificate, at, [tbsCertificate, algorithm]);
  // The octet after the header counts unused bits: none.
  certificate.set(signature, writeHeader(certificate, at, TAG.bitString, bitsOctets) + 1);
  return certificate;
}
