/**
 * Where requests and connections of a proxy go (VirtualService): the routes of the mesh, with those that they lead on to (`delegate`) put in
 * their place, and without those that are for other workloads. For each service the one whose host fits best counts; of several that fit
 * alike one of the proxy's own namespace, then the first in order.
 */
import type { HttpMatch, HttpRoute, TcpRoute, TlsRoute, VirtualService } from "../istio/mod.ts";
import { createPatterns, hostIn } from "./destinations.ts";
import { isExported, namespacesNamed } from "./exported.ts";
import { interned } from "./interned.ts";
import type { Policy } from "./policies.ts";
import type { MeshService, MeshSnapshot } from "./port.ts";

/** The routes that are said for some hosts. */
export interface Routing {
  /** Where names without dots are looked for. */
  readonly namespace: string;
  /** Routes of requests, in order. */
  readonly http: readonly HttpRoute[];
  /** Routes by server name. */
  readonly tls: readonly TlsRoute[];
  /** Routes of bytes. */
  readonly tcp: readonly TcpRoute[];
}

/** Whose requests. */
interface Client {
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Finds routings. */
export interface Routings {
  /** What is said for each service, in their order. */
  of(
    snapshot: MeshSnapshot,
    services: readonly MeshService[],
    client: Client,
  ): readonly (Routing | undefined)[];
  /** What of a client makes a difference. */
  keyOf(snapshot: MeshSnapshot, client: Client): string;
}

type Rule = Policy<VirtualService>;

/** The gateway that stands for all sidecars. */
const MESH = "mesh";
/** Clients whose routings are kept of one VirtualService. */
const MAX_KEPT = 100;

/** Most pairs of a match and one of a delegate that a VirtualService may bring; what goes beyond is left out. */
const MAX_PAIRS = 100_000;

/** A VirtualService with its delegates, and whether it tells clients apart. */
interface Resolved {
  readonly routing: Routing;
  readonly isForSome: boolean;
  readonly kept: Map<string, Routing>;
}

/** Makes a {@linkcode Routings} that remembers. */
export function createRoutings(): Routings {
  const [resolved, patterns] = [interned(resolve), createPatterns()];
  const facts = new WeakMap<readonly Rule[], ListFacts>();
  const factsOf = (rules: readonly Rule[]) => {
    const known = facts.get(rules) ?? readFacts(rules);
    facts.set(rules, known);
    return known;
  };
  const keyOf = (rules: readonly Rule[], { namespace, labels = {} }: Client) => {
    const { namespaces, labels: asked } = factsOf(rules);
    const own = namespaces.has(namespace) ? namespace : "";
    return `${own} ${JSON.stringify(asked.map((key) => [key, labels[key]]))}`;
  };
  return {
    of({ policies: { routes } }, services, client) {
      if (routes.length === 0) return services.map(() => undefined);
      const { byHost, delegates } = factsOf(routes);
      const key = keyOf(routes, client);
      const routingOf = (rule: Rule): Routing => {
        const { routing, isForSome, kept } = resolved([rule, ...delegatesOf(rule, delegates)]);
        if (!isForSome) return routing;
        const own = kept.get(key) ?? forClient(routing, client);
        // Proxies say their labels themselves: the ones of long ago must not stand in the way of those of now.
        kept.delete(key);
        kept.set(key, own);
        if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
        return own;
      };
      return services.map((service) => {
        const rule = find(byHost, patterns(service), client);
        return rule && routingOf(rule);
      });
    },
    keyOf: ({ policies: { routes } }, client) => routes.length === 0 ? "" : keyOf(routes, client),
  };
}

/** What is found once for a list of VirtualServices. */
interface ListFacts {
  readonly byHost: ReadonlyMap<string, readonly Rule[]>;
  readonly delegates: ReadonlyMap<string, Rule>;
  /** Labels that some match asks for. */
  readonly labels: readonly string[];
  /** Namespaces whose clients may see what others do not. */
  readonly namespaces: ReadonlySet<string>;
}

function readFacts(rules: readonly Rule[]): ListFacts {
  const byHost = new Map<string, Rule[]>();
  const labels = new Set<string>();
  const namespaces = new Set<string>();
  for (const rule of rules) {
    const { hosts, gateways, http, tls, tcp, exportTo } = rule.spec;
    for (const name of namespacesNamed(exportTo, rule.namespace)) namespaces.add(name);
    for (const { match } of [...http, ...tls, ...tcp]) {
      for (const { sourceLabels, sourceNamespace } of match) {
        for (const key of Object.keys(sourceLabels)) labels.add(key);
        if (sourceNamespace !== "") namespaces.add(sourceNamespace);
      }
    }
    if (gateways.length > 0 && !gateways.includes(MESH)) continue;
    for (const host of new Set(hosts.map((each) => hostIn(each, rule.namespace)))) {
      const others = byHost.get(host);
      if (others === undefined) byHost.set(host, [rule]);
      else others.push(rule);
    }
  }
  const delegates = rules.filter(({ spec }) => spec.hosts.length === 0);
  return {
    byHost,
    delegates: new Map(delegates.map((rule) => [`${rule.namespace}/${rule.name}`, rule])),
    labels: [...labels].sort(),
    namespaces,
  };
}

function find(
  byHost: ReadonlyMap<string, readonly Rule[]>,
  patterns: readonly string[],
  { namespace }: Client,
): Rule | undefined {
  for (const pattern of patterns) {
    const seen = (byHost.get(pattern) ?? []).filter((rule) =>
      isExported(rule.spec.exportTo, { own: rule.namespace, viewer: namespace })
    );
    if (seen.length > 0) return seen.find((rule) => rule.namespace === namespace) ?? seen[0];
  }
  return undefined;
}

/** The delegates of a VirtualService that it may lead on to, each once, in order. */
function delegatesOf(rule: Rule, delegates: ReadonlyMap<string, Rule>): readonly Rule[] {
  const named = rule.spec.http.flatMap(({ delegate }) => {
    if (delegate === undefined) return [];
    const found = delegates.get(`${delegate.namespace || rule.namespace}/${delegate.name}`);
    if (found === undefined) return [];
    const isSeen = isExported(found.spec.exportTo, {
      own: found.namespace,
      viewer: rule.namespace,
    });
    return isSeen ? [found] : [];
  });
  return [...new Set(named)];
}

function resolve([root, ...delegates]: readonly Rule[]): Resolved {
  const { namespace, spec } = root!;
  const byName = new Map(delegates.map((each) => [`${each.namespace}/${each.name}`, each]));
  let left = MAX_PAIRS;
  const http = spec.http.flatMap((route): readonly HttpRoute[] => {
    const { delegate } = route;
    if (delegate === undefined) return [route];
    const found = byName.get(`${delegate.namespace || namespace}/${delegate.name}`);
    // A delegate that is not there, or that leads on itself, leaves nothing.
    return (found?.spec.http ?? []).flatMap((each) => {
      left -= (route.match.length || 1) * (each.match.length || 1);
      if (left < 0 || each.delegate !== undefined) return [];
      return delegated(route, inNamespace(each, found!.namespace));
    });
  });
  const routing = { namespace, http, tls: spec.tls, tcp: spec.tcp };
  const isForSome = [...http, ...spec.tls, ...spec.tcp].some(({ match }) =>
    match.some((each) =>
      each.sourceNamespace !== "" || each.gateways.length > 0 ||
      Object.keys(each.sourceLabels).length > 0
    )
  );
  return { routing, isForSome, kept: new Map() };
}

/** Hosts of a delegate are of its own namespace. */
function inNamespace(route: HttpRoute, namespace: string): HttpRoute {
  const at = <D extends { readonly host: string } | undefined>(destination: D): D =>
    destination && { ...destination, host: hostIn(destination.host, namespace) };
  return {
    ...route,
    route: route.route.map((each) => ({ ...each, destination: at(each.destination) })),
    mirror: at(route.mirror),
    mirrors: route.mirrors.map((each) => ({ ...each, destination: at(each.destination) })),
  };
}

/** A route of a delegate below the route that leads to it: what both match, and what either says. */
function delegated(root: HttpRoute, route: HttpRoute): readonly HttpRoute[] {
  const matches = root.match.length === 0
    ? route.match
    : route.match.length === 0
    ? root.match
    : root.match.flatMap((one) => route.match.flatMap((other) => both(one, other) ?? []));
  if (matches.length === 0 && root.match.length + route.match.length > 0) return [];
  return [{
    ...route,
    name: [root.name, route.name].filter((name) => name !== "").join("-"),
    match: matches,
    rewrite: route.rewrite ?? root.rewrite,
    timeout: route.timeout ?? root.timeout,
    retries: route.retries ?? root.retries,
    fault: route.fault ?? root.fault,
    corsPolicy: route.corsPolicy ?? root.corsPolicy,
    headers: route.headers ?? root.headers,
    mirror: route.mirror ?? root.mirror,
    mirrors: route.mirrors.length > 0 ? route.mirrors : root.mirrors,
    mirrorPercent: route.mirrorPercent ?? root.mirrorPercent,
    mirrorPercentage: route.mirrorPercentage ?? root.mirrorPercentage,
  }];
}

/** What fits both; undefined where they exclude each other, as a path that is not below the other's. */
function both(root: HttpMatch, match: HttpMatch): HttpMatch | undefined {
  const uri = match.uri ?? root.uri;
  if (root.uri !== undefined && match.uri !== undefined) {
    const path = match.uri.exact ?? match.uri.prefix;
    const isBelow = root.uri.prefix !== undefined && path !== undefined &&
      path.startsWith(root.uri.prefix);
    const isSame = root.uri.exact !== undefined && root.uri.exact === match.uri.exact;
    if (!isBelow && !isSame) return undefined;
  }
  if (root.port !== 0 && match.port !== 0 && root.port !== match.port) return undefined;
  return {
    ...match,
    name: [root.name, match.name].filter((name) => name !== "").join("-"),
    uri,
    scheme: match.scheme ?? root.scheme,
    method: match.method ?? root.method,
    authority: match.authority ?? root.authority,
    port: match.port || root.port,
    sourceNamespace: match.sourceNamespace || root.sourceNamespace,
    gateways: match.gateways.length > 0 ? match.gateways : root.gateways,
    ignoreUriCase: match.ignoreUriCase || root.ignoreUriCase,
    headers: { ...root.headers, ...match.headers },
    withoutHeaders: { ...root.withoutHeaders, ...match.withoutHeaders },
    queryParams: { ...root.queryParams, ...match.queryParams },
    sourceLabels: { ...root.sourceLabels, ...match.sourceLabels },
  };
}

/** What of a routing is for a client: matches of others are left out, and routes that had no other. */
function forClient({ namespace, http, tls, tcp }: Routing, client: Client): Routing {
  const keep = <R extends { readonly match: readonly Source[] }>(routes: readonly R[]): R[] =>
    routes.flatMap((route) => {
      const match = route.match.filter((each) => isFrom(each, client));
      return route.match.length > 0 && match.length === 0 ? [] : [{ ...route, match }];
    });
  return { namespace, http: keep(http), tls: keep(tls), tcp: keep(tcp) };
}

type Source = Pick<HttpMatch, "sourceLabels" | "sourceNamespace" | "gateways">;

function isFrom(
  { sourceLabels, sourceNamespace, gateways }: Source,
  { namespace, labels = {} }: Client,
): boolean {
  return (sourceNamespace === "" || sourceNamespace === namespace) &&
    (gateways.length === 0 || gateways.includes(MESH)) &&
    Object.entries(sourceLabels).every(([key, value]) => labels[key] === value);
}
