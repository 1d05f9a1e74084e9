/**
 * Certificate revocation lists (RFC 5280 section 5.1), as far as a mesh needs them: who signed one, when, and whom it revokes.
 *
 * ```asn1
 * CertificateList ::= SEQUENCE { tbsCertList, signatureAlgorithm AlgorithmIdentifier, signatureValue BIT STRING }
 * TBSCertList ::= SEQUENCE { version INTEGER OPTIONAL, signature AlgorithmIdentifier, issuer Name, thisUpdate Time,
 *   nextUpdate Time OPTIONAL, revokedCertificates SEQUENCE OF SEQUENCE OPTIONAL, crlExtensions [0] OPTIONAL }
 * ```
 *
 * Left out: partial, indirect and delta lists. Their extensions are critical (RFC 5280 section 5.2) and are listed, so that whoever relies
 * on a list refuses those.
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
import { equalBytes, isSignetError, messageOf, SignetError } from "../base/mod.ts";
import type { SignatureScheme } from "./algorithms.ts";
import type { Certificate } from "./certificate.ts";
import type { VerifySignature } from "./chain.ts";
import { readExtensions } from "./extension.ts";
import { KEY_USAGE } from "./key_usage.ts";
import { scanName } from "./name.ts";
import { findSignatureScheme } from "./signature_algorithms.ts";

/** A decoded list. All bytes are views into what was decoded. */
export interface CertificateList {
  /** The whole list. */
  readonly raw: Uint8Array;
  /** The signed part, header included. */
  readonly tbsCertList: Uint8Array;
  /** DER Name of the CA that signed it. */
  readonly issuer: Uint8Array;
  /** When it was made, milliseconds since the epoch. */
  readonly thisUpdateMs: number;
  /** When the next one is due, milliseconds since the epoch. */
  readonly nextUpdateMs: number | undefined;
  /** Number of certificates that it revokes. */
  readonly revoked: number;
  /** When each was revoked, milliseconds since the epoch, by serial number in hex. */
  readonly entries: ReadonlyMap<string, number>;
  /** Critical extensions, of the list or of an entry: none is processed. */
  readonly unhandledExtensions: readonly string[];
  /** How it is signed; `undefined` when signet cannot verify that. */
  readonly signatureScheme: SignatureScheme | undefined;
  /** Content of the signature's BIT STRING. */
  readonly signature: Uint8Array;
}

const CRL_EXTENSIONS = contextTag(0, { constructed: true });

/**
 * Decodes a DER certificate revocation list.
 *
 * @throws {SignetError} `x509.bad_crl`, `x509.bad_name`, `asn1.*`.
 */
export function decodeCrl(der: Uint8Array): CertificateList {
  const cursor = readDer(der);
  const outer = cursor.enter(TAG.sequence);
  cursor.finish();
  const start = outer.at;
  const tbs = outer.enter(TAG.sequence);
  const tbsCertList = der.subarray(start, outer.at);
  const algorithm = outer.readWhole(TAG.sequence);
  const signature = readBitString(outer);
  outer.finish();
  const { signedWith, ...fields } = readTbs(tbs);
  if (!equalBytes(algorithm, signedWith)) throw badCrl("its two signature algorithms differ");
  return {
    raw: der,
    tbsCertList,
    ...fields,
    signatureScheme: findSignatureScheme(algorithm),
    signature,
  };
}

function readTbs(tbs: DerCursor) {
  if (tbs.peek() === TAG.integer) {
    const version = readSmallInteger(tbs) + 1;
    if (version !== 2) throw badCrl(`version is ${version}, should be 2`);
  }
  const signedWith = tbs.readWhole(TAG.sequence);
  const start = tbs.at;
  scanName(tbs);
  const issuer = tbs.bytes.subarray(start, tbs.at);
  const thisUpdateMs = readTime(tbs);
  const nextUpdateMs = isTime(tbs) ? readTime(tbs) : undefined;
  const unhandled = new Set<string>();
  const entries = tbs.peek() === TAG.sequence
    ? readEntries(tbs.enter(TAG.sequence), unhandled)
    : new Map<string, number>();
  const tagged = tbs.enterOptional(CRL_EXTENSIONS);
  if (tagged !== undefined) {
    noteCritical(tagged, unhandled);
    tagged.finish();
  }
  tbs.finish();
  const unhandledExtensions = [...unhandled];
  return {
    ...{ signedWith, issuer, thisUpdateMs, nextUpdateMs },
    ...{ revoked: entries.size, entries, unhandledExtensions },
  };
}

function isTime(cursor: DerCursor): boolean {
  const tag = cursor.peek();
  return tag === TAG.utcTime || tag === TAG.generalizedTime;
}

function readEntries(list: DerCursor, unhandled: Set<string>): ReadonlyMap<string, number> {
  const entries = new Map<string, number>();
  while (!list.done) {
    const entry = list.enter(TAG.sequence);
    const serialNumber = readUnsigned(entry).toHex();
    entries.set(serialNumber, readTime(entry));
    if (!entry.done) noteCritical(entry, unhandled);
    entry.finish();
  }
  return entries;
}

function noteCritical(cursor: DerCursor, unhandled: Set<string>): void {
  for (const { oid, critical } of readExtensions(cursor).values()) {
    if (critical) unhandled.add(oid);
  }
}

/**
 * True when `issuer` signed the list and may sign lists: it is a CA, and its key usage, if it has the extension, includes cRLSign.
 * Whether the list is still fresh is not looked at.
 */
export async function isCrlOf(
  crl: CertificateList,
  issuer: Certificate,
  verifySignature: VerifySignature,
): Promise<boolean> {
  const { signatureScheme: scheme } = crl;
  const { keyUsage, basicConstraints, publicKey } = issuer;
  const maySign = basicConstraints?.ca === true &&
    (keyUsage === undefined || (keyUsage & KEY_USAGE.cRLSign) !== 0);
  if (!maySign || scheme === undefined || !equalBytes(crl.issuer, issuer.subject)) return false;
  if (scheme.type !== "ed25519" && scheme.digest === "SHA-1") return false;
  const { type } = publicKey.kind;
  if (scheme.type !== (type === "ec" ? "ecdsa" : type)) return false;
  try {
    return await verifySignature(publicKey, scheme, crl.tbsCertList, crl.signature);
  } catch (thrown) {
    if (!isSignetError(thrown, "crypto.bad_key", "crypto.unsupported_algorithm")) throw thrown;
    throw badCrl(messageOf(thrown));
  }
}

function badCrl(what: string): SignetError {
  return new SignetError("x509.bad_crl", `Cannot read certificate revocation list: ${what}`);
}
