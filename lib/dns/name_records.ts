/** What one host of the registry answers with: addresses in wire form, SRV by port, names of single endpoints, an alias. */
import { parseIpAddress } from "../base/mod.ts";
import type { Endpoint, Service } from "../registry/mod.ts";

/** One SRV record's data without its target's name in wire form (RFC 2782). */
export interface SrvData {
  /** Port of the target. */
  readonly port: number;
  /** Name of the target, as a key of the table. */
  readonly target: string;
}

/** Everything that a name leads to. The same object for as long as the table lives, so that encoded answers can be kept beside it. */
export interface NameRecords {
  /** The host that the records belong to: where a zone of one name begins. */
  readonly apex: string;
  /** IPv4 addresses, four octets each. */
  readonly v4: readonly Uint8Array[];
  /** IPv6 addresses, sixteen octets each. */
  readonly v6: readonly Uint8Array[];
  /** SRV data by `_port._proto`. */
  readonly srv: ReadonlyMap<string, readonly SrvData[]>;
  /** Endpoints with names of their own, under a headless service. */
  readonly endpoints: ReadonlyMap<string, NameRecords>;
  /** Where an alias leads (Kubernetes' ExternalName); empty for none. */
  readonly alias: string;
  /** Who knows the host, for the debug view. */
  readonly registry: Service["registry"];
}

const NO_SRV: ReadonlyMap<string, readonly SrvData[]> = new Map();
const NO_ENDPOINTS: ReadonlyMap<string, NameRecords> = new Map();

/** Finds what a host answers with; see {@linkcode recordsOf}. */
export type FindRecords = (services: readonly Service[]) => NameRecords | undefined;

/**
 * A {@linkcode FindRecords} that remembers: of a service that is alone with its host it gives the same records for as long as the registry
 * has the same object for it, so that one changed name does not cost the others their encoded answers.
 */
export function rememberRecords(): FindRecords {
  const known = new WeakMap<Service, { readonly records: NameRecords | undefined }>();
  return (services) => {
    const [alone, ...others] = services;
    if (alone === undefined || others.length > 0) return recordsOf(services);
    const found = known.get(alone) ?? { records: recordsOf(services) };
    known.set(alone, found);
    return found.records;
  };
}

/**
 * Joins the services of one host: a Kubernetes service stands alone, ServiceEntries add up. `undefined` when no address is known, so
 * that the name is asked upstream, as Istio does.
 */
export function recordsOf(services: readonly Service[]): NameRecords | undefined {
  const kubernetes = services.filter(({ registry }) => registry === "Kubernetes");
  const chosen = kubernetes.length > 0 ? kubernetes.slice(0, 1) : services;
  const [first] = chosen;
  if (first === undefined) return undefined;
  const alias = chosen.map(({ externalName }) => externalName).find((name) => name !== "") ?? "";
  const { v4, v6 } = byFamily(chosen.flatMap(addressesOf));
  if (v4.length + v6.length === 0 && alias === "") return undefined;
  return {
    apex: first.host,
    v4,
    v6,
    srv: first.host.startsWith("*.") ? NO_SRV : srvOf(chosen),
    endpoints: endpointsOf(chosen),
    alias,
    registry: first.registry,
  };
}

/** Addresses that names lead to: those of the endpoints of a headless service, the service's own, or made-up ones. */
function addressesOf(service: Service): readonly string[] {
  if (service.headless) {
    return service.ports.length === 0 ? [] : readyEndpoints(service).map(({ address }) => address);
  }
  const own = service.addresses.filter((address) => !address.includes("/"));
  return own.length > 0 ? own : service.autoAddresses;
}

function readyEndpoints({ endpoints }: Service): readonly Endpoint[] {
  return endpoints.filter(({ ready, address }) => ready && parseIpAddress(address) !== undefined);
}

/** Octets by family, without repeats. */
function byFamily(
  addresses: readonly string[],
): { readonly v4: readonly Uint8Array[]; readonly v6: readonly Uint8Array[] } {
  const octets = [...new Set(addresses)].map(parseIpAddress).filter((one) => one !== undefined);
  return {
    v4: octets.filter(({ length }) => length === 4),
    v6: octets.filter(({ length }) => length === 16),
  };
}

function srvOf(services: readonly Service[]): ReadonlyMap<string, readonly SrvData[]> {
  const all = new Map<string, SrvData[]>();
  for (const service of services) {
    for (const { name, number, protocol } of service.ports) {
      if (name === "") continue;
      const key = `_${name.toLowerCase()}._${protocol === "UDP" ? "udp" : "tcp"}`;
      const list = all.get(key) ?? [];
      list.push(...srvTargets(service, { name, number }));
      all.set(key, list);
    }
  }
  return all.size === 0 ? NO_SRV : all;
}

/** The service itself; of a headless one, each endpoint that has a name. */
function srvTargets(
  service: Service,
  { name, number }: { readonly name: string; readonly number: number },
): readonly SrvData[] {
  if (!service.headless) return [{ port: number, target: service.host }];
  return readyEndpoints(service).filter(({ hostname }) => hostname !== "").map((endpoint) => ({
    port: Object.hasOwn(endpoint.ports, name) ? endpoint.ports[name]! : number,
    target: `${endpoint.hostname}.${service.host}`,
  }));
}

function endpointsOf(services: readonly Service[]): ReadonlyMap<string, NameRecords> {
  const addresses = new Map<string, string[]>();
  for (const service of services) {
    if (!service.headless) continue;
    for (const { hostname, address } of readyEndpoints(service)) {
      if (hostname !== "") addresses.set(hostname, [...addresses.get(hostname) ?? [], address]);
    }
  }
  if (addresses.size === 0) return NO_ENDPOINTS;
  const { host, registry } = services[0]!;
  return new Map([...addresses].map(([hostname, list]) => [hostname, {
    apex: `${hostname}.${host}`,
    ...byFamily(list),
    srv: NO_SRV,
    endpoints: NO_ENDPOINTS,
    alias: "",
    registry,
  }]));
}
