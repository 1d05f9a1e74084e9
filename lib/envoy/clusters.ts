/** CDS: the clusters that every proxy has, and those of the services that it sees. */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { MeshService, ServiceFacts } from "../mesh/mod.ts";
import { loadAssignment } from "./endpoints.ts";
import { protocolOptions } from "./http_options.ts";
import { meshTransports } from "./mesh_tls.ts";
import { FIXED_CLUSTER, outboundCluster } from "./names.ts";
import { portKind } from "./protocol.ts";
import { FROM_STREAM } from "./sources.ts";

type Port = ServiceFacts["ports"][number];

const CONNECT_TIMEOUT = "10s";
/** Envoy's own bounds of 1024 are an answer of 503 to people who set none: none here, as in Istio. */
const UNBOUNDED = 4294967295;

/** The clusters that do not depend on services. */
export function fixedClusters(): readonly ClusterJson[] {
  return [
    {
      name: FIXED_CLUSTER.blackHole,
      type: "STATIC",
      connectTimeout: CONNECT_TIMEOUT,
    },
    {
      name: FIXED_CLUSTER.passthrough,
      type: "ORIGINAL_DST",
      lbPolicy: "CLUSTER_PROVIDED",
      connectTimeout: CONNECT_TIMEOUT,
      circuitBreakers: unbounded(),
      ...protocolOptions("auto", { commonHttpProtocolOptions: { idleTimeout: "300s" } }),
    },
  ];
}

/** True when the endpoints stand in the cluster itself, and not in EDS. */
export function holdsEndpoints({ resolution }: Pick<ServiceFacts, "resolution">): boolean {
  return resolution === "DNS" || resolution === "DNS_ROUND_ROBIN";
}

/** The cluster of one port of a service; undefined for a port that no proxy carries. */
export function serviceCluster(service: MeshService, port: Port): ClusterJson | undefined {
  const { facts } = service;
  const kind = portKind(port.protocol);
  if (kind === "none" || facts.resolution === "DYNAMIC_DNS") return undefined;
  const name = outboundCluster(facts.host, port.number);
  return {
    name,
    connectTimeout: CONNECT_TIMEOUT,
    circuitBreakers: unbounded(),
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    metadata: {
      filterMetadata: {
        istio: {
          services: [{ host: facts.host, name: facts.host, namespace: facts.namespace }],
          ...(facts.meshInternal ? {} : { external: true }),
        },
      },
    },
    ...discoveryOf(service, port, name),
    ...protocolOptions(kind),
    ...(facts.meshInternal && facts.resolution === "STATIC"
      ? { transportSocketMatches: meshTransports(facts, port.number, kind) }
      : {}),
  };
}

/** How a cluster finds its endpoints. */
function discoveryOf(service: MeshService, port: Port, name: string): Partial<ClusterJson> {
  const { resolution } = service.facts;
  switch (resolution) {
    case "NONE":
      return { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED" };
    case "DNS":
    case "DNS_ROUND_ROBIN":
      return {
        type: resolution === "DNS" ? "STRICT_DNS" : "LOGICAL_DNS",
        lbPolicy: "LEAST_REQUEST",
        dnsRefreshRate: "60s",
        respectDnsTtl: true,
        dnsLookupFamily: "V4_PREFERRED",
        loadAssignment: loadAssignment(withHost(service), port, name),
      };
    default:
      return {
        type: "EDS",
        lbPolicy: "LEAST_REQUEST",
        edsClusterConfig: { serviceName: name, edsConfig: FROM_STREAM },
      };
  }
}

/** A service that is found by DNS and names no endpoints has its host as the only one. */
function withHost(service: MeshService): MeshService {
  const { facts, endpoints } = service;
  if (endpoints.length > 0) return service;
  const ports = Object.fromEntries(
    facts.ports.map(({ name, targetPort, number }) => [name, targetPort ?? number]),
  );
  const bare = {
    labels: {},
    network: "",
    locality: "",
    weight: 0,
    serviceAccount: "",
    hostname: "",
  };
  return {
    ...service,
    endpoints: [{
      ...bare,
      ...{ address: facts.host, ports, ready: true, tlsMode: "disabled", meshTlsPorts: [] },
    }],
  };
}

/** The bounds of a cluster. */
export function unbounded(): ClusterJson["circuitBreakers"] & object {
  return {
    thresholds: [{
      maxConnections: UNBOUNDED,
      maxPendingRequests: UNBOUNDED,
      maxRequests: UNBOUNDED,
      maxRetries: UNBOUNDED,
      trackRemaining: true,
    }],
  };
}
