/**
 * What a DestinationRule says of connections to one port of a service, or of a subset of it, as parts of an Envoy cluster.
 *
 * What is said of the port stands alone: nothing is inherited beside it. A subset says what differs from the whole.
 */
import type {
  Cluster_SlowStartConfigJson,
  ClusterJson,
} from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type {
  ConnectionPool,
  LoadBalancer,
  OutlierDetection,
  Subset,
  TrafficPolicy,
} from "../istio/mod.ts";
import type { Destination } from "../mesh/mod.ts";
import { durationOf } from "./durations.ts";

/** What is said of connections; each part may be unsaid. */
export type ConnectionPolicy = Pick<
  TrafficPolicy,
  "connectionPool" | "loadBalancer" | "outlierDetection" | "tls"
>;

/** Envoy's own bounds of 1024 are an answer of 503 to people who set none: none here, as in Istio. */
const UNBOUNDED = 4294967295;
/** Largest ring that Envoy makes. */
const MAX_RING_SIZE = 8_388_608;
/** Ring of a hash whose size nobody says. */
const RING_SIZE = 1024;
const NOTHING: ConnectionPolicy = {
  connectionPool: undefined,
  loadBalancer: undefined,
  outlierDetection: undefined,
  tls: undefined,
};

/** What is said of a port, or of a subset's. */
export function policyOf(
  destination: Destination | undefined,
  port: number,
  subset?: Subset,
): ConnectionPolicy {
  const whole = atPort(destination?.trafficPolicy, port).policy;
  if (subset?.trafficPolicy === undefined) return whole;
  const { policy, isPorts } = atPort(subset.trafficPolicy, port);
  if (isPorts) return policy;
  return {
    connectionPool: policy.connectionPool ?? whole.connectionPool,
    loadBalancer: policy.loadBalancer ?? whole.loadBalancer,
    outlierDetection: policy.outlierDetection ?? whole.outlierDetection,
    tls: policy.tls ?? whole.tls,
  };
}

function atPort(
  policy: TrafficPolicy | undefined,
  port: number,
): { readonly policy: ConnectionPolicy; readonly isPorts: boolean } {
  const own = policy?.portLevelSettings.find((settings) => settings.port?.number === port);
  return { policy: own ?? policy ?? NOTHING, isPorts: own !== undefined };
}

