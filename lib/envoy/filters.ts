/** Network filters: what happens to the bytes of a connection. Stock Envoy has every one; Istio's own builds of filters are never named. */
import type { FilterJson } from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { RouteConfigurationJson } from "../../proto/gen/envoy/config/route/v3/route_pb.ts";
import type {
  HttpConnectionManagerJson,
  HttpFilterJson,
} from "../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { TcpProxyJson } from "../../proto/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { FIXED_CLUSTER } from "./names.ts";
import { routeFilters } from "./route_filters.ts";
import { FROM_STREAM } from "./sources.ts";
import { typed } from "./typed.ts";

const MANAGER = "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager";
const TCP_PROXY = "envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy";

/** A share of connections. */
export interface Share {
  /** The cluster. */
  readonly name: string;
  /** Its part of the sum of all. */
  readonly weight: number;
}

/** Bytes go to one cluster, or to several by weight; connections of one address stay together where `hashesSource` says so. */
export function tcpProxy(
  to: string | readonly Share[],
  { hashesSource = false }: { readonly hashesSource?: boolean } = {},
): FilterJson {
  const shares = typeof to === "string" ? [{ name: to, weight: 1 }] : to;
  const name = shares[0]?.name ?? FIXED_CLUSTER.blackHole;
  return {
    name: "envoy.filters.network.tcp_proxy",
    typedConfig: typed<TcpProxyJson>(TCP_PROXY, {
      statPrefix: name,
      ...(shares.length > 1 ? { weightedClusters: { clusters: [...shares] } } : { cluster: name }),
      ...(hashesSource ? { hashPolicy: [{ sourceIp: {} }] } : {}),
    }),
  };
}

/** Requests that leave: where each goes is asked for by the name of its routes. */
export function outboundHttp(statPrefix: string, routeConfigName: string): FilterJson {
  return httpManager({
    statPrefix,
    rds: { configSource: FROM_STREAM, routeConfigName },
    useRemoteAddress: false,
  }, routeFilters());
}

/** Requests that arrive, through filters of their own: the application sees in `x-forwarded-client-cert` who asks. */
export function inboundHttp(
  statPrefix: string,
  routeConfig: RouteConfigurationJson,
  filters: readonly HttpFilterJson[],
): FilterJson {
  return httpManager({
    statPrefix,
    routeConfig,
    useRemoteAddress: false,
    serverName: "istio-envoy",
    forwardClientCertDetails: "APPEND_FORWARD",
    setCurrentClientCertDetails: { subject: true, dns: true, uri: true },
  }, filters);
}

function httpManager(
  own: HttpConnectionManagerJson,
  filters: readonly HttpFilterJson[] = [],
): FilterJson {
  return {
    name: "envoy.filters.network.http_connection_manager",
    typedConfig: typed<HttpConnectionManagerJson>(MANAGER, {
      ...own,
      proxy100Continue: true,
      normalizePath: true,
      pathWithEscapedSlashesAction: "KEEP_UNCHANGED",
      streamIdleTimeout: "0s",
      upgradeConfigs: [{ upgradeType: "websocket" }],
      httpFilters: [...filters, {
        name: "envoy.filters.http.router",
        typedConfig: typed("envoy.extensions.filters.http.router.v3.Router", {}),
      }],
    }),
  };
}
