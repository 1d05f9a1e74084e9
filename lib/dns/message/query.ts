/**
 * The strict reader of queries: one pass, nothing copied, and for whatever is wrong the answer that a server owes (RFC 1035, 6891, 9619,
 * 8906). What a field means is the RFCs'; what each malformed input gets is a table of tests.
 */
import { isSignetError } from "../../base/mod.ts";
import { readName } from "./name.ts";
import { FLAG, HEADER_BYTES, OPCODE, OPTION, RCODE, TYPE } from "./numbers.ts";

/** EDNS of a query. */
export interface QueryEdns {
  /** The DO bit: DNSSEC records are wanted. */
  readonly dnssecOk: boolean;
  /** The query carried the padding option: so must the answer. */
  readonly padding: boolean;
  /** The query carried the keepalive option. */
  readonly keepalive: boolean;
}

/** A query that can be answered. Views are valid for as long as the bytes they look into. */
export interface Query {
  /** Its ID. */
  readonly id: number;
  /** Its flags, as {@linkcode FLAG}. */
  readonly flags: number;
  /** Name, type and class as they stand: to be repeated octet by octet. A view. */
  readonly question: Uint8Array;
  /** The name as a key. */
  readonly name: string;
  /** TYPE. */
  readonly type: number;
  /** CLASS. */
  readonly class: number;
  /** EDNS, when the query has it: then the answer has it too. */
  readonly edns: QueryEdns | undefined;
}

/** What to do with a frame. */
export type DecodedQuery =
  | { readonly kind: "query"; readonly query: Query }
  /** To be answered with an error and no records. `question` is empty when it could not be read. */
  | {
    readonly kind: "error";
    readonly id: number;
    readonly flags: number;
    readonly rcode: number;
    readonly question: Uint8Array;
    readonly edns: QueryEdns | undefined;
  }
  /** A response: nothing is said to it. */
  | { readonly kind: "response" }
  /** Too short to have an ID: the stream is of no use any more. */
  | { readonly kind: "hopeless" };

const NOTHING: Uint8Array = new Uint8Array(0);
const RESPONSE: DecodedQuery = { kind: "response" };
const HOPELESS: DecodedQuery = { kind: "hopeless" };
/** Fixed octets of a record behind its name: type, class, TTL and length. */
const RECORD_BYTES = 10;
const QUESTION_BYTES = 4;
/** Types that are no types of records that a question may be for (RFC 6895 section 3.1). */
const META_TYPES: readonly number[] = [TYPE.OPT, TYPE.TKEY, TYPE.TSIG, TYPE.MAILB, TYPE.MAILA];
const DNSSEC_OK = 0x8000;

/** Reads the message of one frame. Never throws. */
export function decodeQuery(bytes: Uint8Array): DecodedQuery {
  if (bytes.length < HEADER_BYTES) return HOPELESS;
  const id = bytes[0]! << 8 | bytes[1]!;
  const flags = bytes[2]! << 8 | bytes[3]!;
  if ((flags & FLAG.QR) !== 0) return RESPONSE;
  const error = (rcode: number, question = NOTHING, edns?: QueryEdns): DecodedQuery => ({
    kind: "error",
    ...{ id, flags, rcode, question },
    edns,
  });
  if ((flags >> 11 & 15) !== OPCODE.QUERY) return error(RCODE.NOTIMP);
  const counted = (at: number) => bytes[at]! << 8 | bytes[at + 1]!;
  if ((flags & FLAG.TC) !== 0 || counted(4) !== 1 || counted(6) !== 0 || counted(8) !== 0) {
    return error(RCODE.FORMERR);
  }
  let name: string;
  let end: number;
  try {
    ({ key: name, end } = readName(bytes, HEADER_BYTES, { pointers: false }));
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return error(RCODE.FORMERR);
  }
  if (end + QUESTION_BYTES > bytes.length) return error(RCODE.FORMERR);
  const question = bytes.subarray(HEADER_BYTES, end + QUESTION_BYTES);
  const type = counted(end);
  if (META_TYPES.includes(type)) return error(RCODE.FORMERR, question);
  const additional = counted(10);
  let edns: QueryEdns | undefined;
  if (additional > 0) {
    const read = readAdditional(bytes, end + QUESTION_BYTES, additional);
    if (read === undefined) return error(RCODE.FORMERR, question);
    if (read.version > 0) return error(RCODE.BADVERS, question, read.edns);
    edns = read.edns;
  }
  const query = { id, flags, question, name, type, class: counted(end + 2), edns };
  return { kind: "query", query };
}

interface Additional {
  readonly edns: QueryEdns | undefined;
  /** EDNS version; 0 without EDNS. */
  readonly version: number;
}

/** The additional section; `undefined` when it is malformed. */
function readAdditional(
  bytes: Uint8Array,
  start: number,
  count: number,
): Additional | undefined {
  let at = start;
  let found: Additional = { edns: undefined, version: 0 };
  for (let i = 0; i < count; i++) {
    const isRoot = bytes[at] === 0;
    const end = isRoot ? at + 1 : endOfName(bytes, at);
    if (end === undefined || end + RECORD_BYTES > bytes.length) return undefined;
    const type = bytes[end]! << 8 | bytes[end + 1]!;
    const data = end + RECORD_BYTES;
    at = data + (bytes[data - 2]! << 8 | bytes[data - 1]!);
    if (at > bytes.length || type === TYPE.TSIG) return undefined;
    if (type !== TYPE.OPT) continue;
    if (!isRoot || found.edns !== undefined) return undefined;
    const edns = readOptions(bytes.subarray(data, at), bytes[end + 6]! << 8 | bytes[end + 7]!);
    if (edns === undefined) return undefined;
    found = { edns, version: bytes[end + 5]! };
  }
  return found;
}

function endOfName(bytes: Uint8Array, at: number): number | undefined {
  try {
    return readName(bytes, at, { pointers: true }).end;
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return undefined;
  }
}

/** The options of an OPT record; `undefined` when they do not fill it exactly, or keepalive has a value (RFC 7828 section 3.2.1). */
function readOptions(data: Uint8Array, flags: number): QueryEdns | undefined {
  let padding = false;
  let keepalive = false;
  for (let at = 0; at < data.length;) {
    if (at + 4 > data.length) return undefined;
    const code = data[at]! << 8 | data[at + 1]!;
    const length = data[at + 2]! << 8 | data[at + 3]!;
    at += 4 + length;
    if (at > data.length) return undefined;
    if (code === OPTION.PADDING) padding = true;
    else if (code === OPTION.TCP_KEEPALIVE) {
      if (length !== 0) return undefined;
      keepalive = true;
    }
  }
  return { dnssecOk: (flags & DNSSEC_OK) !== 0, padding, keepalive };
}
