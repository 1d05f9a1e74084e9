/**
 * LDS, outbound, for a proxy whose traffic is not intercepted (`INTERCEPTION_MODE=NONE`): the application connects to a port of its own
 * machine, and the proxy has one listener there for each port of the services that it sees.
 *
 * Requests on one port share a listener and are told apart by host, TLS by server name. Of services that speak bytes the first has the port.
 */
import type { ListenerJson } from "../../proto/gen/envoy/config/listener/v3/listener_pb.ts";
import type { FilterChainJson } from "../../proto/gen/envoy/config/listener/v3/listener_components_pb.ts";
import type { ServiceFacts } from "../mesh/mod.ts";
import { outboundHttp, tcpProxy } from "./filters.ts";
import { tlsInspector } from "./inspectors.ts";
import { listenerName, outboundCluster } from "./names.ts";
import { isFree, isHttp, portKind } from "./protocol.ts";

/** What one port of the machine leads to. */
type PortUse =
  | { readonly kind: "http" }
  | { readonly kind: "tcp"; readonly host: string }
  | { readonly kind: "tls"; readonly hosts: readonly string[] };

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
  services: readonly ServiceFacts[],
  { bind, taken, lowest }: BoundOptions,
): readonly ListenerJson[] {
  const uses = [...usesOf(services)].filter(([port]) => port >= lowest && !taken.includes(port));
  return uses.sort(([one], [other]) => one - other).map(([port, use]) => ({
    name: listenerName(bind, port),
    address: { socketAddress: { address: bind, portValue: port } },
    trafficDirection: "OUTBOUND",
    continueOnListenerFiltersTimeout: true,
    ...chainsOf(use, port, bind),
  }));
}

function usesOf(services: readonly ServiceFacts[]): ReadonlyMap<number, PortUse> {
  const uses = new Map<number, PortUse>();
  for (const { host, ports, resolution } of services) {
    if (resolution === "DYNAMIC_DNS") continue;
    for (const { number, protocol } of ports) {
      const kind = portKind(protocol);
      const before = uses.get(number);
      if (kind === "none" || !isFree(number)) continue;
      if (kind === "tls" && before?.kind === "tls") {
        uses.set(number, { kind, hosts: [...before.hosts, host] });
      }
      if (before !== undefined) continue;
      if (isHttp(kind)) uses.set(number, { kind: "http" });
      else uses.set(number, kind === "tls" ? { kind, hosts: [host] } : { kind: "tcp", host });
    }
  }
  return uses;
}

function chainsOf(use: PortUse, port: number, bind: string): Partial<ListenerJson> {
  switch (use.kind) {
    case "http":
      return {
        filterChains: [{ filters: [outboundHttp(`outbound_${bind}_${port};`, String(port))] }],
      };
    case "tcp":
      return { filterChains: [{ filters: [tcpProxy(outboundCluster(use.host, port))] }] };
    case "tls":
      return {
        listenerFilters: [tlsInspector()],
        listenerFiltersTimeout: "0s",
        filterChains: use.hosts.map((host) => tlsChain(host, port)),
      };
  }
}

function tlsChain(host: string, port: number): FilterChainJson {
  return {
    filterChainMatch: { serverNames: [host] },
    filters: [tcpProxy(outboundCluster(host, port))],
  };
}
