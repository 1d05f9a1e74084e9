/**
 * LDS, outbound, for a proxy whose traffic is not intercepted (`INTERCEPTION_MODE=NONE`): the application connects to a port of its own
 * machine, and the proxy has one listener there for each port of the services that it sees.
 *
 * Requests on one port share a listener and are told apart by host, TLS by server name. Of services that speak bytes the first has the port.
 */
import type { ListenerJson } from "../../proto/gen/envoy/config/listener/v3/listener_pb.ts";
import type { FilterChainJson } from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { ServiceFacts, Traffic } from "../mesh/mod.ts";
import { type Ways, waysOf } from "./connection_routes.ts";
import { outboundHttp } from "./filters.ts";
import { tlsInspector } from "./inspectors.ts";
import { listenerName } from "./names.ts";
import { isFree, isHttp, portKind } from "./protocol.ts";

/** What one port of the machine leads to. */
type PortUse =
  | { readonly kind: "http" }
  | { readonly kind: "tcp"; readonly service: number }
  | { readonly kind: "tls"; readonly services: readonly number[] };

/** Where listeners are, and which ports they may not take. */
export interface BoundOptions {
  /** The address that the application connects to. */
  readonly bind: string;
  /** Ports of that address that the workload itself is reached on: Envoy would refuse a second listener there. */
  readonly taken: readonly number[];
  /** Lowest port that the proxy may bind to. */
  readonly lowest: number;
}

/** The listeners, lowest port first. */
export function boundListeners(
  traffic: Traffic,
  { bind, taken, lowest }: BoundOptions,
): readonly ListenerJson[] {
  const ways = waysOf(traffic);
  const uses = [...usesOf(traffic.facts)].filter(([port]) =>
    port >= lowest && !taken.includes(port)
  );
  return uses.sort(([one], [other]) => one - other).map(([port, use]) => ({
    name: listenerName(bind, port),
    address: { socketAddress: { address: bind, portValue: port } },
    trafficDirection: "OUTBOUND",
    continueOnListenerFiltersTimeout: true,
    ...chainsOf(use, ways, { port, bind }),
  }));
}

function usesOf(services: readonly ServiceFacts[]): ReadonlyMap<number, PortUse> {
  const uses = new Map<number, PortUse>();
  for (const [service, { ports, resolution }] of services.entries()) {
    if (resolution === "DYNAMIC_DNS") continue;
    for (const { number, protocol } of ports) {
      const kind = portKind(protocol);
      const before = uses.get(number);
      if (kind === "none" || !isFree(number)) continue;
      if (kind === "tls" && before?.kind === "tls") {
        uses.set(number, { kind, services: [...before.services, service] });
      }
      if (before !== undefined) continue;
      if (isHttp(kind)) uses.set(number, { kind: "http" });
      else {uses.set(
          number,
          kind === "tls" ? { kind, services: [service] } : { kind: "tcp", service },
        );}
    }
  }
  return uses;
}

function chainsOf(
  use: PortUse,
  ways: Ways,
  { port, bind }: { readonly port: number; readonly bind: string },
): Partial<ListenerJson> {
  switch (use.kind) {
    case "http":
      return {
        filterChains: [{ filters: [outboundHttp(`outbound_${bind}_${port};`, String(port))] }],
      };
    case "tcp":
      return { filterChains: [{ filters: [ways.ofBytes(use.service, port)] }] };
    case "tls":
      return {
        listenerFilters: [tlsInspector()],
        listenerFiltersTimeout: "0s",
        filterChains: tlsChains(use.services, port, ways),
      };
  }
}

/** Names that Envoy refuses a listener for: a wildcard stands for whole labels there. */
const PARTIAL_REGEXP = /^\*[^.]|.\*/;

/** One chain for each server name; Envoy refuses a name that stands twice, the first has it. */
function tlsChains(services: readonly number[], port: number, ways: Ways): FilterChainJson[] {
  const taken = new Set<string>();
  return services.flatMap((service) =>
    ways.ofNames(service, port).flatMap(({ names, filter }): FilterChainJson[] => {
      const serverNames = names.filter((name) => !taken.has(name) && !PARTIAL_REGEXP.test(name));
      for (const name of serverNames) taken.add(name);
      if (serverNames.length === 0) return [];
      return [{ filterChainMatch: { serverNames }, filters: [filter] }];
    })
  );
}
