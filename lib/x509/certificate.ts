/**
 * Certificates of others, decoded in full (RFC 5280 section 4.1). Used off the issuing path: roots, chains, client certificates.
 *
 * Stricter than the standard's readers in the wild: DER only, no extension twice, no key that signet cannot use. Extensions that
 * signet does not process are listed, so that a chain with a critical one is refused.
 */
import {
  contextTag,
  type DerCursor,
  readBitString,
  readDer,
  readSmallInteger,
  readTime,
  readUnsigned,
  TAG,
} from "../asn1/mod.ts";
import { equalBytes, SignetError } from "../base/mod.ts";
import type { PublicKeyInfo, SignatureScheme } from "./algorithms.ts";
import { type BasicConstraints, decodeBasicConstraints } from "./basic_constraints.ts";
import { decodeExtKeyUsage } from "./ext_key_usage.ts";
import { type Extension, EXTENSION_OID, readExtensions } from "./extension.ts";
import { decodeAuthorityKeyIdentifier, decodeSubjectKeyIdentifier } from "./key_identifiers.ts";
import { decodeKeyUsage } from "./key_usage.ts";
import { scanName } from "./name.ts";
import { readPublicKey } from "./public_key.ts";
import { findSignatureScheme } from "./signature_algorithms.ts";
import { decodeSubjectAltNames, type SubjectAltName } from "./subject_alt_name.ts";

/** A decoded certificate. All bytes are views into what was decoded. */
export interface Certificate {
  /** The whole certificate. */
  readonly raw: Uint8Array;
  /** The signed part, header included. */
  readonly tbsCertificate: Uint8Array;
  /** 1 or 3; only certificates of version 3 have extensions. */
  readonly version: 1 | 2 | 3;
  /** Unsigned, big-endian, without leading zeros. */
  readonly serialNumber: Uint8Array;
  /** DER Name of the issuer. */
  readonly issuer: Uint8Array;
  /** DER Name of the subject. */
  readonly subject: Uint8Array;
  /** First instant of validity, milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Last second of validity, milliseconds since the epoch. */
  readonly notAfterMs: number;
  /** The certified key. */
  readonly publicKey: PublicKeyInfo;
  /** How it is signed; `undefined` when signet cannot verify that, which matters only below a root. */
  readonly signatureScheme: SignatureScheme | undefined;
  /** Content of the signature's BIT STRING. */
  readonly signature: Uint8Array;
  /** Bits of `KEY_USAGE`; `undefined` without the extension. */
  readonly keyUsage: number | undefined;
  /** Purposes as object identifiers; `undefined` without the extension, which allows all. */
  readonly extKeyUsage: readonly string[] | undefined;
  /** `undefined` without the extension. */
  readonly basicConstraints: BasicConstraints | undefined;
  /** Identifier of the certified key. */
  readonly subjectKeyIdentifier: Uint8Array | undefined;
  /** Identifier of the issuer's key. */
  readonly authorityKeyIdentifier: Uint8Array | undefined;
  /** Names, in order; empty without the extension. */
  readonly subjectAltNames: readonly SubjectAltName[];
  /** Every extension as it stands, in order. */
  readonly extensions: readonly Extension[];
  /** Extensions that forbid use: critical ones that signet does not process, and name constraints even when not critical. */
  readonly unhandledExtensions: readonly string[];
}

const VERSION = contextTag(0, { constructed: true });
const ISSUER_UNIQUE_ID = contextTag(1, { constructed: false });
const SUBJECT_UNIQUE_ID = contextTag(2, { constructed: false });
const EXTENSIONS = contextTag(3, { constructed: true });
/** Longest serial number (RFC 5280 section 4.1.2.2). */
const MAX_SERIAL_OCTETS = 20;

/**
 * Decodes a DER certificate.
 *
 * @throws {SignetError} `x509.bad_certificate`, `x509.bad_name`, `x509.bad_key`, `x509.bad_extension`, `x509.bad_validity`,
 * `x509.unsupported_algorithm` for a key that signet cannot use, `asn1.*`.
 */
export function decodeCertificate(der: Uint8Array): Certificate {
  const cursor = readDer(der);
  const outer = cursor.enter(TAG.sequence);
  cursor.finish();
  const start = outer.at;
  const tbs = outer.enter(TAG.sequence);
  const tbsCertificate = der.subarray(start, outer.at);
  const algorithm = outer.readWhole(TAG.sequence);
  const signature = readBitString(outer);
  outer.finish();
  const fields = readTbs(tbs);
  if (!equalBytes(algorithm, fields.algorithm)) {
    throw badCertificate("its two signature algorithms differ");
  }
  return {
    raw: der,
    tbsCertificate,
    version: fields.version,
    serialNumber: fields.serialNumber,
    issuer: fields.issuer,
    subject: fields.subject,
    notBeforeMs: fields.notBeforeMs,
    notAfterMs: fields.notAfterMs,
    publicKey: fields.publicKey,
    signatureScheme: findSignatureScheme(algorithm),
    signature,
    ...interpret(fields.extensions),
  };
}

