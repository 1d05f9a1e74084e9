/**
 * Everything that one proxy is configured with, and the generator that makes it from a snapshot.
 *
 * What depends on a service alone is made once for the service, what depends on what a proxy sees once for the scope. A type is made when
 * somebody asks for it. Whatever says the same as before is the same object, which is how a push knows what to leave out.
 */
import {
  createScopes,
  createWorkloads,
  type Destination,
  type MeshService,
  type MeshSnapshot,
  type Proxy,
  type Scope,
  type ServiceFacts,
  sidecarOf,
  type Traffic,
} from "../mesh/mod.ts";
import { fixedClusters, holdsEndpoints, serviceClusters } from "./clusters.ts";
import type { Encoder, Resource } from "./encode.ts";
import { loadAssignment, noEndpoints, ofSubset, withAddresses } from "./endpoints.ts";
import { outboundCluster } from "./names.ts";
import { createInboundParts, type Inbound } from "./inbound_parts.ts";
import { boundListeners, type BoundOptions } from "./outbound_listeners.ts";
import { remembered, rememberedAt, rememberedIn } from "./remember.ts";
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
      const scope = scopes.scopeOf(snapshot, {
        namespace: proxy.namespace,
        sidecar,
        labels: workload.labels,
      });
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
      lists.listeners(scope.traffic, boundOptions(proxy, inbound)),
    ];
  }

  get routes(): ResourceSet {
    const { lists, scope, proxy, blocks } = this.#input;
    const { domain } = proxy;
    return this.#routes ??= [lists.routes(scope.traffic, { domain, blocks })];
  }

  unknownEndpoints(name: string): Resource {
    return this.#input.encoder.endpoints(noEndpoints(name));
  }

  unknownRoutes(name: string): Resource {
    const { encoder, blocks } = this.#input;
    const isPort = /^\d{1,5}$/.test(name);
    return encoder.routes(
      isPort ? portRoutes(NO_TRAFFIC, Number(name), { domain: "", blocks }) : noRoutes(name),
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
const NO_TRAFFIC: Traffic = { facts: [], destinations: [], routings: [] };

/** Parts that are put together from what each service brings. */
interface ServiceParts {
  clusters(scope: Scope): ResourcePart;
  endpoints(scope: Scope): ResourcePart;
}

/** Stands for nothing that is said of connections. */
const UNSAID: Destination = { trafficPolicy: undefined, subsets: [] };

function createServiceParts(encoder: Encoder): ServiceParts {
  type Kept = WeakMap<Destination, readonly Resource[]>;
  const clusterOf = remembered((_: MeshService | ServiceFacts): Kept => new WeakMap());
  const endpointsOf = remembered((_: MeshService): Kept => new WeakMap());
  const clusters = remembered((scope: Scope) =>
    part(scope.services.flatMap((service, at) => {
      // Endpoints that stand in the cluster make it another cluster; others do not.
      const key = holdsEndpoints(service.facts) ? service : service.facts;
      const destination = scope.traffic.destinations[at];
      return rememberedIn(clusterOf(key), destination ?? UNSAID, () =>
        service.facts.ports.flatMap((port) =>
          serviceClusters(service, port, destination).map(encoder.cluster)
        ));
    }))
  );
  const endpoints = remembered((scope: Scope) =>
    part(scope.services.flatMap((service, at) => {
      if (service.facts.resolution !== "STATIC") return [];
      const destination = scope.traffic.destinations[at] ?? UNSAID;
      return rememberedIn(endpointsOf(service), destination, () =>
        [undefined, ...destination.subsets].flatMap((subset) => {
          const chosen = withAddresses(ofSubset(service, subset));
          return service.facts.ports.map((port) => {
            const name = outboundCluster(service.facts.host, port.number, subset?.name);
            return encoder.endpoints(loadAssignment(chosen, port, name));
          });
        }));
    }))
  );
  return { clusters, endpoints };
}

/** Parts that many services share: a listener or routes of one port. */
interface ListParts {
  listeners(traffic: Traffic, options: BoundOptions): ResourcePart;
  routes(traffic: Traffic, options: RouteOptions): ResourcePart;
}

function createListParts(encoder: Encoder): ListParts {
  const listeners = remembered((_: Traffic) => new Map<string, ResourcePart>());
  const routes = remembered((_: Traffic) => new Map<string, ResourcePart>());
  const domains = remembered(domainsThatCount);
  return {
    listeners: (traffic, options) =>
      rememberedAt(
        listeners(traffic),
        JSON.stringify(options),
        () => part(boundListeners(traffic, options).map(encoder.listener)),
      ),
    routes(traffic, { domain, blocks }) {
      const { facts } = traffic;
      const options = { domain: domains(facts)(domain), blocks };
      return rememberedAt(
        routes(traffic),
        JSON.stringify(options),
        () =>
          part(httpPorts(facts).map((port) => encoder.routes(portRoutes(traffic, port, options)))),
      );
    },
  };
}
