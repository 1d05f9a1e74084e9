/** Everything that a peer can make grow, with its bound. */

/** Bounds of one connection. Rates are a second; the second is the caller's clock. */
export interface Http2Limits {
  /** Streams that the peer may have open: SETTINGS_MAX_CONCURRENT_STREAMS. */
  readonly maxConcurrentStreams: number;
  /** Largest header list in octets, names and values and 32 a field: SETTINGS_MAX_HEADER_LIST_SIZE. More is answered with 431. */
  readonly maxHeaderListBytes: number;
  /** Largest encoded header block in octets, over all its CONTINUATION frames. */
  readonly maxHeaderBlockBytes: number;
  /** CONTINUATION frames of one block. */
  readonly maxContinuationFrames: number;
  /** Dynamic table of the decoder in octets: SETTINGS_HEADER_TABLE_SIZE. */
  readonly maxTableBytes: number;
  /** Unread octets of one stream: SETTINGS_INITIAL_WINDOW_SIZE. */
  readonly streamWindowBytes: number;
  /** Unread octets of the connection. */
  readonly connectionWindowBytes: number;
  /** RST_STREAM frames, and streams that fail by the peer's fault, in a second (rapid reset, CVE-2023-44487). */
  readonly maxResetsPerSecond: number;
  /** SETTINGS frames in a second. */
  readonly maxSettingsPerSecond: number;
  /** PING frames in a second that follow no HEADERS or DATA of ours; those that do are how clients measure the bandwidth. */
  readonly maxPingsPerSecond: number;
  /** Frames without effect in a second: empty DATA, PRIORITY, unknown types. */
  readonly maxIdleFramesPerSecond: number;
  /** WINDOW_UPDATE frames in a second. */
  readonly maxWindowUpdatesPerSecond: number;
  /** Octets that wait to be sent in streams that the peer's windows hold back; more ends the connection. */
  readonly maxQueuedBytes: number;
}

/** The bounds that signet uses when nothing else is said. */
export const DEFAULT_LIMITS: Http2Limits = {
  maxConcurrentStreams: 100_000,
  maxHeaderListBytes: 32_768,
  maxHeaderBlockBytes: 65_536,
  maxContinuationFrames: 16,
  maxTableBytes: 4_096,
  streamWindowBytes: 262_144,
  connectionWindowBytes: 1_048_576,
  maxResetsPerSecond: 500,
  maxSettingsPerSecond: 20,
  maxPingsPerSecond: 200,
  maxIdleFramesPerSecond: 2_000,
  maxWindowUpdatesPerSecond: 200_000,
  maxQueuedBytes: 16_777_216,
};
