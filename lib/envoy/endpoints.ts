/** EDS: the endpoints of one port of a service, by locality. */
import type {
  LbEndpointJson,
  LocalityLbEndpointsJson,
} from "../../proto/gen/envoy/config/endpoint/v3/endpoint_components_pb.ts";
import type { ClusterLoadAssignmentJson } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { parseIpAddress } from "../base/mod.ts";
import type { Subset } from "../istio/mod.ts";
import type { MeshEndpoint, MeshService, ServiceFacts } from "../mesh/mod.ts";

type Port = ServiceFacts["ports"][number];

/** How `unix:///path` begins. */
const SOCKET_SCHEME = "unix://";
/** Envoy adds up weights in 32 bits. */
const MAX_WEIGHT = 4_294_967_295;

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

/** A service with the endpoints alone that EDS can tell: a name in place of an address would cost a proxy the rest of the answer. */
export function withAddresses(service: MeshService): MeshService {
  const isTold = ({ address }: MeshEndpoint) =>
    address.startsWith(SOCKET_SCHEME) || parseIpAddress(address) !== undefined;
  return service.endpoints.every(isTold)
    ? service
    : { ...service, endpoints: service.endpoints.filter(isTold) };
}

/** The endpoints of a service's port under the name of a cluster. Those that lack an address or the port, or are not ready, are left out. */
export function loadAssignment(
  service: Pick<MeshService, "endpoints">,
  port: Port,
  clusterName: string,
): ClusterLoadAssignmentJson {
  const endpoints = service.endpoints.filter((endpoint) =>
    endpoint.ready && endpoint.address !== "" && Object.hasOwn(endpoint.ports, port.name)
  );
  const localities = new Map<string, MeshEndpoint[]>();
  for (const endpoint of endpoints) {
    const group = localities.get(endpoint.locality);
    if (group === undefined) localities.set(endpoint.locality, [endpoint]);
    else group.push(endpoint);
  }
  const sorted = [...localities].sort(([one], [other]) => one < other ? -1 : 1);
  const weightOf = weighing(endpoints);
  return {
    clusterName,
    endpoints: sorted.map(([locality, group]): LocalityLbEndpointsJson => {
      const [region = "", zone = "", subZone = ""] = locality.split("/");
      return {
        locality: { region, zone, subZone },
        loadBalancingWeight: group.reduce((sum, endpoint) => sum + weightOf(endpoint), 0),
        lbEndpoints: group.map((endpoint) => lbEndpoint(endpoint, port, weightOf(endpoint))),
      };
    }),
  };
}

/** Weights as they are said, or less of each where their sum is more than 32 bits hold. */
function weighing(endpoints: readonly MeshEndpoint[]): (endpoint: MeshEndpoint) => number {
  const said = ({ weight }: MeshEndpoint) => weight || 1;
  const total = endpoints.reduce((sum, endpoint) => sum + said(endpoint), 0);
  if (total <= MAX_WEIGHT) return said;
  // One for each is kept back: none becomes less than that.
  const scale = (MAX_WEIGHT - endpoints.length) / total;
  return (endpoint) => Math.max(1, Math.floor(said(endpoint) * scale));
}

function lbEndpoint(
  endpoint: MeshEndpoint,
  port: Port,
  loadBalancingWeight: number,
): LbEndpointJson {
  const { address, ports, meshTlsPorts } = endpoint;
  return {
    endpoint: {
      address: address.startsWith(SOCKET_SCHEME)
        ? { pipe: { path: address.slice(SOCKET_SCHEME.length) } }
        : {
          socketAddress: { address, portValue: ports[port.name] ?? port.targetPort ?? port.number },
        },
    },
    loadBalancingWeight,
    ...(meshTlsPorts.includes(port.name)
      ? { metadata: { filterMetadata: { "envoy.transport_socket_match": { tlsMode: "istio" } } } }
      : {}),
  };
}
