/** Frame types, flags, settings and error codes of HTTP/2 (RFC 9113 sections 6, 6.5.2 and 7). */

/** The client's connection preface (section 3.4). */
export const CLIENT_PREFACE = new TextEncoder().encode("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");

/** Octets of a frame header. */
export const FRAME_HEADER_BYTES = 9;
/** Smallest and default SETTINGS_MAX_FRAME_SIZE; signet never announces more. */
export const MAX_FRAME_BYTES = 16_384;
/** Largest flow-control window. */
export const MAX_WINDOW = 0x7fffffff;
/** Window of a connection, and of a stream until SETTINGS say otherwise. */
export const DEFAULT_WINDOW = 65_535;

/** Frame types. */
export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  pushPromise: 5,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const;

/** Frame flags. */
export const FLAG = { endStream: 1, ack: 1, endHeaders: 4, padded: 8, priority: 0x20 } as const;

/** Settings identifiers. */
export const SETTING = {
  headerTableSize: 1,
  enablePush: 2,
  maxConcurrentStreams: 3,
  initialWindowSize: 4,
  maxFrameSize: 5,
  maxHeaderListSize: 6,
} as const;

/** Error codes. */
export const HTTP2_ERROR = {
  NO_ERROR: 0,
  PROTOCOL_ERROR: 1,
  INTERNAL_ERROR: 2,
  FLOW_CONTROL_ERROR: 3,
  SETTINGS_TIMEOUT: 4,
  STREAM_CLOSED: 5,
  FRAME_SIZE_ERROR: 6,
  REFUSED_STREAM: 7,
  CANCEL: 8,
  COMPRESSION_ERROR: 9,
  CONNECT_ERROR: 10,
  ENHANCE_YOUR_CALM: 11,
  INADEQUATE_SECURITY: 12,
  HTTP_1_1_REQUIRED: 13,
} as const;

/** One of {@linkcode HTTP2_ERROR}. */
export type Http2ErrorCode = (typeof HTTP2_ERROR)[keyof typeof HTTP2_ERROR];

/** The name of an error code, for logs and metrics. */
export function errorCodeName(code: number): string {
  return Object.entries(HTTP2_ERROR).find(([, value]) => value === code)?.[0] ??
    `0x${code.toString(16)}`;
}
