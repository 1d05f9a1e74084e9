/**
 * Which services a proxy sees: those that are exported to its namespace and that its Sidecar names. Of several with one host its own
 * namespace's comes first, then the first in order. Proxies that see the same share one scope, and with it everything that is made from it.
 */
import type { Sidecar } from "../istio/mod.ts";
import { createDestinations, type Destination } from "./destinations.ts";
import { isExported } from "./exported.ts";
import type { MeshService, MeshSnapshot, ServiceFacts } from "./port.ts";
import { keepSameList } from "./same.ts";
import { createRoutings, type Routing } from "./virtual_services.ts";

/** What a proxy sees. */
export interface Scope {
  /** The services, at most one of each host. */
  readonly services: readonly MeshService[];
  /** What listeners and routes are made of: the same object as long as none of it changes. */
  readonly traffic: Traffic;
}

/** The services that a proxy sees, with what is said of the way to each. The lists are in one order. */
export interface Traffic {
  /** The services' facts. */
  readonly facts: readonly ServiceFacts[];
  /** What is said of connections. */
  readonly destinations: readonly (Destination | undefined)[];
  /** Where requests and connections go instead. */
  readonly routings: readonly (Routing | undefined)[];
}

/** Whose scope is asked for. */
export interface Viewer {
  /** The proxy's namespace. */
  readonly namespace: string;
  /** Its Sidecar; undefined sees everything. */
  readonly sidecar?: Sidecar | undefined;
  /** The proxy's labels; what is said for some workloads alone is told by them. */
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Finds scopes. */
export interface Scopes {
  /** What a proxy sees in a snapshot. */
  scopeOf(snapshot: MeshSnapshot, viewer: Viewer): Scope;
}

/** Viewers whose last scope is remembered; one that is forgotten costs its proxies a comparison of content, no more. */
const MAX_REMEMBERED = 1_000;

/** Makes a {@linkcode Scopes} that remembers. */
export function createScopes(): Scopes {
  const ofSnapshot = new WeakMap<MeshSnapshot, Map<string, Scope>>();
  const last = new Map<string, Scope>();
  const [destinations, routings] = [createDestinations(), createRoutings()];
  const see = (snapshot: MeshSnapshot, viewer: Viewer, before: Scope | undefined): Scope => {
    const services = visibleTo(viewer, snapshot.services);
    const known = before?.traffic;
    const traffic = {
      facts: keepSameList(known?.facts, services.map((service) => service.facts)),
      destinations: keepSameList(
        known?.destinations,
        destinations.of(snapshot, services, viewer),
      ),
      routings: keepSameList(known?.routings, routings.of(snapshot, services, viewer)),
    };
    const isKept = known !== undefined && isSameTraffic(known, traffic);
    return { services, traffic: isKept ? known : traffic };
  };
  const own = new WeakMap<MeshSnapshot["services"], ReadonlySet<string>>();
  /** Viewers without a Sidecar see the same, but for those of namespaces that something is for. */
  const servicesKey = (viewer: Viewer, { services }: MeshSnapshot): string => {
    const hosts = hostsOf(viewer);
    let namespaces = own.get(services);
    if (namespaces === undefined) own.set(services, namespaces = namespacesOfTheirOwn(services));
    const isCommon = hosts.length === 0 && !namespaces.has(viewer.namespace);
    return isCommon ? "" : `${viewer.namespace} ${hosts.join(" ")}`;
  };
  const keysOf = (snapshot: MeshSnapshot, viewer: Viewer) =>
    [
      servicesKey(viewer, snapshot),
      destinations.keyOf(snapshot, viewer),
      routings.keyOf(snapshot, viewer),
    ]
      .join(" ");
  return {
    scopeOf(snapshot, viewer) {
      let scopes = ofSnapshot.get(snapshot);
      if (scopes === undefined) ofSnapshot.set(snapshot, scopes = new Map());
      const key = keysOf(snapshot, viewer);
      const known = scopes.get(key);
      if (known !== undefined) return known;
      const before = last.get(key);
      const seen = see(snapshot, viewer, before);
      // Viewers that see the same share one scope.
      const scope = [...new Set(scopes.values()), ...(before === undefined ? [] : [before])]
        .find((each) => isSameScope(each, seen)) ?? seen;
      if (scopes.size < MAX_REMEMBERED) scopes.set(key, scope);
      last.delete(key);
      last.set(key, scope);
      if (last.size > MAX_REMEMBERED) last.delete(last.keys().next().value!);
      return scope;
    },
  };
}

function isSameScope(one: Scope, other: Scope): boolean {
  return keepSameList(one.services, other.services) === one.services &&
    isSameTraffic(one.traffic, other.traffic);
}

function isSameTraffic(one: Traffic, other: Traffic): boolean {
  return (["facts", "destinations", "routings"] as const).every((list) =>
    keepSameList<unknown>(one[list], other[list]) === one[list]
  );
}

function hostsOf({ sidecar }: Viewer): readonly string[] {
  return (sidecar?.egress ?? []).flatMap(({ hosts }) => hosts);
}

/** Namespaces that see what others do not: what is exported to them, and their own of several services with one host. */
function namespacesOfTheirOwn(services: readonly MeshService[]): ReadonlySet<string> {
  const namespaces = new Set<string>();
  let before: ServiceFacts | undefined;
  for (const { facts } of services) {
    for (const name of facts.exportTo) namespaces.add(name === "." ? facts.namespace : name);
    if (before?.host === facts.host) namespaces.add(before.namespace).add(facts.namespace);
    before = facts;
  }
  return namespaces;
}

function visibleTo(viewer: Viewer, services: readonly MeshService[]): readonly MeshService[] {
  const { namespace } = viewer;
  const hosts = hostsOf(viewer);
  const byHost = new Map<string, MeshService>();
  for (const service of services) {
    const { host, exportTo, namespace: own } = service.facts;
    if (
      !isExported(exportTo, { own, viewer: namespace }) || !isNamed(service.facts, hosts, namespace)
    ) continue;
    if (!byHost.has(host) || own === namespace && byHost.get(host)!.facts.namespace !== namespace) {
      byHost.set(host, service);
    }
  }
  return [...byHost.values()];
}

/** True when a Sidecar's `namespace/host` names the service; `.` is the proxy's namespace, `*` any, `~` none. */
function isNamed(
  { host, namespace: own }: ServiceFacts,
  hosts: readonly string[],
  viewer: string,
): boolean {
  if (hosts.length === 0) return true;
  return hosts.some((each) => {
    const slash = each.indexOf("/");
    const [where, what] = slash < 0 ? ["*", each] : [each.slice(0, slash), each.slice(slash + 1)];
    const isThere = where === "*" || where === (own === viewer ? "." : own) || where === own;
    return isThere && (what === "*" || what === host ||
      what.startsWith("*.") && host.endsWith(what.slice(1)));
  });
}
