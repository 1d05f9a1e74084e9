/** How a cluster speaks HTTP. */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { HttpProtocolOptionsJson } from "../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { ConnectionPool } from "../istio/mod.ts";
import { durationOf } from "./durations.ts";
import { isHttp, type PortKind } from "./protocol.ts";
import { typed } from "./typed.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The options of a cluster by what its port speaks: HTTP/2, whatever the client speaks, or Envoy's own default. */
export function protocolOptions(
  kind: PortKind,
  more: HttpProtocolOptionsJson = {},
  pool?: ConnectionPool,
): Pick<ClusterJson, "typedExtensionProtocolOptions"> {
  const common = commonOptions(pool);
  const all = { ...(common && { commonHttpProtocolOptions: common }), ...more };
  const isDefault = kind !== "http2" && kind !== "auto";
  if (isDefault && Object.keys(all).length === 0) return {};
  const chosen: HttpProtocolOptionsJson = kind === "http2"
    ? { explicitHttpConfig: { http2ProtocolOptions: http2Options(pool) } }
    : kind === "auto"
    ? {
      useDownstreamProtocolConfig: {
        httpProtocolOptions: {},
        http2ProtocolOptions: http2Options(pool),
      },
    }
    : { explicitHttpConfig: { httpProtocolOptions: {} } };
  return {
    typedExtensionProtocolOptions: {
      [HTTP_OPTIONS]: typed<HttpProtocolOptionsJson>(HTTP_OPTIONS, { ...all, ...chosen }),
    },
  };
}

/** What a port speaks to its endpoints, which a DestinationRule may change. */
export function upstreamKind(kind: PortKind, pool: ConnectionPool | undefined): PortKind {
  if (!isHttp(kind)) return kind;
  if (pool?.http?.useClientProtocol) return "auto";
  return pool?.http?.h2UpgradePolicy === "UPGRADE" ? "http2" : kind;
}

function commonOptions(
  pool: ConnectionPool | undefined,
): HttpProtocolOptionsJson["commonHttpProtocolOptions"] {
  const { http, tcp } = pool ?? {};
  const idleTimeout = http?.idleTimeout ?? tcp?.idleTimeout;
  const options = {
    ...(idleTimeout === undefined ? {} : { idleTimeout: durationOf(idleTimeout) }),
    ...(http?.maxRequestsPerConnection
      ? { maxRequestsPerConnection: http.maxRequestsPerConnection }
      : {}),
    ...(tcp?.maxConnectionDuration === undefined
      ? {}
      : { maxConnectionDuration: durationOf(tcp.maxConnectionDuration) }),
  };
  return Object.keys(options).length === 0 ? undefined : options;
}

function http2Options(pool: ConnectionPool | undefined) {
  const { maxConcurrentStreams, http2KeepAlive } = pool?.http ?? {};
  const { interval, timeout } = http2KeepAlive ?? {};
  return {
    ...(maxConcurrentStreams ? { maxConcurrentStreams } : {}),
    ...(interval === undefined || timeout === undefined
      ? {}
      : { connectionKeepalive: { interval: durationOf(interval), timeout: durationOf(timeout) } }),
  };
}
