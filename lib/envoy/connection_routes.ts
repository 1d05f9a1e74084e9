/**
 * Where connections go: to the service, or where a VirtualService says (`tcp`, `tls`).
 *
 * A proxy that is connected to on its own machine does not know which address was meant: matches of destination addresses are not fulfilled.
 */
import type { FilterJson } from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { TcpRoute, TlsRoute } from "../istio/mod.ts";
import type { Routing, Traffic } from "../mesh/mod.ts";
import { destinationsOf } from "./destinations.ts";
import { type Share, tcpProxy } from "./filters.ts";
import { hashesSource } from "./hash_policy.ts";
import { outboundCluster } from "./names.ts";

/** Connections to a service, by its place in the list of those that a proxy sees. */
export interface Ways {
  /** Where bytes go. */
  ofBytes(service: number, port: number): FilterJson;
  /** Where connections go by the name that they ask for, in order. */
  ofNames(service: number, port: number): readonly NamedWay[];
}

/** Where connections go that ask for one of some names. */
export interface NamedWay {
  /** Server names; `*.` may stand in front. */
  readonly names: readonly string[];
  /** What is done with them. */
  readonly filter: FilterJson;
}

/** Envoy adds up weights in 32 bits. */
const MAX_WEIGHT = 4_294_967_295;

/** The ways of what a proxy sees. */
export function waysOf(traffic: Traffic): Ways {
  const { facts, destinations, routings } = traffic;
  const targets = destinationsOf(traffic);
  const direct = (service: number, port: number) =>
    tcpProxy(outboundCluster(facts[service]!.host, port), {
      hashesSource: hashesSource(destinations[service], port),
    });
  const routed = (route: TcpRoute | TlsRoute, routing: Routing, port: number) => {
    const from = { routing, port };
    const [first] = route.route;
    return tcpProxy(sharesOf(route, (to) => targets.clusterOf(to, from)), {
      hashesSource: targets.hashesSource(first?.destination, from),
    });
  };
  return {
    ofBytes(service, port) {
      const routing = routings[service];
      const route = routing?.tcp.find(({ match }) =>
        match.length === 0 || match.some((each) => isAt(each, port))
      );
      return routing === undefined || route === undefined
        ? direct(service, port)
        : routed(route, routing, port);
    },
    ofNames(service, port) {
      const routing = routings[service];
      const ways = (routing?.tls ?? []).flatMap((route) => {
        const names = route.match.filter((each) => isAt(each, port))
          .flatMap(({ sniHosts }) => sniHosts);
        return names.length === 0
          ? []
          : [{ names: [...new Set(names)], filter: routed(route, routing!, port) }];
      });
      // Names that no route takes lead to the service itself.
      return [...ways, { names: [facts[service]!.host], filter: direct(service, port) }];
    },
  };
}

function isAt(
  { port: wanted, destinationSubnets }: TcpRoute["match"][number] | TlsRoute["match"][number],
  port: number,
): boolean {
  return (wanted === 0 || wanted === port) && destinationSubnets.length === 0;
}

function sharesOf(
  { route }: TcpRoute | TlsRoute,
  clusterOf: (to: TcpRoute["route"][number]["destination"]) => string,
): readonly Share[] {
  if (route.length === 1) return [{ name: clusterOf(route[0]!.destination), weight: 1 }];
  const meant = route.filter(({ weight }) => weight > 0);
  const total = meant.reduce((sum, { weight }) => sum + weight, 0);
  const scale = total > MAX_WEIGHT ? (MAX_WEIGHT - meant.length) / total : 1;
  return meant.map(({ destination, weight }) => ({
    name: clusterOf(destination),
    weight: Math.max(1, Math.floor(weight * scale)),
  }));
}
