/** One stream: its two halves, its windows and what waits to be sent (RFC 9113 section 5). */

/** The state of an open or half-closed stream; closed ones are not kept. */
export interface Http2Stream {
  /** Its number. */
  readonly id: number;
  /** The peer has sent headers (a second block is trailers). */
  headersReceived: boolean;
  /** The peer will send nothing more. */
  remoteClosed: boolean;
  /** END_STREAM was sent. */
  localClosed: boolean;
  /** The response was whole before the request: what still comes is dropped, and nobody hears of it. */
  answered: boolean;
  /** Octets that we may send; may be negative after SETTINGS. */
  sendWindow: number;
  /** Octets that the peer may send. */
  receiveWindow: number;
  /** Octets consumed and not yet given back. */
  unreturned: number;
  /** content-length of the peer's message. */
  expectedBytes: number | undefined;
  /** Octets of DATA received. */
  receivedBytes: number;
  /** DATA that the windows hold back. */
  readonly queue: Uint8Array[];
  /** Octets in {@linkcode Http2Stream.queue}. */
  queuedBytes: number;
  /** What ends the stream after the queue: trailers, an empty DATA frame, or nothing yet. */
  ending: { readonly trailers: Uint8Array | undefined } | undefined;
}

/** Makes an idle stream. */
export function createStream(
  id: number,
  windows: { readonly send: number; readonly receive: number },
): Http2Stream {
  return {
    id,
    headersReceived: false,
    remoteClosed: false,
    localClosed: false,
    answered: false,
    sendWindow: windows.send,
    receiveWindow: windows.receive,
    unreturned: 0,
    expectedBytes: undefined,
    receivedBytes: 0,
    queue: [],
    queuedBytes: 0,
    ending: undefined,
  };
}
