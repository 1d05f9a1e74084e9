/**
 * Everything that one proxy is configured with, and the generator that makes it from a snapshot.
 *
 * What depends on a service alone is made once for the service, what depends on what a proxy sees once for the scope. A type is made when
 * somebody asks for it. Whatever says the same as before is the same object, which is how a push knows what to leave out.
 */
import type { Sidecar } from "../istio/mod.ts";
import {
  createScopes,
  createWorkloads,
  type MeshService,
  type MeshSettings,
  type MeshSnapshot,
  peerMode,
  type Proxy,
  type Scope,
  type ServiceFacts,
  sidecarOf,
  type Workload,
} from "../mesh/mod.ts";
import { fixedClusters, holdsEndpoints, serviceCluster } from "./clusters.ts";
import type { Encoder, Resource } from "./encode.ts";
import { loadAssignment, noEndpoints } from "./endpoints.ts";
import { outboundCluster } from "./names.ts";
import { applicationCluster, type InboundPort, ingressListener } from "./inbound.ts";
import { boundListeners, type BoundOptions } from "./outbound_listeners.ts";
import { domainsThatCount, httpPorts, noRoutes, portRoutes, type RouteOptions } from "./routes.ts";
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
  const [scopes, workloads] = [createScopes(), createWorkloads()];
  const services = createServiceParts(encoder);
  const fixed = part(fixedClusters().map(encoder.cluster));
  const lists = createListParts(encoder);
  const inboundParts = createInboundParts(encoder);
  return {
    configOf(snapshot, proxy) {
      const { policies, settings } = snapshot;
      const workload = workloads.of(snapshot, proxy);
      const sidecar = sidecarOf(policies, workload, settings.rootNamespace);
      const scope = scopes.scopeOf(snapshot, { namespace: proxy.namespace, sidecar });
      const inbound = sidecar && inboundParts.of(sidecar, { snapshot, proxy, workload });
      const blocks = sidecar?.outboundTrafficPolicy?.mode === "REGISTRY_ONLY";
      return new LazyConfig({ scope, proxy, blocks, inbound, encoder, services, lists, fixed });
    },
  };
}

interface ConfigInput {
  readonly scope: Scope;
  readonly proxy: Proxy;
  /** True when requests to unknown hosts are refused. */
  readonly blocks: boolean;
  readonly inbound: Inbound | undefined;
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
    const { fixed, services, scope, inbound } = this.#input;
    return this.#clusters ??= [fixed, services.clusters(scope), inbound?.clusters ?? NO_PART];
  }

  get endpoints(): ResourceSet {
    const { services, scope } = this.#input;
    return this.#endpoints ??= [services.endpoints(scope)];
  }

  get listeners(): ResourceSet {
    const { lists, scope, proxy, inbound } = this.#input;
    return this.#listeners ??= [
      inbound?.listeners ?? NO_PART,
      lists.listeners(scope.facts, boundOptions(proxy, inbound)),
    ];
  }

  get routes(): ResourceSet {
    const { lists, scope, proxy, blocks } = this.#input;
    const { domain } = proxy;
    return this.#routes ??= [lists.routes(scope.facts, { domain, blocks })];
  }

  unknownEndpoints(name: string): Resource {
    return this.#input.encoder.endpoints(noEndpoints(name));
  }

  unknownRoutes(name: string): Resource {
    const { encoder, blocks } = this.#input;
    const isPort = /^\d{1,5}$/.test(name);
    return encoder.routes(
      isPort ? portRoutes([], Number(name), { domain: "", blocks }) : noRoutes(name),
    );
  }
}

/** Where the application finds the proxy: the loopback address of the family that the machine has. */
function boundOptions(
  { addresses, isPrivileged }: Proxy,
  inbound: Inbound | undefined,
): BoundOptions {
  const bind = addresses.some((address) => !address.includes(":")) ? "127.0.0.1" : "::1";
  const taken = (inbound?.binds ?? []).filter(({ address }) =>
    [bind, "0.0.0.0", "::"].includes(address)
  )
    .map(({ port }) => port);
  return { bind, taken, lowest: isPrivileged ? 0 : FIRST_UNPRIVILEGED_PORT };
}

/** Lower ports are for privileged programs. */
const FIRST_UNPRIVILEGED_PORT = 1024;
const NO_PART: ResourcePart = new Map();

/** What a workload's own ports bring. */
interface Inbound {
  /** What its listeners bind to. */
  readonly binds: readonly { readonly address: string; readonly port: number }[];
  readonly clusters: ResourcePart;
  readonly listeners: ResourcePart;
}

interface InboundParts {
  of(sidecar: Sidecar, of: {
    readonly snapshot: MeshSnapshot;
    readonly proxy: Proxy;
    readonly workload: Workload;
  }): Inbound;
}

/** Kept by Sidecar and by all else that they depend on: proxies of one workload that differ in address differ in their parts. */
function createInboundParts(encoder: Encoder): InboundParts {
  const ofSettings = remembered((_: MeshSettings) => new WeakMap<Sidecar, Map<string, Inbound>>());
  return {
    of(sidecar, { snapshot: { settings, policies }, proxy, workload }) {
      const { rootNamespace } = settings;
      const address = proxy.addresses[0]!;
      const ports = sidecar.ingress.map((ingress): InboundPort => {
        const port = ingress.port?.number ?? 0;
        return { ingress, address, mode: peerMode(policies, { workload, port, rootNamespace }) };
      });
      const kept = rememberedIn(ofSettings(settings), sidecar, () => new Map());
      const key = `${address} ${ports.map(({ mode }) => mode).join(" ")}`;
      return rememberedAt(kept, key, () => ({
        binds: sidecar.ingress.map(({ bind, port }) => ({
          address: bind || address,
          port: port?.number ?? 0,
        })),
        clusters: part(ports.map((port) => encoder.cluster(applicationCluster(port)))),
        listeners: part(ports.map((port) => encoder.listener(ingressListener(port, settings)))),
      }));
    },
  };
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
  listeners(facts: readonly ServiceFacts[], options: BoundOptions): ResourcePart;
  routes(facts: readonly ServiceFacts[], options: RouteOptions): ResourcePart;
}

function createListParts(encoder: Encoder): ListParts {
  const listeners = remembered((_: readonly ServiceFacts[]) => new Map<string, ResourcePart>());
  const routes = remembered((_: readonly ServiceFacts[]) => new Map<string, ResourcePart>());
  const domains = remembered(domainsThatCount);
  return {
    listeners: (facts, options) =>
      rememberedAt(
        listeners(facts),
        JSON.stringify(options),
        () => part(boundListeners(facts, options).map(encoder.listener)),
      ),
    routes(facts, { domain, blocks }) {
      const options = { domain: domains(facts)(domain), blocks };
      return rememberedAt(
        routes(facts),
        JSON.stringify(options),
        () =>
          part(httpPorts(facts).map((port) => encoder.routes(portRoutes(facts, port, options)))),
      );
    },
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
