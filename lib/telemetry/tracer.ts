/** Spans of calls, as the rooms that answer calls see them. Nothing here loads an SDK. */

/** A call that begins. */
export interface CallStart {
  /** The protobuf service. */
  readonly service: string;
  /** Its method. */
  readonly method: string;
  /** `host:port` of the caller. */
  readonly remoteAddress: string;
  /** All values of a request header, for `traceparent` and `tracestate` (W3C Trace Context). */
  readonly headerValues: (name: string) => readonly string[];
}

/** The span of one call. */
export interface CallSpan {
  /** Ends it; `code` is gRPC's number, 0 for OK. */
  end(code: number): void;
}

/** Makes spans of calls. */
export interface CallTracer {
  /** Begins a span, as a child of what the caller said it belongs to. */
  start(call: CallStart): CallSpan;
}
