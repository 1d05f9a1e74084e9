/** Bounds of the DNS listener: what a client may take, each with a name, a default and a flag. */

/** Bounds that an operator may set. Times in milliseconds. */
export interface DnsLimits {
  /** Connections in all; an idle one costs about 50 kB. `--dnsMaxConnections` */
  readonly maxConnections: number;
  /** Connections of one address. `--dnsMaxConnectionsPerClient` */
  readonly maxConnectionsPerClient: number;
  /** Queries of one connection that wait for upstream; more are read when these are answered. `--dnsMaxInFlight` */
  readonly maxInFlight: number;
  /** Octets of answers that wait for a client that does not read; more ends the connection. `--dnsMaxQueuedBytes` */
  readonly maxQueuedBytes: number;
  /** Octets that wait for all clients together, answers and what they sent; more ends those for whom most waits. `--dnsMaxQueuedBytesInAll` */
  readonly maxQueuedBytesInAll: number;
  /** From TCP accept to the end of the TLS handshake. `--dnsHandshakeTimeout` */
  readonly handshakeTimeoutMs: number;
  /** From the first octet of a frame to its last. `--dnsFrameTimeout` */
  readonly frameTimeoutMs: number;
  /** Without a query, while there are free slots; less as they fill. `--dnsIdleTimeout` */
  readonly idleTimeoutMs: number;
}

/** What a client sends that is no query, before its connection is closed. */
export const MAX_STRAY_RESPONSES = 3;
/** Octets that wait in a socket before nothing more of what its client sends is looked at. */
export const QUEUE_HIGH_BYTES = 512 << 10;
/** Octets of a client that wait to be looked at: thousands of queries. More ends the connection. */
export const MAX_BACKLOG_BYTES = 512 << 10;
/** Shortest idle time, when nearly every slot is taken. */
const MIN_IDLE_MS = 500;
/** Share of the slots that may be taken before the idle time shrinks. */
const RELAXED_SHARE = 0.5;
/** The keepalive option counts in units of 100 ms (RFC 7828 section 3.1). */
const KEEPALIVE_UNIT_MS = 100;
const MAX_KEEPALIVE = 0xffff;

/**
 * The idle time while `open` of the slots are taken: whole up to half of them, then falling with the square of what is left, so that a
 * full server frees slots of clients that do nothing before it refuses others (RFC 7766 section 6.2.3, RFC 9210 section 4.2).
 */
export function idleTimeMs(
  { idleTimeoutMs, maxConnections }: Pick<DnsLimits, "idleTimeoutMs" | "maxConnections">,
  open: number,
): number {
  const free = Math.max(0, 1 - open / maxConnections);
  if (free >= RELAXED_SHARE) return idleTimeoutMs;
  const share = (free / RELAXED_SHARE) ** 2;
  return Math.min(idleTimeoutMs, Math.max(MIN_IDLE_MS, Math.round(idleTimeoutMs * share)));
}

/** An idle time as the keepalive option says it. */
export function keepaliveUnits(idleMs: number): number {
  return Math.min(MAX_KEEPALIVE, Math.floor(idleMs / KEEPALIVE_UNIT_MS));
}
