/**
 * The basicConstraints extension (RFC 5280 section 4.2.1.9).
 *
 * ```asn1
 * BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, pathLenConstraint INTEGER (0..MAX) OPTIONAL }
 * ```
 */
import {
  encodeBoolean,
  encodeSequence,
  encodeSmallInteger,
  readBoolean,
  readDer,
  readSmallInteger,
  TAG,
} from "../asn1/mod.ts";
import type { Bytes } from "../base/mod.ts";
import { encodeExtension, EXTENSION_OID } from "./extension.ts";

/** Whether a certificate may sign others. */
export interface BasicConstraints {
  /** True for a CA. */
  readonly ca: boolean;
  /** Most intermediates below this CA; `undefined` for any number. */
  readonly pathLen: number | undefined;
}

/** The critical extension; of a leaf it is an empty SEQUENCE. */
export function encodeBasicConstraints({ ca, pathLen }: BasicConstraints): Bytes {
  const parts = ca ? [encodeBoolean(true)] : [];
  if (ca && pathLen !== undefined) parts.push(encodeSmallInteger(pathLen));
  return encodeExtension(EXTENSION_OID.basicConstraints, encodeSequence(...parts), {
    critical: true,
  });
}

/** Decodes the extension's value. @throws {SignetError} `asn1.*`. */
export function decodeBasicConstraints(value: Uint8Array): BasicConstraints {
  const cursor = readDer(value);
  const sequence = cursor.enter(TAG.sequence);
  cursor.finish();
  const ca = sequence.peek() === TAG.boolean && readBoolean(sequence);
  const pathLen = sequence.peek() === TAG.integer ? readSmallInteger(sequence) : undefined;
  sequence.finish();
  return { ca, pathLen };
}