/** How endpoints are chosen. */
export function balancing(balancer: LoadBalancer | undefined): Partial<ClusterJson> {
  const hash = balancer?.consistentHash;
  if (hash !== undefined) {
    if (hash.maglev !== undefined) {
      return { lbPolicy: "MAGLEV", maglevLbConfig: { tableSize: String(hash.maglev.tableSize) } };
    }
    const size = hash.ringHash?.minimumRingSize || hash.minimumRingSize || RING_SIZE;
    return {
      lbPolicy: "RING_HASH",
      ringHashLbConfig: { minimumRingSize: String(Math.min(size, MAX_RING_SIZE)) },
    };
  }
  const slowStart = slowStartOf(balancer);
  switch (balancer?.simple) {
    case "RANDOM":
      return { lbPolicy: "RANDOM" };
    case "PASSTHROUGH":
      return { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED" };
    case "ROUND_ROBIN":
      return { lbPolicy: "ROUND_ROBIN", ...(slowStart && { roundRobinLbConfig: slowStart }) };
    default:
      return { lbPolicy: "LEAST_REQUEST", ...(slowStart && { leastRequestLbConfig: slowStart }) };
  }
}

/** New endpoints get their share little by little. */
function slowStartOf(
  balancer: LoadBalancer | undefined,
): { readonly slowStartConfig: Cluster_SlowStartConfigJson } | undefined {
  const { warmup, warmupDurationSecs } = balancer ?? {};
  if (warmup !== undefined) {
    return {
      slowStartConfig: {
        slowStartWindow: durationOf(warmup.duration ?? 0),
        aggression: { defaultValue: warmup.aggression ?? 1, runtimeKey: "warmup_aggression" },
        minWeightPercent: { value: warmup.minimumPercent ?? 10 },
      },
    };
  }
  return warmupDurationSecs === undefined
    ? undefined
    : { slowStartConfig: { slowStartWindow: durationOf(warmupDurationSecs) } };
}

/** How much there may be at once. */
export function bounds(pool?: ConnectionPool): Pick<ClusterJson, "circuitBreakers"> {
  const { http, tcp } = pool ?? {};
  return {
    circuitBreakers: {
      thresholds: [{
        maxConnections: tcp?.maxConnections || UNBOUNDED,
        maxPendingRequests: http?.http1MaxPendingRequests || UNBOUNDED,
        maxRequests: http?.http2MaxRequests || UNBOUNDED,
        maxRetries: http?.maxRetries || UNBOUNDED,
        trackRemaining: true,
      }],
    },
  };
}

/** How TCP connections are made and kept. */
export function connecting(pool: ConnectionPool | undefined): Partial<ClusterJson> {
  const { connectTimeout, tcpKeepalive } = pool?.tcp ?? {};
  return {
    ...(connectTimeout === undefined ? {} : { connectTimeout: durationOf(connectTimeout) }),
    ...(tcpKeepalive === undefined ? {} : {
      upstreamConnectionOptions: {
        tcpKeepalive: {
          ...(tcpKeepalive.probes === 0 ? {} : { keepaliveProbes: tcpKeepalive.probes }),
          ...(tcpKeepalive.time === undefined
            ? {}
            : { keepaliveTime: wholeSeconds(tcpKeepalive.time) }),
          ...(tcpKeepalive.interval === undefined
            ? {}
            : { keepaliveInterval: wholeSeconds(tcpKeepalive.interval) }),
        },
      },
    }),
  };
}

/** The kernel counts in seconds, and takes no 0. */
function wholeSeconds(ms: number): number {
  return Math.min(UNBOUNDED, Math.max(1, Math.trunc(ms / 1000)));
}

/** When endpoints that fail are left out for a while. */
export function outliers(detection: OutlierDetection | undefined): Partial<ClusterJson> {
  if (detection === undefined) return {};
  const { consecutive5xxErrors, consecutiveGatewayErrors, consecutiveLocalOriginFailures } =
    detection;
  const enforced = (count: number) => count > 0 ? 100 : 0;
  return {
    commonLbConfig: { healthyPanicThreshold: { value: detection.minHealthPercent } },
    outlierDetection: {
      enforcingSuccessRate: 0,
      ...(consecutive5xxErrors === undefined ? {} : {
        consecutive5xx: consecutive5xxErrors,
        enforcingConsecutive5xx: enforced(consecutive5xxErrors),
      }),
      ...(consecutiveGatewayErrors === undefined ? {} : {
        consecutiveGatewayFailure: consecutiveGatewayErrors,
        enforcingConsecutiveGatewayFailure: enforced(consecutiveGatewayErrors),
      }),
      ...(detection.interval === undefined ? {} : { interval: durationOf(detection.interval) }),
      ...(detection.baseEjectionTime === undefined
        ? {}
        : { baseEjectionTime: durationOf(detection.baseEjectionTime) }),
      ...(detection.maxEjectionPercent === 0
        ? {}
        : { maxEjectionPercent: detection.maxEjectionPercent }),
      ...(detection.splitExternalLocalOriginErrors
        ? {
          splitExternalLocalOriginErrors: true,
          enforcingLocalOriginSuccessRate: 0,
          ...(consecutiveLocalOriginFailures
            ? {
              consecutiveLocalOriginFailure: consecutiveLocalOriginFailures,
              enforcingConsecutiveLocalOriginFailure: 100,
            }
            : {}),
        }
        : {}),
    },
  };
}
