/**
 * What arrives at a workload whose traffic is not intercepted: one bound listener for each `ingress` of its Sidecar, and the cluster of the
 * application behind it. Which connections are taken follows from PeerAuthentication, and which calls from AuthorizationPolicy and
 * RequestAuthentication.
 *
 * A client of the mesh is known by what it offers in TLS (ALPN), whatever is negotiated: in PERMISSIVE mode the application's own TLS
 * passes through, and plain text is taken.
 */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { SocketAddressJson } from "../../proto/gen/envoy/config/core/v3/address_pb.ts";
import type {
  FilterChainJson,
  FilterChainMatchJson,
  FilterJson,
} from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { ListenerJson } from "../../proto/gen/envoy/config/listener/v3/listener_pb.ts";
import type { RouteConfigurationJson } from "../../proto/gen/envoy/config/route/v3/route_pb.ts";
import type { HttpFilterJson } from "../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { SidecarIngress } from "../istio/mod.ts";
import type { Access, MeshSettings, PeerMode } from "../mesh/mod.ts";
import { bounds } from "./connection_policy.ts";
import { inboundHttp, tcpProxy } from "./filters.ts";
import { protocolOptions } from "./http_options.ts";
import { httpInspector, tlsInspector } from "./inspectors.ts";
import { meshServer } from "./mesh_tls.ts";
import { inboundCluster, listenerName } from "./names.ts";
import { inboundKind, isHttp, type PortKind } from "./protocol.ts";
import { httpAuthorization, tcpAuthorization } from "./rbac/filters.ts";
import { jwtFilter } from "./request_authentication.ts";

/** One port on which a workload is reached. */
export interface InboundPort {
  /** What its Sidecar says. */
  readonly ingress: SidecarIngress;
  /** What it takes. */
  readonly mode: PeerMode;
  /** The workload's own address. */
  readonly address: string;
  /** Who may call. */
  readonly access: Access;
}

/** What clients of Istio's own proxies offer for requests. */
const HTTP_ALPN = ["istio-http/1.0", "istio-http/1.1", "istio-h2"];
/** What clients of the mesh offer for bytes, and stock Envoys for requests, too. */
const MESH_ALPN = ["istio-peer-exchange", "istio"];
const CONNECT_TIMEOUT = "10s";
const SOCKET_SCHEME = "unix://";

/** The number of an ingress port; every checked document has one. */
function portOf({ port }: SidecarIngress): number {
  return port?.number ?? 0;
}

/** The cluster of the application. */
export function applicationCluster({ ingress, address }: InboundPort): ClusterJson {
  const name = inboundCluster(portOf(ingress));
  return {
    name,
    type: "STATIC",
    connectTimeout: CONNECT_TIMEOUT,
    ...bounds(),
    ...protocolOptions(kindOf(ingress)),
    loadAssignment: {
      clusterName: name,
      endpoints: [{
        lbEndpoints: [{ endpoint: { address: applicationAddress(ingress, address) } }],
      }],
    },
  };
}

function applicationAddress({ defaultEndpoint, port }: SidecarIngress, own: string) {
  if (defaultEndpoint.startsWith(SOCKET_SCHEME)) {
    return { pipe: { path: defaultEndpoint.slice(SOCKET_SCHEME.length) } };
  }
  const colon = defaultEndpoint.lastIndexOf(":");
  const host = defaultEndpoint.slice(0, Math.max(0, colon)).replace(/^\[|\]$/g, "");
  const isAny = host === "0.0.0.0" || host === "::";
  const socketAddress: SocketAddressJson = {
    address: isAny ? own : host || "127.0.0.1",
    portValue: colon < 0 ? port?.number ?? 0 : Number(defaultEndpoint.slice(colon + 1)),
  };
  return { socketAddress };
}

function kindOf({ port }: SidecarIngress): PortKind {
  return inboundKind(port?.protocol ?? "");
}

