/** CSRs that no well-meaning tool makes: every part can be chosen, and the signature is a good one unless told otherwise. */
import {
  contextTag,
  encodeBitString,
  encodeOctetString,
  encodeOid,
  encodePem,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
  encodeTlv,
} from "signet/asn1/mod.ts";
import type { Bytes } from "signet/base/mod.ts";
import { encodeSignatureAlgorithm } from "signet/x509/mod.ts";
import type { TestKey } from "./test_keys.ts";

/** Parts of a CSR, each DER; what is left out is as a good CSR has it. */
export interface CsrParts {
  /** Name. Default: empty. */
  readonly subject?: Uint8Array;
  /** Attributes in their order. Default: none. */
  readonly attributes?: readonly Uint8Array[];
  /** SubjectPublicKeyInfo. Default: the key's. */
  readonly spki?: Uint8Array;
  /** AlgorithmIdentifier of the signature. Default: the key's. */
  readonly algorithm?: Uint8Array;
  /** Content of the signature. Default: a good one. */
  readonly signature?: Uint8Array;
}

/** A CSR, DER. */
export function makeCsr(key: TestKey, parts: CsrParts = {}): Bytes {
  const info = encodeSequence(
    encodeSmallInteger(0),
    parts.subject ?? encodeSequence(),
    parts.spki ?? key.publicKey.spki,
    encodeTlv(contextTag(0, { constructed: true }), ...(parts.attributes ?? [])),
  );
  return encodeSequence(
    info,
    parts.algorithm ?? encodeSignatureAlgorithm(key.scheme),
    encodeBitString(parts.signature ?? key.sign(info)),
  );
}

/** A CSR as PEM. */
export function csrPem(der: Uint8Array): string {
  return encodePem("CERTIFICATE REQUEST", der);
}

/** The attribute that asks for extensions (RFC 2985 section 5.4.2). */
export function extensionRequest(...extensions: readonly Uint8Array[]): Bytes {
  return encodeSequence(
    encodeOid("1.2.840.113549.1.9.14"),
    encodeSet(encodeSequence(...extensions)),
  );
}

/** One extension; `value` is its DER. */
export function wishedExtension(oid: string, value: Uint8Array): Bytes {
  const critical = Uint8Array.of(1, 1, 0xff);
  return encodeSequence(encodeOid(oid), critical, encodeOctetString(value));
}
