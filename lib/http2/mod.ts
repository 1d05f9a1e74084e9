/**
 * HTTP/2 and HPACK (RFC 9113, RFC 7541) as a state machine, both roles: bytes in; events and bytes out.
 *
 * @example A client's first bytes
 * ```ts
 * import { createHttp2Connection, DEFAULT_LIMITS } from "signet/http2/mod.ts";
 *
 * const nothing = () => {};
 * const client = createHttp2Connection({
 *   role: "client",
 *   limits: DEFAULT_LIMITS,
 *   handler: {
 *     onHeaders: nothing,
 *     onData: nothing,
 *     onTrailers: nothing,
 *     onReset: nothing,
 *     onWritable: nothing,
 *     onStreamClosed: nothing,
 *     onGoaway: nothing,
 *     onPong: nothing,
 *     onConnectionError: nothing,
 *   },
 * });
 * const preface = new TextDecoder().decode(client.takeOutput()?.subarray(0, 14));
 * if (preface !== "PRI * HTTP/2.0") throw new TypeError("A connection begins with the preface");
 * ```
 *
 * @module
 */
export { createHttp2Connection } from "./connection.ts";
export { errorCodeName, HTTP2_ERROR } from "./frames.ts";
export type { Http2ErrorCode } from "./frames.ts";
export { HeaderBlock } from "./headers.ts";
export { HpackDecoder } from "./hpack_decoder.ts";
export type { DecodedBlock, HeaderField, HpackLimits } from "./hpack_decoder.ts";
export { encodeHeaderBlock, precomputeHeaders } from "./hpack_encoder.ts";
export type { PrecomputedHeaders } from "./hpack_encoder.ts";
export { DEFAULT_LIMITS } from "./limits.ts";
export type { Http2Limits } from "./limits.ts";
export type { Http2Connection, Http2ConnectionOptions, Http2Handler } from "./port.ts";
export type { OutgoingHeaders } from "./sender.ts";
