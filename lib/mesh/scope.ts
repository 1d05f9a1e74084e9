/**
 * Which services a proxy sees: those that are exported to its namespace and that its Sidecar names. Of several with one host its own
 * namespace's comes first, then the first in order. Proxies that see the same share one scope, and with it everything that is made from it.
 */
import type { Sidecar } from "../istio/mod.ts";
import type { MeshService, MeshSnapshot, ServiceFacts } from "./port.ts";
import { keepSameList } from "./same.ts";

/** What a proxy sees. */
export interface Scope {
  /** The services, at most one of each host. */
  readonly services: readonly MeshService[];
  /** Their facts, in the same order: the same list as long as no facts change, whatever endpoints do. */
  readonly facts: readonly ServiceFacts[];
}

/** Whose scope is asked for. */
export interface Viewer {
  /** The proxy's namespace. */
  readonly namespace: string;
  /** Its Sidecar; undefined sees everything. */
  readonly sidecar?: Sidecar | undefined;
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
  const own = new WeakMap<MeshSnapshot["services"], ReadonlySet<string>>();
  /** Viewers without a Sidecar see the same, but for those of namespaces that something is for. */
  const keyOf = (viewer: Viewer, { services }: MeshSnapshot): string => {
    const hosts = hostsOf(viewer);
    let namespaces = own.get(services);
    if (namespaces === undefined) own.set(services, namespaces = namespacesOfTheirOwn(services));
    const isCommon = hosts.length === 0 && !namespaces.has(viewer.namespace);
    return isCommon ? "" : `${viewer.namespace} ${hosts.join(" ")}`;
  };
  const last = new Map<string, Scope>();
  return {
    scopeOf(snapshot, viewer) {
      let scopes = ofSnapshot.get(snapshot);
      if (scopes === undefined) ofSnapshot.set(snapshot, scopes = new Map());
      const key = keyOf(viewer, snapshot);
      const known = scopes.get(key);
      if (known !== undefined) return known;
      const services = visibleTo(viewer, snapshot.services);
      // Viewers that see the same share one scope.
      const shared = [...new Set(scopes.values())].find((scope) =>
        keepSameList(scope.services, services) === scope.services
      );
      const scope = shared ?? build(services, last.get(key));
      if (scopes.size < MAX_REMEMBERED) scopes.set(key, scope);
      last.delete(key);
      last.set(key, scope);
      if (last.size > MAX_REMEMBERED) last.delete(last.keys().next().value!);
      return scope;
    },
  };
}

function hostsOf({ sidecar }: Viewer): readonly string[] {
  return (sidecar?.egress ?? []).flatMap(({ hosts }) => hosts);
}

/** Namespaces that see what others do not: what is exported to them, and their own of several services with one host. */
function namespacesOfTheirOwn(services: readonly MeshService[]): ReadonlySet<string> {
  const namespaces = new Set<string>();
  let before: ServiceFacts | undefined;
  for (const { facts } of services) {
    for (const name of facts.exportTo) namespaces.add(name);
    if (before?.host === facts.host) namespaces.add(before.namespace).add(facts.namespace);
    before = facts;
  }
  return namespaces;
}

function build(services: readonly MeshService[], before: Scope | undefined): Scope {
  if (before !== undefined && keepSameList(before.services, services) === before.services) {
    return before;
  }
  const facts = keepSameList(before?.facts, services.map((service) => service.facts));
  return { services, facts };
}

function visibleTo(viewer: Viewer, services: readonly MeshService[]): readonly MeshService[] {
  const { namespace } = viewer;
  const hosts = hostsOf(viewer);
  const byHost = new Map<string, MeshService>();
  for (const service of services) {
    const { host, exportTo, namespace: own } = service.facts;
    if (!isExported(exportTo, namespace) || !isNamed(service.facts, hosts, namespace)) continue;
    if (!byHost.has(host) || own === namespace && byHost.get(host)!.facts.namespace !== namespace) {
      byHost.set(host, service);
    }
  }
  return [...byHost.values()];
}

function isExported(exportTo: readonly string[], namespace: string): boolean {
  return exportTo.length === 0 || exportTo.includes("*") || exportTo.includes(namespace);
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
