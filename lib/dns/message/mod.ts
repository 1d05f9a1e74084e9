/** DNS messages: names, queries, whole messages, responses. Pure; nothing but `SignetError` leaves it. */
export { decodeMessage, type DnsMessage, type DnsRecord, type Question } from "./message.ts";
export { encodeName, expandName, LOWER_CASE, type ReadName, readName } from "./name.ts";
export {
  CLASS,
  EXTENDED_ERROR,
  FLAG,
  HEADER_BYTES,
  MAX_MESSAGE_BYTES,
  MAX_NAME_BYTES,
  MAX_TTL,
  OPCODE,
  OPTION,
  RCODE,
  rcodeName,
  TYPE,
  typeName,
  typeNumber,
} from "./numbers.ts";
export { type DecodedQuery, decodeQuery, type Query, type QueryEdns } from "./query.ts";
export {
  EMPTY_SECTION,
  encodeOption,
  encodeQuery,
  encodeRecord,
  encodeResponse,
  type ExtendedError,
  keepaliveOffset,
  PADDING_BLOCK_BYTES,
  QUESTION_NAME,
  type ResponseParts,
  type Section,
  sectionOf,
  soaData,
  srvData,
  textData,
} from "./response.ts";
export {
  dataText,
  flagNames,
  type ReadEdns,
  readEdns,
  type ReadExtendedError,
  statusOf,
} from "./text.ts";
