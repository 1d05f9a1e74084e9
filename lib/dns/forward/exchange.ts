/**
 * What goes to a server and how its reply is recognised: a random ID, over UDP a random spelling of the name (0x20), and the question that
 * must come back as it was asked (RFC 5452 section 9.1, RFC 7766 section 7).
 */
import { encodeOption, encodeQuery, FLAG, HEADER_BYTES, OPCODE, OPTION } from "../message/mod.ts";
import type { ForwardQuestion } from "../port.ts";
import type { UpstreamTransport } from "./upstream.ts";

/** A query that waits for its reply. */
export interface Exchange {
  /** Its ID. */
  readonly id: number;
  /** The message, with the two octets of its length in front. */
  readonly framed: Uint8Array;
}

/** How an exchange is written. */
export interface ExchangeOptions {
  /** What carries it. */
  readonly transport: UpstreamTransport;
  /** ID of the message. */
  readonly id: number;
  /** False for a server that does not know EDNS. */
  readonly edns: boolean;
  /** Random octets for the spelling of the name: a bit for each of its octets. Unused but over UDP. */
  readonly spelling: Uint8Array;
}

/** What a message is to the exchange that waits. */
export type Fit =
  /** Its reply. */
  | "reply"
  /** A reply by its ID, with a question spelt otherwise, or with none: not to be believed over UDP. */
  | "doubtful"
  /** Of another exchange, or of someone else. */
  | "foreign";

/** Queries over TLS are padded to a multiple of this many octets (RFC 8467 section 4.1). */
const PADDING_BLOCK_BYTES = 128;
const OPT_BYTES = 11;
const OPTION_BYTES = 4;
const QUESTION_BYTES = 4;

/** Writes the query. AD is always asked for; whether it is passed on is the client's query's to say (RFC 6840 section 5.7). */
export function encodeExchange(
  { wireName, type, dnssecOk, checkingDisabled }: ForwardQuestion,
  { transport, id, edns, spelling }: ExchangeOptions,
): Exchange {
  const name = transport === "udp" ? respell(wireName, spelling) : wireName;
  const length = HEADER_BYTES + name.length + QUESTION_BYTES + OPT_BYTES;
  const bytes = transport === "tls" ? paddingFor(length) : new Uint8Array(0);
  const flags = FLAG.RD | FLAG.AD | (checkingDisabled ? FLAG.CD : 0);
  const options = edns ? { dnssecOk, bytes } : undefined;
  return { id, framed: encodeQuery({ id, name, type, flags, options }) };
}

function paddingFor(length: number): Uint8Array {
  const left = (length + OPTION_BYTES) % PADDING_BLOCK_BYTES;
  const padding = left === 0 ? 0 : PADDING_BLOCK_BYTES - left;
  return encodeOption(OPTION.PADDING, new Uint8Array(padding));
}

/** The name with each letter in upper or lower case as the bits say. Octets of lengths are no letters: they are below 64. */
function respell(wireName: Uint8Array, spelling: Uint8Array): Uint8Array {
  return wireName.map((octet, at) => {
    if (!isLetter(octet)) return octet;
    const bit = spelling[(at >> 3) % spelling.length]! >> (at & 7) & 1;
    return bit === 1 ? octet & ~0x20 : octet | 0x20;
  });
}

function isLetter(octet: number): boolean {
  const lower = octet | 0x20;
  return lower >= 0x61 && lower <= 0x7a;
}

/** Compares a message with the exchange: ID, QR, opcode, and the question octet by octet. */
export function fitOf(message: Uint8Array, { id, framed }: Exchange): Fit {
  if (message.length < HEADER_BYTES) return "foreign";
  if ((message[0]! << 8 | message[1]!) !== id) return "foreign";
  const flags = message[2]! << 8 | message[3]!;
  if ((flags & FLAG.QR) === 0 || (flags >> 11 & 15) !== OPCODE.QUERY) return "foreign";
  const questions = message[4]! << 8 | message[5]!;
  if (questions === 0) return (flags & 15) === 0 ? "foreign" : "doubtful";
  if (questions !== 1) return "foreign";
  let fit: Fit = "reply";
  const end = endOfQuestion(framed);
  if (message.length < end - 2) return "foreign";
  for (let at = 2 + HEADER_BYTES; at < end; at++) {
    const [asked, said] = [framed[at]!, message[at - 2]!];
    if (asked === said) continue;
    const isSpelling = at < end - QUESTION_BYTES && isLetter(asked) && (asked ^ said) === 0x20;
    if (!isSpelling) return "foreign";
    fit = "doubtful";
  }
  return fit;
}

/** Offset behind the question of a query that was written here: its name has no pointers. */
function endOfQuestion(framed: Uint8Array): number {
  let at = 2 + HEADER_BYTES;
  while (framed[at] !== 0) at += 1 + framed[at]!;
  return at + 1 + QUESTION_BYTES;
}

/** True for a message whose TC bit says that it is only a part. */
export function isTruncated(message: Uint8Array): boolean {
  return ((message[2]! << 8) & FLAG.TC) !== 0;
}
