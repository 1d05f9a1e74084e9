/** CDS: the clusters that every proxy has, and those of the services that it sees. */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { HttpProtocolOptionsJson } from "../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { Subset } from "../istio/mod.ts";
import type { Destination, MeshService, ServiceFacts } from "../mesh/mod.ts";
import { clientTls } from "./client_tls.ts";
import {
  balancing,
  bounds,
  connecting,
  type ConnectionPolicy,
  outliers,
  policyOf,
} from "./connection_policy.ts";
import { loadAssignment, ofSubset } from "./endpoints.ts";
import { protocolOptions, upstreamKind } from "./http_options.ts";
import { meshClient, meshTransports } from "./mesh_tls.ts";
import { FIXED_CLUSTER, meshSni, outboundCluster } from "./names.ts";
import { type PortKind, portKind } from "./protocol.ts";
import { FROM_STREAM } from "./sources.ts";

type Port = ServiceFacts["ports"][number];

const CONNECT_TIMEOUT = "10s";

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
      ...bounds(),
      ...protocolOptions("auto", { commonHttpProtocolOptions: { idleTimeout: "300s" } }),
    },
  ];
}

/** True when the endpoints stand in the cluster itself, and not in EDS. */
export function holdsEndpoints({ resolution }: Pick<ServiceFacts, "resolution">): boolean {
  return resolution === "DNS" || resolution === "DNS_ROUND_ROBIN";
}

/** The clusters of one port of a service: all of it, and each subset; none for a port that no proxy carries. */
export function serviceClusters(
  service: MeshService,
  port: Port,
  destination?: Destination,
): readonly ClusterJson[] {
  const kind = portKind(port.protocol);
  if (kind === "none" || service.facts.resolution === "DYNAMIC_DNS") return [];
  return [undefined, ...destination?.subsets ?? []].map((subset) =>
    serviceCluster({ service, port, subset, policy: policyOf(destination, port.number, subset) })
  );
}

/** What a cluster is made of. */
interface ClusterParts {
  readonly service: MeshService;
  readonly port: Port;
  readonly subset: Subset | undefined;
  readonly policy: ConnectionPolicy;
}

function serviceCluster(parts: ClusterParts): ClusterJson {
  const { service: { facts }, port, subset, policy } = parts;
  const name = outboundCluster(facts.host, port.number, subset?.name);
  const pool = policy.connectionPool;
  const kind = upstreamKind(portKind(port.protocol), pool);
  const { transports, options } = transportOf(parts, kind);
  return {
    name,
    connectTimeout: CONNECT_TIMEOUT,
    ...bounds(pool),
    commonLbConfig: { healthyPanicThreshold: { value: 0 } },
    metadata: {
      filterMetadata: {
        istio: {
          services: [{ host: facts.host, name: facts.host, namespace: facts.namespace }],
          ...(facts.meshInternal ? {} : { external: true }),
          ...(subset === undefined ? {} : { subset: subset.name }),
        },
      },
    },
    ...connecting(pool),
    ...discoveryOf(parts, name),
    ...outliers(policy.outlierDetection),
    ...protocolOptions(kind, options, pool),
    ...transports,
  };
}

/** How a cluster's connections are protected. */
function transportOf(
  { service: { facts }, port, subset, policy: { tls } }: ClusterParts,
  kind: PortKind,
): { readonly transports: Partial<ClusterJson>; readonly options?: HttpProtocolOptionsJson } {
  const mesh = {
    sni: tls?.sni || meshSni(facts.host, port.number, subset?.name),
    identities: tls !== undefined && tls.subjectAltNames.length > 0
      ? tls.subjectAltNames
      : facts.identities,
    kind,
  };
  switch (tls?.mode) {
    case "DISABLE":
      return { transports: {} };
    case "ISTIO_MUTUAL":
      return { transports: { transportSocket: meshClient(mesh) } };
    case "SIMPLE":
    case "MUTUAL":
      return clientTls(tls, kind);
    default:
      return facts.meshInternal && facts.resolution === "STATIC"
        ? { transports: { transportSocketMatches: meshTransports(mesh) } }
        : { transports: {} };
  }
}

/** How a cluster finds its endpoints, and chooses among them. */
function discoveryOf(
  { service, port, subset, policy: { loadBalancer } }: ClusterParts,
  name: string,
): Partial<ClusterJson> {
  const { resolution } = service.facts;
  const balanced = balancing(loadBalancer);
  if (resolution === "NONE") return { type: "ORIGINAL_DST", lbPolicy: "CLUSTER_PROVIDED" };
  if (balanced.type === "ORIGINAL_DST") return balanced;
  switch (resolution) {
    case "DNS":
    case "DNS_ROUND_ROBIN":
      return {
        type: resolution === "DNS" ? "STRICT_DNS" : "LOGICAL_DNS",
        ...balanced,
        dnsRefreshRate: "60s",
        respectDnsTtl: true,
        dnsLookupFamily: "V4_PREFERRED",
        loadAssignment: loadAssignment(ofSubset(withHost(service), subset), port, name),
      };
    default:
      return {
        type: "EDS",
        ...balanced,
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
