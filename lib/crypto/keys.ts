/**
 * Private keys in PEM: PKCS#8, and the older forms that Istio's files use (PKCS#1 for RSA, SEC1 for EC; RFC 5958, RFC 8017, RFC 5915).
 */
import {
  contextTag,
  decodeFirstPem,
  encodeBitString,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodePem,
  encodeSequence,
  encodeSmallInteger,
  encodeTlv,
  readBitString,
  readDer,
  readOid,
  readSmallInteger,
  TAG,
} from "../asn1/mod.ts";
import { type Bytes, quote, SignetError } from "../base/mod.ts";

const OID_RSA = "1.2.840.113549.1.1.1";
const OID_EC = "1.2.840.10045.2.1";
const PARAMETERS = contextTag(0, { constructed: true });
const PUBLIC_KEY = contextTag(1, { constructed: true });

/**
 * Reads the first PEM block as a private key and gives DER PKCS#8.
 *
 * @throws {SignetError} `crypto.bad_key`, `asn1.*`.
 */
export function parsePrivateKeyPem(pem: string): Bytes {
  const block = decodeFirstPem(pem);
  if (block === undefined) {
    throw new SignetError("crypto.bad_key", "Cannot read private key: there is no PEM block");
  }
  switch (block.label) {
    case "PRIVATE KEY":
      return new Uint8Array(block.der);
    case "RSA PRIVATE KEY":
      return wrap(encodeSequence(encodeOid(OID_RSA), encodeNull()), block.der);
    case "EC PRIVATE KEY":
      return wrapSec1(block.der);
    default:
      throw new SignetError(
        "crypto.bad_key",
        `Cannot read private key: unsupported PEM block type for a private key: ${
          quote(block.label)
        }`,
      );
  }
}

function wrap(algorithm: Uint8Array, privateKey: Uint8Array): Bytes {
  return encodeSequence(encodeSmallInteger(0), algorithm, encodeOctetString(privateKey));
}

/** ECPrivateKey ::= SEQUENCE { version 1, privateKey OCTET STRING, parameters [0] OPTIONAL, publicKey [1] OPTIONAL } */
interface EcPrivateKey {
  readonly privateKey: Uint8Array;
  readonly curve: string | undefined;
  readonly publicKey: Uint8Array | undefined;
}

function readEcPrivateKey(der: Uint8Array): EcPrivateKey {
  const outer = readDer(der);
  const sequence = outer.enter(TAG.sequence);
  outer.finish();
  if (readSmallInteger(sequence) !== 1) {
    throw new SignetError(
      "crypto.bad_key",
      "Cannot read private key: the EC key's version is not 1",
    );
  }
  const privateKey = sequence.read(TAG.octetString);
  const curve = sequence.peek() === PARAMETERS ? readOid(sequence.enter(PARAMETERS)) : undefined;
  const publicKey = sequence.peek() === PUBLIC_KEY
    ? readBitString(sequence.enter(PUBLIC_KEY))
    : undefined;
  sequence.finish();
  return { privateKey, curve, publicKey };
}

function wrapSec1(der: Uint8Array): Bytes {
  const { curve } = readEcPrivateKey(der);
  if (curve === undefined) {
    throw new SignetError(
      "crypto.bad_key",
      "Cannot read private key: the EC key does not name its curve",
    );
  }
  return wrap(encodeSequence(encodeOid(OID_EC), encodeOid(curve)), der);
}

/** Writes DER PKCS#8 as PEM in istiod's forms: PKCS#1 for RSA, SEC1 for EC, PKCS#8 for the rest. */
export function encodePrivateKeyPem(pkcs8: Uint8Array): string {
  const sequence = readDer(pkcs8).enter(TAG.sequence);
  readSmallInteger(sequence);
  const algorithm = sequence.enter(TAG.sequence);
  const oid = readOid(algorithm);
  const inner = sequence.read(TAG.octetString);
  if (oid === OID_RSA) return encodePem("RSA PRIVATE KEY", inner);
  if (oid !== OID_EC) return encodePem("PRIVATE KEY", pkcs8);
  const curve = readOid(algorithm);
  const key = readEcPrivateKey(inner);
  return encodePem(
    "EC PRIVATE KEY",
    encodeSequence(
      encodeSmallInteger(1),
      encodeOctetString(key.privateKey),
      encodeTlv(PARAMETERS, encodeOid(curve)),
      ...(key.publicKey === undefined
        ? []
        : [encodeTlv(PUBLIC_KEY, encodeBitString(key.publicKey))]),
    ),
  );
}
