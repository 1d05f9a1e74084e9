/** RDS: one route configuration for each HTTP port, with one virtual host for each service on it. */
import type {
  RetryPolicyJson,
  RouteJson,
  VirtualHostJson,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { RouteConfigurationJson } from "../../proto/gen/envoy/config/route/v3/route_pb.ts";
import { parseIpAddress } from "../base/mod.ts";
import type { Destination, Routing, ServiceFacts, Traffic } from "../mesh/mod.ts";
import { type Destinations, destinationsOf } from "./destinations.ts";
import { hashPolicies } from "./hash_policy.ts";
import { FIXED_CLUSTER, outboundCluster } from "./names.ts";
import { isHttp, portKind } from "./protocol.ts";
import { virtualRoutes } from "./virtual_routes.ts";

/** Bytes of an answer that a route itself may give. */
const MAX_DIRECT_RESPONSE_BYTES = 1_048_576;
const RETRY_ON = "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes";

/** What routes depend on beside services. */
export interface RouteOptions {
  /** The proxy's DNS domain, in which hosts may be said shorter. */
  readonly domain: string;
  /** True when requests to hosts that are no service are refused. */
  readonly blocks: boolean;
}

/** The ports on which requests leave, lowest first. */
export function httpPorts(services: readonly ServiceFacts[]): readonly number[] {
  const ports = services.flatMap((facts) =>
    facts.ports.filter(({ protocol }) => isHttp(portKind(protocol))).map(({ number }) => number)
  );
  return [...new Set(ports)].sort((one, other) => one - other);
}

/** The routes of one port; a port without services has those for everything else alone. */
export function portRoutes(
  traffic: Traffic,
  port: number,
  { domain, blocks }: RouteOptions,
): RouteConfigurationJson {
  const taken = new Set<string>();
  const destinations = destinationsOf(traffic);
  const virtualHosts = traffic.facts.flatMap((facts, at) => {
    const isHere = facts.ports.some(({ number, protocol }) =>
      number === port && isHttp(portKind(protocol))
    );
    if (!isHere || facts.resolution === "DYNAMIC_DNS") return [];
    // Envoy refuses a domain that stands twice: the first service has it.
    const domains = domainsOf(facts, domain).filter((name) => !taken.has(name));
    for (const name of domains) taken.add(name);
    const routes = serviceRoutes(
      { facts, destination: traffic.destinations[at], routing: traffic.routings[at] },
      port,
      destinations,
    );
    return domains.length === 0 ? [] : [serviceHost(facts, port, { domains, routes })];
  });
  return {
    name: String(port),
    virtualHosts: [...virtualHosts, blocks ? nothingElse() : everythingElse()],
    validateClusters: false,
    maxDirectResponseBodySizeBytes: MAX_DIRECT_RESPONSE_BYTES,
    ignorePortInHostMatching: true,
  };
}

/** The routes under a name that is no port: none, said so, as a proxy waits for the answer. */
export function noRoutes(name: string): RouteConfigurationJson {
  return { name, validateClusters: false };
}

/** The names by which requests come: the host, shorter forms for a proxy of the same domain, the service's addresses. */
function domainsOf(facts: ServiceFacts, domain: string): string[] {
  const { host, addresses, autoAddresses } = facts;
  const ips = [...addresses, ...autoAddresses].flatMap((address) => {
    const octets = parseIpAddress(address);
    return octets === undefined ? [] : [octets.length === 16 ? `[${address}]` : address];
  });
  return [...new Set([host, `${host}.`, ...shortNames(host, domain), ...ips])];
}

/**
 * `web`, `web.shop` and `web.shop.svc` for the host `web.shop.svc.cluster.local`, as a proxy whose DNS domain ends as the host does may
 * say them; the first only where the namespace is the proxy's own.
 */
function shortNames(host: string, domain: string): readonly string[] {
  const [namespace = "", ...suffix] = domain.split(".");
  const [name = "", ...rest] = host.split(".");
  const [own, ...hostSuffix] = rest;
  if (name === "*" || suffix.length < 2 || hostSuffix.join(".") !== suffix.join(".")) return [];
  return [...(own === namespace ? [name] : []), `${name}.${own}`, `${name}.${own}.${suffix[0]}`];
}

/**
 * From a DNS domain to one with the same routes. A proxy may say any domain; of those that come out, the services have at most two for
 * each host, and one for all others.
 */
export function domainsThatCount(services: readonly ServiceFacts[]): (domain: string) => string {
  const own = new Set(services.map(({ host }) => afterDot(host)));
  const shared = new Set([...own].map(afterDot));
  return (domain) => {
    if (own.has(domain)) return domain;
    const suffix = afterDot(domain);
    return shared.has(suffix) ? `.${suffix}` : "";
  };
}

function afterDot(name: string): string {
  return name.slice(name.indexOf(".") + 1);
}

function serviceHost(
  facts: ServiceFacts,
  port: number,
  { domains, routes }: { readonly domains: string[]; readonly routes: readonly RouteJson[] },
): VirtualHostJson {
  return {
    name: `${facts.host}:${port}`,
    domains,
    includeRequestAttemptCount: true,
    routes: [...routes],
  };
}

/** A service, and what is said of the way to it. */
interface RoutedService {
  readonly facts: ServiceFacts;
  readonly destination: Destination | undefined;
  readonly routing: Routing | undefined;
}

function serviceRoutes(
  { facts, destination, routing }: RoutedService,
  port: number,
  destinations: Destinations,
): readonly RouteJson[] {
  const operation = `${facts.host}:${port}/*`;
  const said = routing === undefined ? [] : virtualRoutes(routing, port, {
    operation,
    targets: {
      clusterOf: (to) => destinations.clusterOf(to, { routing, port }),
      hashOf: (to) => destinations.hashOf(to, { routing, port }),
      retryPolicy: RETRIES,
    },
  });
  // Where nothing is said for this port and this proxy, requests go to the service, as in Istio.
  if (said.length > 0) return said;
  const hashPolicy = hashPolicies(destination, port);
  return [{
    name: "default",
    match: { prefix: "/" },
    decorator: { operation },
    route: {
      cluster: outboundCluster(facts.host, port),
      timeout: "0s",
      maxGrpcTimeout: "0s",
      retryPolicy: RETRIES,
      ...(hashPolicy.length > 0 ? { hashPolicy } : {}),
    },
  }];
}

const RETRIES: RetryPolicyJson = {
  retryOn: RETRY_ON,
  numRetries: 2,
  retryHostPredicate: [{
    name: "envoy.retry_host_predicates.previous_hosts",
    typedConfig: {
      "@type":
        "type.googleapis.com/envoy.extensions.retry.host.previous_hosts.v3.PreviousHostsPredicate",
    },
  }],
  hostSelectionRetryMaxAttempts: "5",
};

/** Requests for hosts that are no service go where they were going. */
function everythingElse(): VirtualHostJson {
  return {
    name: "allow_any",
    domains: ["*"],
    includeRequestAttemptCount: true,
    routes: [{
      name: "allow_any",
      match: { prefix: "/" },
      route: { cluster: FIXED_CLUSTER.passthrough, timeout: "0s", maxGrpcTimeout: "0s" },
    }],
  };
}

/** Requests for hosts that are no service are refused. */
function nothingElse(): VirtualHostJson {
  return {
    name: "block_all",
    domains: ["*"],
    includeRequestAttemptCount: true,
    routes: [{ name: "block_all", match: { prefix: "/" }, directResponse: { status: 502 } }],
  };
}
