/** Connections and streams as the rooms above see them. */
import type { Clock } from "../base/mod.ts";
import type { HeaderBlock, Http2Limits, OutgoingHeaders } from "../http2/mod.ts";
import type { Logger, Metrics } from "../telemetry/mod.ts";
import type { SecureContext, ServerTlsOptions } from "../tls/mod.ts";

/** A host and a port; port 0 asks for a free one. */
export interface Address {
  /** Host name or address; `0.0.0.0` or `::` for all. */
  readonly hostname: string;
  /** Port number. */
  readonly port: number;
}

/** What is known of a client after the handshake. */
export interface PeerEvidence {
  /** `host:port` of the client. */
  readonly remoteAddress: string;
  /** Its own certificate as DER; `undefined` when it presented none. */
  readonly leaf: Uint8Array | undefined;
  /** All that it presented as DER, leaf first. The runtime reads every field of each: ask only for a leaf that is not known already. */
  chain(): readonly Uint8Array[];
  /** The runtime's own verdict: a first sieve. */
  readonly authorized: boolean;
  /** The runtime's reason. */
  readonly authorizationError: string | undefined;
}

/** The connection of a stream. */
export interface StreamConnection<Peer> {
  /** `host:port` of the client. */
  readonly remoteAddress: string;
  /** What `authorizePeer` made of the client. */
  readonly peer: Peer;
}

/** One request and its response. Sending on a stream that is gone does nothing. */
export interface ServerStream<Peer> {
  /** The request's headers. */
  readonly headers: HeaderBlock;
  /** Where it came from. */
  readonly connection: StreamConnection<Peer>;
  /** The request's body; reading it lets the peer send more. Ends with an error when the stream is reset. Read it once. */
  readonly body: AsyncIterable<Uint8Array>;
  /** True when the stream was reset or the connection is lost: what {@linkcode ServerStream.signal} tells, for little. */
  readonly isLost: boolean;
  /** Aborted when the stream is reset or the connection is lost before the response has ended. */
  readonly signal: AbortSignal;
  /**
   * Calls `take` once: with the whole body when it ended within `maxBytes`, else with what has arrived and the rest.
   * The bytes are valid during the call.
   */
  collect(
    maxBytes: number,
    take: (body: Uint8Array, rest: AsyncIterable<Uint8Array> | undefined) => void,
  ): void;
  /** Sends the response's headers. */
  respond(headers: OutgoingHeaders, endStream: boolean): void;
  /** Sends a part of the body; the promise, when there is one, resolves when the peer has taken enough of it. */
  write(bytes: Uint8Array): Promise<void> | undefined;
  /** Ends the response, with trailers or without. */
  end(trailers?: OutgoingHeaders): void;
  /** Ends the stream at once. */
  reset(code: number): void;
}

/** Whether a client that was let in may stay: `over` asks it to go and come again, `withdrawn` takes nothing more from it. */
export type PeerStanding = "good" | "over" | "withdrawn";

/** Pings and ages of connections, in milliseconds. */
export interface KeepaliveOptions {
  /** Silence after which a ping is sent. */
  readonly intervalMs: number;
  /** Time for its answer. */
  readonly timeoutMs: number;
  /** Age at which the client is asked to go away; `undefined` for never. */
  readonly maxConnectionAgeMs: number | undefined;
  /** Time without a stream after which the client is asked to go away. Default: never. */
  readonly maxIdleMs?: number;
}

/** Options of {@linkcode listenHttp2}. */
export interface Http2ListenOptions<Peer> {
  /** Where to listen. */
  readonly addr: Address;
  /** The flag that gave the address, for messages. */
  readonly flag: string;
  /** Clients that speak HTTP/1.1 get an answer too; for them responses need fields that were not encoded before. Default: false. */
  readonly http1?: boolean;
  /** Most connections; more are closed at once. Default: `MAX_CONNECTIONS`. */
  readonly maxConnections?: number;
  /** TLS; plaintext with prior knowledge when absent. */
  readonly tls?: ServerTlsOptions;
  /** Judges a client before any of its bytes are read; throwing ends the connection. */
  readonly authorizePeer: (evidence: PeerEvidence) => Promise<Peer> | Peer;
  /** Judges a client again while it stays, every second and at {@linkcode Http2Listener.judgeAgain}. Default: all may stay. */
  readonly standing?: (peer: Peer) => PeerStanding;
  /** Takes a request. */
  readonly onStream: (stream: ServerStream<Peer>) => void;
  /** Pings and ages. */
  readonly keepalive: KeepaliveOptions;
  /** Connections of one address, and what of `host:port` counts as one. Default: any number. */
  readonly perAddress?: {
    readonly max: number;
    readonly keyOf: (remoteAddress: string) => string;
  };
  /** Time from TCP accept to the end of the TLS handshake. Default: `HANDSHAKE_TIMEOUT_MS`. */
  readonly handshakeTimeoutMs?: number;
  /** Bounds that differ from the usual ones. */
  readonly limits: Partial<Http2Limits>;
  /** Time. */
  readonly clock: Clock;
  /** For connections that failed. */
  readonly logger: Logger;
  /** For connection counters. */
  readonly metrics: Metrics;
}

/** An open connection, for people. */
export interface ConnectionView<Peer> extends StreamConnection<Peer> {
  /** Milliseconds since it was accepted. */
  readonly ageMs: number;
  /** Streams under way. */
  readonly openStreams: number;
}

/** A bound port. Disposing it closes every connection at once. */
export interface Http2Listener<Peer = unknown> extends AsyncDisposable {
  /** Where it listens, `host:port`. */
  readonly addr: string;
  /** The first `max` open connections. */
  connections(max: number): readonly ConnectionView<Peer>[];
  /** Uses another certificate and other client roots for new handshakes; open connections stay. */
  setSecureContext(context: SecureContext): void;
  /** Judges every client again now, by {@linkcode Http2ListenOptions.standing}. */
  judgeAgain(): void;
  /** Stops accepting, sends GOAWAY, lets streams finish until the deadline, closes. */
  drain(deadlineMs: number): Promise<void>;
}
