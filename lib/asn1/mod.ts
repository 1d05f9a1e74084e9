/**
 * DER and PEM (X.690, RFC 7468): a strict reader over views, and a writer.
 *
 * @example Write a SEQUENCE and read it back
 * ```ts
 * import { encodeSequence, encodeSmallInteger, readDer, readSmallInteger, TAG } from "signet/asn1/mod.ts";
 *
 * const cursor = readDer(encodeSequence(encodeSmallInteger(300)));
 * const inner = cursor.enter(TAG.sequence);
 * if (readSmallInteger(inner) !== 300) throw new TypeError("Should read what was written");
 * inner.finish();
 * cursor.finish();
 * ```
 *
 * @module
 */
export {
  contextTag,
  type DerCursor,
  MAX_DER_BYTES,
  MAX_DER_DEPTH,
  readDer,
  TAG,
} from "./reader.ts";
export {
  decodeOid,
  readBitString,
  readBoolean,
  readIntegerBytes,
  readNamedBits,
  readOid,
  readSmallInteger,
  readTime,
  readUnsigned,
} from "./values.ts";
export {
  encodeBitString,
  encodeBoolean,
  encodeHeader,
  encodeNamedBits,
  encodeNull,
  encodeOctetString,
  encodeOid,
  encodeSequence,
  encodeSet,
  encodeSmallInteger,
  encodeText,
  encodeTime,
  encodeTlv,
  encodeUnsigned,
  tlvOctets,
  writeHeader,
} from "./writer.ts";
export {
  decodeFirstPem,
  decodePem,
  encodePem,
  MAX_PEM_BLOCKS,
  MAX_PEM_CHARS,
  type PemBlock,
} from "./pem.ts";