interface TbsFields {
  readonly version: Certificate["version"];
  readonly serialNumber: Uint8Array;
  readonly algorithm: Uint8Array;
  readonly issuer: Uint8Array;
  readonly notBeforeMs: number;
  readonly notAfterMs: number;
  readonly subject: Uint8Array;
  readonly publicKey: PublicKeyInfo;
  readonly extensions: ReadonlyMap<string, Extension>;
}

function readTbs(tbs: DerCursor): TbsFields {
  const version = readVersion(tbs);
  const serialNumber = readUnsigned(tbs);
  if (serialNumber.length > MAX_SERIAL_OCTETS) {
    throw badCertificate(
      `serial number has ${serialNumber.length} octets, should have at most ${MAX_SERIAL_OCTETS}`,
    );
  }
  const algorithm = tbs.readWhole(TAG.sequence);
  const issuer = readName(tbs);
  const validity = tbs.enter(TAG.sequence);
  const notBeforeMs = readTime(validity);
  const notAfterMs = readTime(validity);
  validity.finish();
  if (notAfterMs < notBeforeMs) {
    throw new SignetError("x509.bad_validity", "Cannot read certificate: it ends before it begins");
  }
  const subject = readName(tbs);
  const publicKey = readPublicKey(tbs);
  if (version > 1) {
    tbs.readOptional(ISSUER_UNIQUE_ID);
    tbs.readOptional(SUBJECT_UNIQUE_ID);
  }
  const extensions = version === 3 ? readTaggedExtensions(tbs) : new Map<string, Extension>();
  tbs.finish();
  return {
    version,
    serialNumber,
    algorithm,
    issuer,
    notBeforeMs,
    notAfterMs,
    subject,
    publicKey,
    extensions,
  };
}

/** The version; absent means 1, which DER forbids to write out. */
function readVersion(tbs: DerCursor): Certificate["version"] {
  const tagged = tbs.enterOptional(VERSION);
  if (tagged === undefined) return 1;
  const version = readSmallInteger(tagged) + 1;
  tagged.finish();
  if (version === 2 || version === 3) return version;
  throw badCertificate(`version is ${version}, should be 3`);
}

function readName(cursor: DerCursor): Uint8Array {
  const start = cursor.at;
  scanName(cursor);
  return cursor.bytes.subarray(start, cursor.at);
}

function readTaggedExtensions(tbs: DerCursor): ReadonlyMap<string, Extension> {
  const tagged = tbs.enterOptional(EXTENSIONS);
  if (tagged === undefined) return new Map();
  const extensions = readExtensions(tagged);
  tagged.finish();
  return extensions;
}

type Interpreted = Pick<
  Certificate,
  | "keyUsage"
  | "extKeyUsage"
  | "basicConstraints"
  | "subjectKeyIdentifier"
  | "authorityKeyIdentifier"
  | "subjectAltNames"
  | "extensions"
  | "unhandledExtensions"
>;

/** Extensions that may be critical. Policies are among them: every policy is acceptable to signet (RFC 5280 section 6.1.1 (c)). */
const HANDLED: readonly string[] = [
  EXTENSION_OID.keyUsage,
  EXTENSION_OID.extKeyUsage,
  EXTENSION_OID.basicConstraints,
  EXTENSION_OID.subjectKeyIdentifier,
  EXTENSION_OID.authorityKeyIdentifier,
  EXTENSION_OID.subjectAltName,
  EXTENSION_OID.certificatePolicies,
];

function interpret(extensions: ReadonlyMap<string, Extension>): Interpreted {
  const read = <T>(oid: string, decode: (value: Uint8Array) => T): T | undefined => {
    const extension = extensions.get(oid);
    return extension === undefined ? undefined : decode(extension.value);
  };
  const unhandled = [...extensions.values()].filter(({ oid, critical }) =>
    oid === EXTENSION_OID.nameConstraints || (critical && !HANDLED.includes(oid))
  );
  return {
    keyUsage: read(EXTENSION_OID.keyUsage, decodeKeyUsage),
    extKeyUsage: read(EXTENSION_OID.extKeyUsage, decodeExtKeyUsage),
    basicConstraints: read(EXTENSION_OID.basicConstraints, decodeBasicConstraints),
    subjectKeyIdentifier: read(EXTENSION_OID.subjectKeyIdentifier, decodeSubjectKeyIdentifier),
    authorityKeyIdentifier: read(
      EXTENSION_OID.authorityKeyIdentifier,
      decodeAuthorityKeyIdentifier,
    ),
    subjectAltNames: read(EXTENSION_OID.subjectAltName, decodeSubjectAltNames) ?? [],
    extensions: [...extensions.values()],
    unhandledExtensions: unhandled.map(({ oid }) => oid),
  };
}

function badCertificate(what: string): SignetError {
  return new SignetError("x509.bad_certificate", `Cannot read certificate: ${what}`);
}
