/**
 * From the registry to a snapshot of the mesh. Each part that says what it said before is the object of before, so that everything
 * downstream is remembered by identity: what was made of a service, and what changed between two snapshots.
 */
import { isSame } from "../base/mod.ts";
import type { Endpoint, RegistrySnapshot, Service } from "../registry/mod.ts";
import type { MeshEndpoint, MeshService, MeshSettings, MeshSnapshot } from "./port.ts";
import { peerMode, type Policies, policiesOf, type Policy } from "./policies.ts";
import { keepSame, keepSameList } from "./same.ts";

/** Builds a snapshot over the one before; `previous` itself when it says nothing else. */
export function buildSnapshot(
  registry: Pick<RegistrySnapshot, "services" | "documents">,
  { settings, previous }: {
    readonly settings: MeshSettings;
    readonly previous: MeshSnapshot | undefined;
  },
): MeshSnapshot {
  const kept = keepSame(previous?.settings, settings);
  const policies = keepPolicies(previous?.policies, policiesOf(registry.documents));
  const world = { settings: kept, policies };
  const before = createFinder(previous?.services ?? []);
  // Of policies, services depend on who takes mutual TLS alone.
  const isSameWorld = kept === previous?.settings &&
    policies.authentication === previous.policies.authentication;
  const services = registry.services.map((service) => {
    const known = before(service);
    // Most services say what they said: those are found before anything is made of them.
    if (isSameWorld && known !== undefined && isSame(known.source, service)) return known;
    return keepService(known, toMeshService(service, world));
  });
  const keptServices = keepSameList(previous?.services, services);
  return isSameWorld && policies === previous?.policies && keptServices === previous.services
    ? previous
    : { ...world, services: keptServices };
}

/** Each policy that says the same stays the object that it was. */
function keepPolicies(before: Policies | undefined, policies: Policies): Policies {
  const keep = <Spec>(
    known: readonly Policy<Spec>[] = [],
    now: readonly Policy<Spec>[],
  ): readonly Policy<Spec>[] => {
    const byName = new Map(known.map((policy) => [`${policy.namespace}/${policy.name}`, policy]));
    return keepSameList(
      known,
      now.map((policy) => keepSame(byName.get(`${policy.namespace}/${policy.name}`), policy)),
    );
  };
  const kept: Policies = {
    authentication: keep(before?.authentication, policies.authentication),
    sidecars: keep(before?.sidecars, policies.sidecars),
    authorization: keep(before?.authorization, policies.authorization),
    requests: keep(before?.requests, policies.requests),
    destinations: keep(before?.destinations, policies.destinations),
    routes: keep(before?.routes, policies.routes),
  };
  const names = Object.keys(kept) as (keyof Policies)[];
  return before !== undefined && names.every((name) => kept[name] === before[name]) ? before : kept;
}

type World = Pick<MeshSnapshot, "settings" | "policies">;

function keyOf({ host, namespace, name }: Name): string {
  return `${host} ${namespace} ${name}`;
}

/**
 * Finds what was made of a service before. Most are the objects that they were, in the order that they had, and are found without their
 * names; of a few thousand that is most of the work.
 */
function createFinder(
  services: readonly MeshService[],
): (service: Service) => MeshService | undefined {
  let at = 0;
  let places: ReadonlyMap<string, number> | undefined;
  return (service) => {
    const here = services[at];
    if (here?.source === service || here !== undefined && isOfOneName(here.facts, service)) {
      at++;
      return here;
    }
    places ??= new Map(services.map(({ facts }, place) => [keyOf(facts), place]));
    const place = places.get(keyOf(service));
    if (place === undefined) return undefined;
    at = place + 1;
    return services[place];
  };
}

type Name = Pick<Service, "host" | "namespace" | "name">;

function isOfOneName(one: Name, other: Name): boolean {
  return one.host === other.host && one.namespace === other.namespace && one.name === other.name;
}

function keepService(before: MeshService | undefined, service: MeshService): MeshService {
  if (before === undefined) return service;
  const facts = keepSame(before.facts, service.facts);
  const endpoints = keepSame(before.endpoints, service.endpoints);
  return facts === before.facts && endpoints === before.endpoints
    ? before
    : { facts, endpoints, source: service.source };
}

function toMeshService(source: Service, world: World): MeshService {
  const { endpoints, ...facts } = source;
  return {
    source,
    facts: { ...facts, identities: identitiesOf(endpoints, facts, world.settings) },
    endpoints: endpoints.map((endpoint) => toMeshEndpoint(endpoint, facts, world)),
  };
}

/** Endpoints come from the service's own namespace: written in it, or selected there. */
function identitiesOf(
  endpoints: readonly Endpoint[],
  { namespace, subjectAltNames }: Pick<Service, "namespace" | "subjectAltNames">,
  { trustDomain }: MeshSettings,
): readonly string[] {
  const identities = endpoints
    .filter(({ serviceAccount }) => serviceAccount !== "")
    .map(({ serviceAccount }) => `spiffe://${trustDomain}/ns/${namespace}/sa/${serviceAccount}`);
  return [...new Set([...identities, ...subjectAltNames])].sort();
}

function toMeshEndpoint(
  endpoint: Endpoint,
  { meshInternal, namespace }: Pick<Service, "meshInternal" | "namespace">,
  { settings: { rootNamespace }, policies }: World,
): MeshEndpoint {
  if (!meshInternal || endpoint.tlsMode !== "istio") return { ...endpoint, meshTlsPorts: [] };
  const workload = { namespace, labels: endpoint.labels };
  const meshTlsPorts = Object.entries(endpoint.ports)
    .filter(([, port]) => peerMode(policies, { workload, port, rootNamespace }) !== "DISABLE")
    .map(([name]) => name);
  return { ...endpoint, meshTlsPorts };
}
