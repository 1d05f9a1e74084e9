/**
 * Which services a proxy sees: those that are exported to its namespace. Of several with one host its own namespace's comes first, then
 * the first in order. Proxies that see the same share one scope, and with it everything that is made from it.
 */
import type { MeshService, MeshSnapshot, Proxy, ServiceFacts } from "./port.ts";
import { keepSameList } from "./same.ts";

/** What a proxy sees. */
export interface Scope {
  /** The services, at most one of each host. */
  readonly services: readonly MeshService[];
  /** Their facts, in the same order: the same list as long as no facts change, whatever endpoints do. */
  readonly facts: readonly ServiceFacts[];
}

/** Finds scopes. */
export interface Scopes {
  /** What a proxy sees in a snapshot. */
  scopeOf(snapshot: MeshSnapshot, proxy: Pick<Proxy, "namespace">): Scope;
}

/** Namespaces whose last scope is remembered; one that is forgotten costs its proxies a comparison of content, no more. */
const MAX_REMEMBERED = 1_000;

/** Makes a {@linkcode Scopes} that remembers. */
export function createScopes(): Scopes {
  const ofSnapshot = new WeakMap<MeshSnapshot, Map<string, Scope>>();
  const last = new Map<string, Scope>();
  return {
    scopeOf(snapshot, { namespace }) {
      let scopes = ofSnapshot.get(snapshot);
      if (scopes === undefined) ofSnapshot.set(snapshot, scopes = new Map());
      const known = scopes.get(namespace);
      if (known !== undefined) return known;
      const services = visibleTo(namespace, snapshot.services);
      // Namespaces that see the same share one scope.
      const shared = [...new Set(scopes.values())].find((scope) =>
        keepSameList(scope.services, services) === scope.services
      );
      const scope = shared ?? build(services, last.get(namespace));
      if (scopes.size < MAX_REMEMBERED) scopes.set(namespace, scope);
      last.delete(namespace);
      last.set(namespace, scope);
      if (last.size > MAX_REMEMBERED) last.delete(last.keys().next().value!);
      return scope;
    },
  };
}

function build(services: readonly MeshService[], before: Scope | undefined): Scope {
  if (before !== undefined && keepSameList(before.services, services) === before.services) {
    return before;
  }
  const facts = keepSameList(before?.facts, services.map((service) => service.facts));
  return { services, facts };
}

function visibleTo(namespace: string, services: readonly MeshService[]): readonly MeshService[] {
  const byHost = new Map<string, MeshService>();
  for (const service of services) {
    const { host, exportTo, namespace: own } = service.facts;
    if (!isExported(exportTo, namespace)) continue;
    if (!byHost.has(host) || own === namespace && byHost.get(host)!.facts.namespace !== namespace) {
      byHost.set(host, service);
    }
  }
  return [...byHost.values()];
}

function isExported(exportTo: readonly string[], namespace: string): boolean {
  return exportTo.length === 0 || exportTo.includes("*") || exportTo.includes(namespace);
}
