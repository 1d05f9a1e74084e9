/** Routes by SNI and address (`TLSRoute`, `TCPRoute`). */
import { checkDestination, DESTINATION, type Destination } from "../destination.ts";
import { isIpAddress, portFault, subnetFault, wildcardDomainFault } from "../names.ts";
import { list, map, object } from "../schema/collection.ts";
import { below, type Cursor, fault, type ValueOf, warn } from "../schema/port.ts";
import { int32, text, uint32 } from "../schema/scalar.ts";
import { checkLabels } from "../selector.ts";
import { checkGatewayNames } from "./gateway_names.ts";
import { gatewayHostFault, isWithinHosts } from "./hosts.ts";

/** Most hosts that a message names. */
const MAX_NAMED_HOSTS = 10;

const L4_FIELDS = {
  destinationSubnets: list(text()),
  port: uint32(),
  sourceLabels: map(text()),
  gateways: list(text()),
  sourceNamespace: text(),
};
/** One element of `match` of a route of TLS. */
export const TLS_MATCH = object({ sniHosts: list(text()), ...L4_FIELDS }, {
  required: ["sniHosts"],
});
/** One element of `match` of a route of TCP. */
export const TCP_MATCH = object({ ...L4_FIELDS, sourceSubnet: text() });
const ROUTE_DESTINATION = object({ destination: DESTINATION, weight: int32({ min: 0 }) }, {
  required: ["destination"],
});
/** One element of `tls`. */
export const TLS_ROUTE = object({ match: list(TLS_MATCH), route: list(ROUTE_DESTINATION) }, {
  required: ["match"],
});
/** One element of `tcp`. */
export const TCP_ROUTE = object({ match: list(TCP_MATCH), route: list(ROUTE_DESTINATION) });

/** A route by SNI. */
export type TlsRoute = NonNullable<ValueOf<typeof TLS_ROUTE>>;
/** A route by address. */
export type TcpRoute = NonNullable<ValueOf<typeof TCP_ROUTE>>;

/** What a route needs to know of its VirtualService. */
export interface RouteContext {
  /** Its hosts. */
  readonly hosts: ReadonlySet<string>;
  /** Whether no Gateway of it is the mesh. */
  readonly isBoundToGateways: boolean;
}

/** A destination with its share. */
export interface Weighted {
  /** Where it leads. */
  readonly destination: Destination | undefined;
  /** Its share. */
  readonly weight: number;
}

/** The rules of destinations with weights. */
export function checkWeighted(route: readonly Weighted[], at: Cursor): void {
  for (const [index, { destination }] of route.entries()) {
    checkDestination(destination, below(at, index, "destination"));
  }
  // The sum is one of 32 bits to Istio.
  const total = route.reduce((sum, { weight }) => (sum + weight) | 0, 0);
  if (route.length > 1 && total === 0) fault(at, "total destination weight = 0");
}

/** The rules of a route by SNI. */
export function checkTlsRoute({ match, route }: TlsRoute, at: Cursor, context: RouteContext): void {
  if (match.length === 0) {
    fault(below(at, "match"), "TLS route must have at least one match condition");
  }
  for (const [index, each] of match.entries()) {
    const place = below(at, "match", index);
    if (each.sniHosts.length === 0) {
      fault(below(place, "sniHosts"), "TLS match must have at least one SNI host");
    }
    for (const [nth, host] of each.sniHosts.entries()) {
      checkSniHost(host, below(place, "sniHosts", nth), context);
    }
    checkL4Match(each, place);
  }
  if (route.length === 0) fault(below(at, "route"), "TLS route is required");
  checkWeighted(route, below(at, "route"));
}

function checkSniHost(host: string, at: Cursor, context: RouteContext): void {
  const wrong = context.isBoundToGateways
    ? gatewayHostFault(host, { isSni: true })
    : wildcardDomainFault(host);
  if (wrong !== undefined) {
    if (!isIpAddress(host)) return fault(at, wrong);
    const reason = "goes against SNI spec and most clients do not support this";
    return warn(at, `using an IP address ("${host}") ${reason}`);
  }
  if (isWithinHosts(host, context.hosts)) return;
  fault(
    at,
    `SNI host "${host}" is not a compatible subset of any of the virtual service hosts: [${
      [...context.hosts.values().take(MAX_NAMED_HOSTS)].join(", ")
    }]`,
  );
}

/** The rules of a route by address. */
export function checkTcpRoute({ match, route }: TcpRoute, at: Cursor): void {
  for (const [index, each] of match.entries()) checkL4Match(each, below(at, "match", index));
  if (route.length === 0) fault(below(at, "route"), "TCP route is required");
  checkWeighted(route, below(at, "route"));
}

function checkL4Match(
  match: Omit<TcpRoute["match"][number], "sourceSubnet">,
  at: Cursor,
): void {
  for (const [index, subnet] of match.destinationSubnets.entries()) {
    fault(below(at, "destinationSubnets", index), subnetFault(subnet));
  }
  if (match.port !== 0) fault(below(at, "port"), portFault(match.port));
  checkLabels(match.sourceLabels, below(at, "sourceLabels"));
  checkGatewayNames(match.gateways, below(at, "gateways"));
}
