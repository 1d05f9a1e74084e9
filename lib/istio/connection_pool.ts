/** Limits and timeouts of connections (`ConnectionPoolSettings`): of a DestinationRule, and of what comes in by a Sidecar. */
import { object } from "./schema/collection.ts";
import { below, type Cursor, fault, type ValueOf } from "./schema/port.ts";
import { choice, duration, flag, int32, uint32 } from "./schema/scalar.ts";

const HTTP2_KEEPALIVE = object({
  interval: duration({ wholeMs: false }),
  timeout: duration({ wholeMs: false }),
});
const HTTP_SETTINGS = object({
  http1MaxPendingRequests: int32({ min: 0 }),
  http2MaxRequests: int32({ min: 0 }),
  maxRequestsPerConnection: int32({ min: 0 }),
  maxRetries: int32({ min: 0 }),
  idleTimeout: duration(),
  h2UpgradePolicy: choice("DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"),
  useClientProtocol: flag(),
  maxConcurrentStreams: int32({ min: 0 }),
  http2KeepAlive: HTTP2_KEEPALIVE,
});
const TCP_SETTINGS = object({
  maxConnections: int32({ min: 0 }),
  connectTimeout: duration(),
  // Zero turns it off, and less than a millisecond is zero to Istio.
  idleTimeout: duration({ positive: false, wholeMs: false }),
  maxConnectionDuration: duration(),
  tcpKeepalive: object({ probes: uint32(), time: duration(), interval: duration() }),
});
/** `connectionPool`. */
export const CONNECTION_POOL = object({ tcp: TCP_SETTINGS, http: HTTP_SETTINGS });

/** Limits and timeouts of connections; durations are in milliseconds. */
export type ConnectionPool = NonNullable<ValueOf<typeof CONNECTION_POOL>>;

/** The rules between its fields. */
export function checkConnectionPool(pool: ConnectionPool | undefined, at: Cursor): void {
  if (pool === undefined) return;
  const { http, tcp } = pool;
  if (http === undefined && tcp === undefined) {
    fault(at, "connection pool must have at least one field");
  }
  if (http?.h2UpgradePolicy === "UPGRADE" && http.useClientProtocol) {
    fault(
      below(at, "http", "useClientProtocol"),
      "use client protocol must not be true when H2UpgradePolicy is UPGRADE",
    );
  }
  const idleMs = tcp?.idleTimeout;
  if (idleMs === undefined || Math.trunc(idleMs) === 0) return;
  const isFine = idleMs >= 1 && Number.isInteger(Math.round(idleMs * 1e6) / 1e6);
  if (!isFine) {
    fault(
      below(at, "tcp", "idleTimeout"),
      idleMs < 1
        ? "duration must be greater than 1ms"
        : "only durations to ms precision are supported",
    );
  }
}
