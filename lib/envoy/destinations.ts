/** Where a route of a VirtualService leads: the names of clusters, and what is said of their connections. */
import type { RouteActionJson } from "../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { Destination as To } from "../istio/mod.ts";
import { hostIn, type Routing, type Traffic } from "../mesh/mod.ts";
import { hashesSource, hashPolicies } from "./hash_policy.ts";
import { outboundCluster } from "./names.ts";

/** Where the route stands that leads somewhere. */
interface From {
  readonly routing: Routing;
  readonly port: number;
}

/** Finds clusters. */
export interface Destinations {
  /** The cluster of a destination: at its port, else at the only one of the service, else at the one that was asked. */
  clusterOf(to: To | undefined, from: From): string;
  /** How its requests are told apart. */
  hashOf(to: To | undefined, from: From): RouteActionJson["hashPolicy"] & object;
  /** Whether its connections are told apart by where they come from. */
  hashesSource(to: To | undefined, from: From): boolean;
}

/** The destinations that a proxy sees. */
export function destinationsOf({ facts, destinations }: Traffic): Destinations {
  const places = new Map(facts.map(({ host }, at) => [host, at]));
  const find = (to: To | undefined, { routing, port }: From) => {
    const host = hostIn(to?.host ?? "", routing.namespace);
    const at = places.get(host);
    const ports = at === undefined ? [] : facts[at]!.ports;
    const number = to?.port?.number || (ports.length === 1 ? ports[0]!.number : port);
    const destination = at === undefined ? undefined : destinations[at];
    return { host, number, subset: to?.subset ?? "", destination };
  };
  return {
    clusterOf(to, from) {
      const { host, number, subset } = find(to, from);
      return outboundCluster(host, number, subset);
    },
    hashOf(to, from) {
      const { destination, number, subset } = find(to, from);
      return hashPolicies(destination, number, subset);
    },
    hashesSource(to, from) {
      const { destination, number, subset } = find(to, from);
      return hashesSource(destination, number, subset);
    },
  };
}
