/**
 * The two messages of CreateCertificate on the fast path, in their plain shape.
 *
 * protobuf-es takes 21 us for the pair, a fifth of the whole call, so the usual request (a CSR, a validity, metadata without
 * impersonation) is read here and the answer is joined from parts that rarely change. Whatever else a request holds makes
 * {@linkcode decodePlainRequest} return `undefined`: the general codec then decides. Tests compare the two on generated messages.
 */
import { type Bytes, equalBytes, fromUtf8, utf8 } from "../base/mod.ts";
import type { CreateCertificateAnswer, CreateCertificateRequest } from "./services/ca.ts";

const TAG_CSR = 0x0a; // field 1, length-delimited
const TAG_VALIDITY = 0x18; // field 3, varint
const TAG_METADATA = 0x22; // field 4, length-delimited
const TAG_CERT_CHAIN = 0x0a; // response field 1, length-delimited
/** Metadata that mentions this goes through the general codec. */
const IMPERSONATION = utf8("ImpersonatedIdentity");
/** Metadata of this name, which agents always send, says nothing as long as it is empty. */
const CERT_SIGNER = utf8("CertSigner");

/** Bounds and position of a varint: read as a number when it fits into 2^53. */
interface Cursor {
  at: number;
}

/**
 * Reads a request in its plain shape: each field at most once, CSR in ASCII, no impersonation, no signer of the cluster wanted.
 * `undefined` means that it is not plain, which says nothing of its validity.
 */
export function decodePlainRequest(message: Uint8Array): CreateCertificateRequest | undefined {
  const cursor: Cursor = { at: 0 };
  let csr: string | undefined;
  let validityDuration: bigint | undefined;
  let metadataSeen = false;
  while (cursor.at < message.length) {
    const tag = message[cursor.at++];
    if (tag === TAG_CSR && csr === undefined) {
      const bytes = readBytes(message, cursor);
      if (bytes === undefined || !isAscii(bytes)) return undefined;
      csr = fromUtf8(bytes);
    } else if (tag === TAG_VALIDITY && validityDuration === undefined) {
      const seconds = readVarint(message, cursor);
      if (seconds === undefined) return undefined;
      validityDuration = BigInt(seconds);
    } else if (tag === TAG_METADATA && !metadataSeen) {
      const bytes = readBytes(message, cursor);
      if (bytes === undefined || bytes.length > 0) {
        if (bytes === undefined || !isPlainMetadata(bytes)) return undefined;
      }
      metadataSeen = true;
    } else {
      return undefined;
    }
  }
  return { csr: csr ?? "", validityDuration: validityDuration ?? 0n, impersonatedIdentity: "" };
}

function readVarint(message: Uint8Array, cursor: Cursor): number | undefined {
  let value = 0;
  let scale = 1;
  // Seven bytes hold 49 bits; longer ones (negative numbers have ten) are left to the general codec.
  for (let i = 0; i < 7; i++) {
    const byte = message[cursor.at++];
    if (byte === undefined) return undefined;
    value += (byte & 0x7f) * scale;
    if (byte < 0x80) return value;
    scale *= 128;
  }
  return undefined;
}

function readBytes(message: Uint8Array, cursor: Cursor): Uint8Array | undefined {
  const length = readVarint(message, cursor);
  if (length === undefined || length > message.length - cursor.at) return undefined;
  const bytes = message.subarray(cursor.at, cursor.at + length);
  cursor.at += length;
  return bytes;
}

function isAscii(bytes: Uint8Array): boolean {
  for (let i = 0; i < bytes.length; i++) if (bytes[i]! > 0x7f) return false;
  return true;
}

/**
 * True for a Struct of string values such as agents send (an empty `CertSigner`, `ClusterID`, `WorkloadName`), none of them impersonation:
 * map entries { key = 1, value = 2 { string_value = 3 } } without anything else in them.
 */
function isPlainMetadata(struct: Uint8Array): boolean {
  const cursor: Cursor = { at: 0 };
  while (cursor.at < struct.length) {
    if (struct[cursor.at++] !== 0x0a) return false;
    const entry = readBytes(struct, cursor);
    if (entry === undefined || !isPlainEntry(entry)) return false;
  }
  return true;
}

function isPlainEntry(entry: Uint8Array): boolean {
  const cursor: Cursor = { at: 0 };
  if (entry[cursor.at++] !== 0x0a) return false;
  const key = readBytes(entry, cursor);
  if (key === undefined || !isAscii(key) || key.length === IMPERSONATION.length) return false;
  if (entry[cursor.at++] !== 0x12) return false;
  const value = readBytes(entry, cursor);
  if (value === undefined || cursor.at !== entry.length) return false;
  const inner: Cursor = { at: 1 };
  if (value[0] !== 0x1a) return false;
  const text = readBytes(value, inner);
  if (text === undefined || inner.at !== value.length || !isAscii(text)) return false;
  return text.length === 0 || !equalBytes(key, CERT_SIGNER);
}

/** Encodes answers; the chain and the roots are encoded once for as long as they stay the same. */
export interface AnswerEncoder {
  /** The gRPC frame (five bytes and the message) of an answer. */
  encode(answer: CreateCertificateAnswer): Bytes;
}

const FRAME_PREFIX_BYTES = 5;

/** Makes an {@linkcode AnswerEncoder}. */
export function createAnswerEncoder(): AnswerEncoder {
  let chain: readonly string[] | undefined;
  let roots: string | undefined;
  let tail: Bytes = new Uint8Array(0);
  return {
    encode(answer) {
      if (answer.chain !== chain || answer.roots !== roots) {
        ({ chain, roots } = answer);
        tail = encodeTail(answer);
      }
      return frame(answer.leaf, tail);
    },
  };
}

function encodeTail({ chain, roots }: CreateCertificateAnswer): Bytes {
  const elements = roots === "" ? chain : [...chain, roots];
  const parts: number[] = [];
  for (const element of elements) {
    const bytes = utf8(element);
    parts.push(TAG_CERT_CHAIN, ...varint(bytes.length), ...bytes);
  }
  return new Uint8Array(parts);
}

function varint(value: number): number[] {
  const bytes: number[] = [];
  for (; value > 0x7f; value >>>= 7) bytes.push((value & 0x7f) | 0x80);
  return [...bytes, value];
}

/** Five bytes of prefix, the leaf's element, the tail. A leaf is PEM: ASCII, so one byte a character. */
function frame(leaf: string, tail: Bytes): Bytes {
  const length = varint(leaf.length);
  const messageBytes = 1 + length.length + leaf.length + tail.length;
  const bytes = new Uint8Array(FRAME_PREFIX_BYTES + messageBytes);
  new DataView(bytes.buffer).setUint32(1, messageBytes);
  let at = FRAME_PREFIX_BYTES;
  bytes[at++] = TAG_CERT_CHAIN;
  for (const byte of length) bytes[at++] = byte;
  at += ENCODER.encodeInto(leaf, bytes.subarray(at)).written;
  bytes.set(tail, at);
  return bytes;
}

const ENCODER = new TextEncoder();
