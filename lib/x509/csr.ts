/**
 * Certification requests, PKCS#10 (RFC 2986): read in place on the issuing path, and written for `signet cert request`.
 *
 * ```asn1
 * CertificationRequest ::= SEQUENCE { certificationRequestInfo, signatureAlgorithm, signature BIT STRING }
 * CertificationRequestInfo ::= SEQUENCE { version INTEGER, subject Name, subjectPKInfo, attributes [0] SET OF Attribute }
 * ```
 * Of a CSR signet uses the public key and whether the subject has a common name; attributes are checked for form and never used.
 */
import {
  contextTag,
  decodeFirstPem,
  encodeBitString,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
  encodeTlv,
  readBitString,
  readDer,
  readSmallInteger,
  TAG,
} from "../asn1/mod.ts";
import { type Bytes, isSignetError, messageOf, SignetError } from "../base/mod.ts";
import type { PublicKeyInfo, SignatureScheme } from "./algorithms.ts";
import { commonName, EMPTY_NAME, scanName } from "./name.ts";
import { readPublicKey } from "./public_key.ts";
import { encodeSignatureAlgorithm, findSignatureScheme } from "./signature_algorithms.ts";
import { encodeSubjectAltNames } from "./subject_alt_name.ts";

/** A CSR whose form is right; its signature is yet to be verified. All bytes are views into the input. */
export interface DecodedCsr {
  /** The signed part, header included. */
  readonly certificationRequestInfo: Uint8Array;
  /** The DER Name that it asks for. */
  readonly subject: Uint8Array;
  /** True when the subject has a common name that is not empty. */
  readonly subjectHasCommonName: boolean;
  /** The key to certify, which also made the signature. */
  readonly publicKey: PublicKeyInfo;
  /** How it is signed. */
  readonly signatureScheme: SignatureScheme;
  /** The content of the signature's BIT STRING. */
  readonly signature: Uint8Array;
}

const ATTRIBUTES = contextTag(0, { constructed: true });

/**
 * Decodes a DER CSR.
 *
 * @throws {SignetError} `x509.bad_csr`, `x509.bad_name`, `x509.bad_key`, `x509.unsupported_algorithm`, `asn1.*`.
 */
export function decodeCsr(der: Uint8Array): DecodedCsr {
  const cursor = readDer(der);
  const outer = cursor.enter(TAG.sequence);
  cursor.finish();
  const infoStart = outer.at;
  const info = outer.enter(TAG.sequence);
  const certificationRequestInfo = der.subarray(infoStart, outer.at);
  const version = readSmallInteger(info);
  if (version !== 0) {
    throw new SignetError("x509.bad_csr", `Cannot read CSR: version is ${version}, should be 0`);
  }
  const subjectStart = info.at;
  const { hasCommonName } = scanName(info);
  const subject = der.subarray(subjectStart, info.at);
  const publicKey = readPublicKey(info);
  const attributes = info.enter(ATTRIBUTES);
  info.finish();
  while (!attributes.done) {
    const attribute = attributes.enter(TAG.sequence);
    attribute.read(TAG.oid);
    attribute.read(TAG.set);
    attribute.finish();
  }
  const signatureScheme = findSignatureScheme(outer.readWhole(TAG.sequence));
  const signature = readBitString(outer);
  outer.finish();
  if (signatureScheme === undefined || !fits(publicKey, signatureScheme)) {
    throw new SignetError(
      "x509.unsupported_algorithm",
      "Cannot read CSR: its signature algorithm is not supported for its key",
    );
  }
  return {
    certificationRequestInfo,
    subject,
    subjectHasCommonName: hasCommonName,
    publicKey,
    signatureScheme,
    signature,
  };
}

function fits({ kind }: PublicKeyInfo, scheme: SignatureScheme): boolean {
  return kind.type === "ec" ? scheme.type === "ecdsa" : scheme.type === kind.type;
}

/**
 * Decodes the first PEM block of `text` as a CSR, whatever its label, as istiod does; what follows the block is ignored.
 *
 * @throws {SignetError} with istiod's words: `x509.bad_csr` `certificate signing request is not properly encoded` when there is no
 * block; `failed to parse X.509 certificate signing request: ...` with the code of the cause.
 */
export function decodeCsrPem(text: string): DecodedCsr {
  let der: Uint8Array | undefined;
  let cause: unknown;
  try {
    der = decodeFirstPem(text)?.der;
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    cause = thrown;
  }
  if (der === undefined) {
    throw new SignetError("x509.bad_csr", "certificate signing request is not properly encoded", {
      cause,
    });
  }
  try {
    return decodeCsr(der);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError(
      thrown.code,
      `failed to parse X.509 certificate signing request: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

/** What a CSR asks for. */
export interface CsrRequest {
  /** DER SubjectPublicKeyInfo of the key. */
  readonly spki: Uint8Array;
  /** Common name of the subject; by default the subject is empty. */
  readonly subjectCommonName?: string | undefined;
  /** Names to ask for in a SAN extension request; by default there is none. */
  readonly subjectAltNames?: readonly string[];
}

/** The type of the attribute that asks for extensions (RFC 2985 section 5.4.2). */
const EXTENSION_REQUEST = encodeOid("1.2.840.113549.1.9.14");
const SUBJECT_ALT_NAME = encodeOid("2.5.29.17");

/**
 * Builds the CertificationRequestInfo, the part that the key signs.
 *
 * @throws {SignetError} `x509.bad_name`.
 */
export function buildCsrInfo(request: CsrRequest): Bytes {
  const { spki, subjectCommonName, subjectAltNames = [] } = request;
  const attributes: Uint8Array[] = [];
  if (subjectAltNames.length > 0) {
    const names = encodeOctetString(encodeSubjectAltNames(subjectAltNames));
    const extensions = encodeSequence(encodeSequence(SUBJECT_ALT_NAME, names));
    attributes.push(encodeSequence(EXTENSION_REQUEST, encodeSet(extensions)));
  }
  return encodeSequence(
    encodeSmallInteger(0),
    subjectCommonName === undefined ? EMPTY_NAME : commonName(subjectCommonName),
    spki,
    encodeTlv(ATTRIBUTES, ...attributes),
  );
}

/** Joins a CertificationRequestInfo and its signature. */
export function encodeCsr(
  certificationRequestInfo: Uint8Array,
  scheme: SignatureScheme,
  signature: Uint8Array,
): Bytes {
  return encodeSequence(
    certificationRequestInfo,
    encodeSignatureAlgorithm(scheme),
    encodeBitString(signature),
  );
}
