/** EDS: the endpoints of one port of a service, by locality. */
import type {
  LbEndpointJson,
  LocalityLbEndpointsJson,
} from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import type { ClusterLoadAssignmentJson } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import type { Subset } from "../istio/mod.ts";
import type { MeshEndpoint, MeshService, ServiceFacts } from "../mesh/mod.ts";

type Port = ServiceFacts["ports"][number];

/** How `unix:///path` begins. */
const SOCKET_SCHEME = "unix://";

/** The endpoints of a cluster that nobody knows: none, said so, as a proxy waits for the answer. */
export function noEndpoints(clusterName: string): ClusterLoadAssignmentJson {
  return { clusterName };
}

/** A service with the endpoints of a subset alone; all of them where there is none. */
export function ofSubset(service: MeshService, subset: Subset | undefined): MeshService {
  if (subset === undefined) return service;
  const wanted = Object.entries(subset.labels);
  const endpoints = service.endpoints.filter(({ labels }) =>
    wanted.every(([key, value]) => labels[key] === value)
  );
  return { ...service, endpoints };
}

/** The endpoints of a service's port under the name of a cluster. Those that lack an address or the port, or are not ready, are left out. */
export function loadAssignment(
  { endpoints }: Pick<MeshService, "endpoints">,
  port: Port,
  clusterName: string,
): ClusterLoadAssignmentJson {
  const localities = new Map<string, MeshEndpoint[]>();
  for (const endpoint of endpoints) {
    if (!endpoint.ready || endpoint.address === "") continue;
    if (!Object.hasOwn(endpoint.ports, port.name)) continue;
    const group = localities.get(endpoint.locality);
    if (group === undefined) localities.set(endpoint.locality, [endpoint]);
    else group.push(endpoint);
  }
  const sorted = [...localities].sort(([one], [other]) => one < other ? -1 : 1);
  return {
    clusterName,
    endpoints: sorted.map(([locality, group]) => localityEndpoints(locality, group, port)),
  };
}

function localityEndpoints(
  locality: string,
  group: readonly MeshEndpoint[],
  port: Port,
): LocalityLbEndpointsJson {
  const [region = "", zone = "", subZone = ""] = locality.split("/");
  return {
    locality: { region, zone, subZone },
    loadBalancingWeight: group.reduce((sum, endpoint) => sum + weightOf(endpoint), 0),
    lbEndpoints: group.map((endpoint) => lbEndpoint(endpoint, port)),
  };
}

function weightOf({ weight }: MeshEndpoint): number {
  return weight || 1;
}

function lbEndpoint(endpoint: MeshEndpoint, port: Port): LbEndpointJson {
  const { address, ports, meshTlsPorts } = endpoint;
  return {
    endpoint: {
      address: address.startsWith(SOCKET_SCHEME)
        ? { pipe: { path: address.slice(SOCKET_SCHEME.length) } }
        : {
          socketAddress: { address, portValue: ports[port.name] ?? port.targetPort ?? port.number },
        },
    },
    loadBalancingWeight: weightOf(endpoint),
    ...(meshTlsPorts.includes(port.name)
      ? { metadata: { filterMetadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } } }
      : {}),
  };
}