/** The listener. */
export function ingressListener(inbound: InboundPort, settings: MeshSettings): ListenerJson {
  const { ingress, mode, address, access } = inbound;
  const filters = accessFilters(access, settings);
  const bind = ingress.bind || address;
  const port = portOf(ingress);
  const kind = kindOf(ingress);
  return {
    name: listenerName(bind, port),
    address: { socketAddress: { address: bind, portValue: port } },
    trafficDirection: "INBOUND",
    continueOnListenerFiltersTimeout: true,
    listenerFiltersTimeout: "0s",
    listenerFilters: [
      ...(mode === "DISABLE" ? [] : [tlsInspector()]),
      ...(kind === "auto" ? [httpInspector()] : []),
    ],
    filterChains: chains(mode, kind).map((chain) =>
      filterChain(chain, { inbound, settings, filters })
    ),
  };
}

/** One chain: what it takes, whether it ends mesh TLS, and how it reads what is inside. */
interface Chain {
  readonly match: FilterChainMatchJson;
  readonly endsTls: boolean;
  readonly as: "http" | "tcp";
}

const TLS = (alpn?: readonly string[]): FilterChainMatchJson => ({
  transportProtocol: "tls",
  ...(alpn === undefined ? {} : { applicationProtocols: [...alpn] }),
});
const RAW: FilterChainMatchJson = { transportProtocol: "raw_buffer" };
const RAW_HTTP: FilterChainMatchJson = { ...RAW, applicationProtocols: ["http/1.1", "h2c"] };

/** The chains of a port by what it takes and what it speaks. */
function chains(mode: PeerMode, kind: PortKind): readonly Chain[] {
  const chain = (match: FilterChainMatchJson, as: Chain["as"], endsTls = false): Chain => ({
    match,
    as,
    endsTls,
  });
  const as = isHttp(kind) ? "http" : "tcp";
  const isAuto = kind === "auto";
  switch (mode) {
    case "STRICT":
      return isAuto
        ? [chain(TLS(HTTP_ALPN), "http", true), chain(TLS(), "tcp", true)]
        : [chain(TLS(), as, true)];
    case "PERMISSIVE":
      if (isAuto) {
        return [
          chain(TLS(HTTP_ALPN), "http", true),
          chain(RAW_HTTP, "http"),
          chain(TLS(MESH_ALPN), "tcp", true),
          chain(RAW, "tcp"),
          chain(TLS(), "tcp"),
        ];
      }
      return [
        chain(TLS([...MESH_ALPN, ...HTTP_ALPN]), as, true),
        ...(as === "tcp" ? [chain(TLS(), as)] : []),
        chain(RAW, as),
      ];
    case "DISABLE":
      return isAuto ? [chain(RAW_HTTP, "http"), chain({}, "tcp")] : [chain({}, as)];
  }
}

/** What a call passes before it comes to the application. */
interface AccessFilters {
  readonly http: readonly HttpFilterJson[];
  readonly tcp: readonly FilterJson[];
}

function accessFilters(access: Access, { trustDomain }: MeshSettings): AccessFilters {
  const jwt = jwtFilter(access);
  return {
    http: [...(jwt === undefined ? [] : [jwt]), ...httpAuthorization(access, trustDomain)],
    tcp: tcpAuthorization(access, trustDomain),
  };
}

function filterChain(
  { match, endsTls, as }: Chain,
  { inbound: { ingress }, settings, filters }: {
    readonly inbound: InboundPort;
    readonly settings: MeshSettings;
    readonly filters: AccessFilters;
  },
): FilterChainJson {
  const cluster = inboundCluster(portOf(ingress));
  return {
    filterChainMatch: match,
    filters: as === "http"
      ? [inboundHttp(cluster, ingressRoutes(portOf(ingress)), filters.http)]
      : [...filters.tcp, tcpProxy(cluster)],
    ...(endsTls ? { transportSocket: meshServer(settings, as) } : {}),
  };
}

function ingressRoutes(port: number): RouteConfigurationJson {
  const cluster = inboundCluster(port);
  return {
    name: cluster,
    validateClusters: false,
    virtualHosts: [{
      name: `inbound|http|${port}`,
      domains: ["*"],
      routes: [{
        name: "default",
        match: { prefix: "/" },
        decorator: { operation: `:${port}/*` },
        route: {
          cluster,
          timeout: "0s",
          retryPolicy: { retryOn: "reset-before-request", numRetries: 2 },
          maxStreamDuration: { maxStreamDuration: "0s", grpcTimeoutHeaderMax: "0s" },
        },
      }],
    }],
  };
}
