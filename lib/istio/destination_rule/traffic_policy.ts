/** What applies to connections to a host (`TrafficPolicy`), for all its ports and for single ones. */
import { checkConnectionPool, CONNECTION_POOL, type ConnectionPool } from "../connection_pool.ts";
import { fqdnFault, ipFault, portFault } from "../names.ts";
import { list, object } from "../schema/collection.ts";
import { below, type Cursor, fault, type ValueOf, warn } from "../schema/port.ts";
import {
  choice,
  decimal,
  duration,
  flag,
  int32,
  integer,
  nullable,
  text,
  uint32,
} from "../schema/scalar.ts";
import { checkClientTls, CLIENT_TLS, type ClientTls } from "../tls_settings.ts";
import { checkLoadBalancer, LOAD_BALANCER, type LoadBalancer } from "./load_balancer.ts";

const MAX_PORT_SETTINGS = 4096;
const PERCENT = { min: 0, max: 100 };

/** `outlierDetection`. */
export const OUTLIER_DETECTION = object({
  splitExternalLocalOriginErrors: flag(),
  consecutiveLocalOriginFailures: nullable(uint32()),
  consecutiveGatewayErrors: nullable(uint32()),
  consecutive5xxErrors: nullable(uint32()),
  consecutiveErrors: int32(),
  outlierDetectionHttpErrorCodes: list(integer({ min: 100, max: 599 })),
  interval: duration(),
  baseEjectionTime: duration(),
  maxEjectionPercent: percent(),
  minHealthPercent: percent(),
});
/** When endpoints that fail are left out; durations are in milliseconds. */
export type OutlierDetection = NonNullable<ValueOf<typeof OUTLIER_DETECTION>>;

const PORT_POLICY_FIELDS = {
  loadBalancer: LOAD_BALANCER,
  connectionPool: CONNECTION_POOL,
  outlierDetection: OUTLIER_DETECTION,
  tls: CLIENT_TLS,
};
const PORT_TRAFFIC_POLICY = object({ port: object({ number: uint32() }), ...PORT_POLICY_FIELDS });
/** `trafficPolicy`. */
export const TRAFFIC_POLICY = object({
  ...PORT_POLICY_FIELDS,
  portLevelSettings: list(PORT_TRAFFIC_POLICY, { max: MAX_PORT_SETTINGS }),
  tunnel: object({ protocol: text(), targetHost: text(), targetPort: uint32() }, {
    required: ["targetHost", "targetPort"],
  }),
  proxyProtocol: object({ version: choice("V1", "V2") }),
  retryBudget: object({
    percent: nullable(decimal(PERCENT)),
    minRetryConcurrency: uint32(),
    budgetInterval: duration({ positive: false, wholeMs: false }),
  }),
});

/** What applies to connections to a host. */
export type TrafficPolicy = NonNullable<ValueOf<typeof TRAFFIC_POLICY>>;
/** What applies to connections to one port. */
export type PortTrafficPolicy = TrafficPolicy["portLevelSettings"][number];

function percent(): ReturnType<typeof int32> {
  const number = int32();
  return {
    ...number,
    read: (value, at) => {
      const read = number.read(value, at);
      if (read < PERCENT.min || read > PERCENT.max) {
        fault(at, `percentage ${read} is not in range 0..100`);
      }
      return read;
    },
  };
}

interface PortPolicy {
  readonly loadBalancer: LoadBalancer | undefined;
  readonly connectionPool: ConnectionPool | undefined;
  readonly outlierDetection: OutlierDetection | undefined;
  readonly tls: ClientTls | undefined;
}

/** The rules of a traffic policy; `namespace` is that of the document. */
export function checkTrafficPolicy(
  policy: TrafficPolicy | undefined,
  at: Cursor,
  context: { readonly namespace: string },
): void {
  if (policy === undefined) return;
  const { portLevelSettings, tunnel, ...others } = policy;
  const isEmpty = portLevelSettings.length === 0 && tunnel === undefined &&
    Object.values(others).every((value) => value === undefined);
  if (isEmpty) return fault(at, "traffic policy must have at least one field");
  if (tunnel !== undefined && policy.proxyProtocol !== undefined) {
    return fault(below(at, "tunnel"), "tunnel and proxyProtocol must not be set together");
  }
  checkPortPolicy(policy, at, context);
  for (const [index, settings] of portLevelSettings.entries()) {
    checkPortSettings(settings, below(at, "portLevelSettings", index), context);
  }
  if (tunnel !== undefined) checkTunnel(tunnel, below(at, "tunnel"));
}

function checkPortSettings(
  settings: PortTrafficPolicy,
  at: Cursor,
  context: { readonly namespace: string },
): void {
  if (settings.port === undefined) {
    fault(below(at, "port"), "portTrafficPolicy must have valid port");
  }
  const { port: _port, ...others } = settings;
  if (Object.values(others).every((value) => value === undefined)) {
    fault(at, "port traffic policy must have at least one field");
  } else checkPortPolicy(settings, at, context);
}

function checkPortPolicy(
  { loadBalancer, connectionPool, outlierDetection, tls }: PortPolicy,
  at: Cursor,
  context: { readonly namespace: string },
): void {
  if (outlierDetection !== undefined) {
    checkOutliers(outlierDetection, below(at, "outlierDetection"));
  }
  checkConnectionPool(connectionPool, below(at, "connectionPool"));
  const watchesOutliers = outlierDetection !== undefined;
  checkLoadBalancer(loadBalancer, below(at, "loadBalancer"), { watchesOutliers });
  checkClientTls(tls, below(at, "tls"), context);
}

function checkOutliers(outliers: OutlierDetection, at: Cursor): void {
  if (outliers.consecutiveErrors !== 0) {
    warn(
      below(at, "consecutiveErrors"),
      "outlier detection consecutive errors is deprecated, use consecutiveGatewayErrors or consecutive5xxErrors instead",
    );
  }
  const localFailures = outliers.consecutiveLocalOriginFailures ?? 0;
  if (!outliers.splitExternalLocalOriginErrors && localFailures > 0) {
    fault(
      below(at, "consecutiveLocalOriginFailures"),
      "outlier detection consecutive local origin failures is specified, but split external local origin errors is set to false",
    );
  }
}

function checkTunnel(tunnel: NonNullable<TrafficPolicy["tunnel"]>, at: Cursor): void {
  if (!["", "CONNECT", "POST"].includes(tunnel.protocol)) {
    fault(below(at, "protocol"), 'tunnel protocol must be "CONNECT" or "POST"');
  }
  const [noName, noAddress] = [fqdnFault(tunnel.targetHost), ipFault(tunnel.targetHost)];
  if (noName !== undefined && noAddress !== undefined) {
    fault(
      below(at, "targetHost"),
      `tunnel target host must be valid FQDN or IP address: ${noName}; ${noAddress}`,
    );
  }
  const wrong = portFault(tunnel.targetPort);
  if (wrong !== undefined) {
    fault(below(at, "targetPort"), `tunnel target port is invalid: ${wrong}`);
  }
}
