/**
 * Everything that one proxy is configured with, and the generator that makes it from a snapshot.
 *
 * What depends on a service alone is made once for the service, what depends on what a proxy sees once for the scope. A type is made when
 * somebody asks for it. Whatever says the same as before is the same object, which is how a push knows what to leave out.
 */
import {
  createScopes,
  type MeshService,
  type MeshSnapshot,
  type Proxy,
  type Scope,
  type ServiceFacts,
} from "../mesh/mod.ts";
import { fixedClusters, holdsEndpoints, serviceCluster } from "./clusters.ts";
import type { Encoder, Resource } from "./encode.ts";
import { loadAssignment, noEndpoints } from "./endpoints.ts";
import { outboundCluster } from "./names.ts";
import { boundListeners } from "./outbound_listeners.ts";
import { httpPorts, noRoutes, portRoutes } from "./routes.ts";
import { part, type ResourcePart, type ResourceSet } from "./resource_set.ts";

/** What one proxy is configured with. */
export interface ProxyConfig {
  /** CDS. */
  readonly clusters: ResourceSet;
  /** EDS. */
  readonly endpoints: ResourceSet;
  /** LDS. */
  readonly listeners: ResourceSet;
  /** RDS. */
  readonly routes: ResourceSet;
  /** The answer to a name of EDS that is in no set. */
  unknownEndpoints(name: string): Resource;
  /** The answer to a name of RDS that is in no set. */
  unknownRoutes(name: string): Resource;
}

/** Makes the configuration of proxies. */
export interface ConfigGenerator {
  /** What a proxy is to have. Two proxies that see the same share what is in it. */
  configOf(snapshot: MeshSnapshot, proxy: Proxy): ProxyConfig;
}

/** Makes a generator. What it remembers goes with the snapshots that it was made from. */
export function createGenerator(encoder: Encoder): ConfigGenerator {
  const scopes = createScopes();
  const services = createServiceParts(encoder);
  const fixed = part(fixedClusters().map(encoder.cluster));
  const lists = createListParts(encoder);
  return {
    configOf(snapshot, proxy) {
      const scope = scopes.scopeOf(snapshot, proxy);
      return new LazyConfig({ scope, proxy, encoder, services, lists, fixed });
    },
  };
}

interface ConfigInput {
  readonly scope: Scope;
  readonly proxy: Proxy;
  readonly encoder: Encoder;
  readonly services: ServiceParts;
  readonly lists: ListParts;
  readonly fixed: ResourcePart;
}

/** Makes each type when it is asked for. */
class LazyConfig implements ProxyConfig {
  readonly #input: ConfigInput;
  #clusters: ResourceSet | undefined;
  #endpoints: ResourceSet | undefined;
  #listeners: ResourceSet | undefined;
  #routes: ResourceSet | undefined;

  constructor(input: ConfigInput) {
    this.#input = input;
  }

  get clusters(): ResourceSet {
    const { fixed, services, scope } = this.#input;
    return this.#clusters ??= [fixed, services.clusters(scope)];
  }

  get endpoints(): ResourceSet {
    const { services, scope } = this.#input;
    return this.#endpoints ??= [services.endpoints(scope)];
  }

  get listeners(): ResourceSet {
    const { lists, scope, proxy } = this.#input;
    return this.#listeners ??= [lists.listeners(scope.facts, bindAddress(proxy))];
  }

  get routes(): ResourceSet {
    const { lists, scope, proxy } = this.#input;
    return this.#routes ??= [lists.routes(scope.facts, proxy.domain)];
  }

  unknownEndpoints(name: string): Resource {
    return this.#input.encoder.endpoints(noEndpoints(name));
  }

  unknownRoutes(name: string): Resource {
    const { encoder, proxy } = this.#input;
    return encoder.routes(
      /^\d{1,5}$/.test(name) ? portRoutes([], Number(name), proxy.domain) : noRoutes(name),
    );
  }
}

/** Where the application finds the proxy: the loopback address of the family that the machine has. */
function bindAddress({ addresses }: Proxy): string {
  return addresses.some((address) => !address.includes(":")) ? "127.0.0.1" : "::1";
}

/** Parts that are put together from what each service brings. */
interface ServiceParts {
  clusters(scope: Scope): ResourcePart;
  endpoints(scope: Scope): ResourcePart;
}

function createServiceParts(encoder: Encoder): ServiceParts {
  const clusterOf = new WeakMap<MeshService | ServiceFacts, readonly Resource[]>();
  const endpointsOf = new WeakMap<MeshService, readonly Resource[]>();
  const clusters = remembered((scope: Scope) =>
    part(scope.services.flatMap((service) => {
      // Endpoints that stand in the cluster make it another cluster; others do not.
      const key = holdsEndpoints(service.facts) ? service : service.facts;
      return rememberedIn(clusterOf, key, () =>
        service.facts.ports.flatMap((port) => {
          const cluster = serviceCluster(service, port);
          return cluster === undefined ? [] : [encoder.cluster(cluster)];
        }));
    }))
  );
  const endpoints = remembered((scope: Scope) =>
    part(
      scope.services.flatMap((service) =>
        service.facts.resolution !== "STATIC"
          ? []
          : rememberedIn(endpointsOf, service, () =>
            service.facts.ports.map((port) =>
              encoder.endpoints(
                loadAssignment(service, port, outboundCluster(service.facts.host, port.number)),
              )
            ))
      ),
    )
  );
  return { clusters, endpoints };
}

/** Parts that many services share: a listener or routes of one port. */
interface ListParts {
  listeners(facts: readonly ServiceFacts[], bind: string): ResourcePart;
  routes(facts: readonly ServiceFacts[], domain: string): ResourcePart;
}

function createListParts(encoder: Encoder): ListParts {
  const listeners = remembered((_: readonly ServiceFacts[]) => new Map<string, ResourcePart>());
  const routes = remembered((_: readonly ServiceFacts[]) => new Map<string, ResourcePart>());
  return {
    listeners: (facts, bind) =>
      rememberedAt(
        listeners(facts),
        bind,
        () => part(boundListeners(facts, bind).map(encoder.listener)),
      ),
    routes: (facts, domain) =>
      rememberedAt(
        routes(facts),
        domain,
        () => part(httpPorts(facts).map((port) => encoder.routes(portRoutes(facts, port, domain)))),
      ),
  };
}

/** DNS domains whose routes are kept of one list: as many as there are namespaces with proxies, in a mesh that has that many. */
const MAX_KEPT = 1_000;

function rememberedAt<T>(kept: Map<string, T>, key: string, make: () => T): T {
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = make();
  if (kept.size < MAX_KEPT) kept.set(key, made);
  return made;
}

function remembered<K extends object, T>(make: (key: K) => T): (key: K) => T {
  const kept = new WeakMap<K, T>();
  return (key) => rememberedIn(kept, key, () => make(key));
}

function rememberedIn<K extends object, T>(kept: WeakMap<K, T>, key: K, make: () => T): T {
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = make();
  kept.set(key, made);
  return made;
}
