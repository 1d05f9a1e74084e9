/**
 * From documents to services: one service for each host of a ServiceEntry, its endpoints from the document or from the WorkloadEntries
 * that it selects (those of its own namespace, all of its labels), its addresses its own or made up.
 */
import { parseIpAddress } from "../base/mod.ts";
import type { IstioDocument, ServicePort, WorkloadEntry } from "../istio/mod.ts";
import { allocateAddresses, type Allocations } from "./auto_addresses.ts";
import type { AutoAddressPrefixes, Endpoint, Service } from "./port.ts";

/** The label that keeps a ServiceEntry from getting made-up addresses when it is `false`. */
const AUTO_ADDRESS_LABEL = "networking.istio.io/enable-autoallocate-ip";

type ServiceEntryDocument = Extract<IstioDocument, { readonly kind: "ServiceEntry" }>;
type WorkloadEntryDocument = Extract<IstioDocument, { readonly kind: "WorkloadEntry" }>;

/** Services and the addresses that were made up for them, to be handed to the next build. */
export interface BuiltServices {
  /** In order of host, then namespace, then name. */
  readonly services: readonly Service[];
  /** By `namespace/host`. */
  readonly allocations: Allocations;
  /** Hosts that wanted made-up addresses and got none, because a prefix is full. */
  readonly unallocated: readonly string[];
}

/** Builds the services of `documents`. */
export function buildServices(
  documents: readonly IstioDocument[],
  options: {
    readonly autoAddresses: AutoAddressPrefixes | undefined;
    readonly previous: Allocations;
  },
): BuiltServices {
  const workloads = documents.filter((document) => document.kind === "WorkloadEntry");
  const entries = documents.filter((document) => document.kind === "ServiceEntry");
  const bare = entries.flatMap((entry) => toServices(entry, workloads));
  const wishes = options.autoAddresses === undefined ? [] : bare
    .filter(({ wantsAddresses }) => wantsAddresses)
    .map(({ service }) => ({ key: keyOf(service) }));
  const taken = new Set(bare.flatMap(({ service }) => service.addresses));
  const allocations = options.autoAddresses === undefined
    ? new Map<string, readonly string[]>()
    : allocateAddresses(wishes, options.autoAddresses, { previous: options.previous, taken });
  const services = bare.map(({ service, wantsAddresses }) =>
    wantsAddresses ? { ...service, autoAddresses: allocations.get(keyOf(service)) ?? [] } : service
  ).sort(inOrder);
  const unallocated = wishes.map(({ key }) => key).filter((key) => !allocations.has(key));
  return { services, allocations, unallocated };
}

function keyOf({ namespace, host }: Service): string {
  return `${namespace}/${host}`;
}

function inOrder(one: Service, other: Service): number {
  const [a, b] = [one, other].map(({ host, namespace, name }) => `${host} ${namespace} ${name}`);
  return a! < b! ? -1 : a! > b! ? 1 : 0;
}

interface BareService {
  readonly service: Service;
  readonly wantsAddresses: boolean;
}

function toServices(
  { meta, spec }: ServiceEntryDocument,
  workloads: readonly WorkloadEntryDocument[],
): readonly BareService[] {
  const endpoints = spec.workloadSelector === undefined
    ? spec.endpoints.map((endpoint) => toEndpoint(endpoint, { ports: spec.ports, hostname: "" }))
    : workloads
      .filter((workload) => selects(spec.workloadSelector!.labels, meta.namespace, workload))
      .map((workload) =>
        toEndpoint(workload.spec, { ports: spec.ports, hostname: workload.meta.name })
      );
  const headless = spec.resolution === "NONE" && spec.addresses.length === 0 &&
    spec.workloadSelector !== undefined;
  const mayAllocate = spec.addresses.length === 0 && spec.resolution !== "NONE" &&
    meta.labels[AUTO_ADDRESS_LABEL] !== "false";
  return spec.hosts.map((written) => {
    const host = written.toLowerCase().replace(/\.$/, "");
    const service: Service = {
      host,
      name: meta.name,
      namespace: meta.namespace,
      registry: "External",
      addresses: spec.addresses,
      autoAddresses: [],
      headless,
      externalName: "",
      ports: spec.ports,
      resolution: spec.resolution,
      meshInternal: spec.location === "MESH_INTERNAL",
      endpoints,
      exportTo: spec.exportTo.map((name) => name === "." ? meta.namespace : name),
      subjectAltNames: spec.subjectAltNames,
    };
    const isWildcard = host.startsWith("*.");
    return {
      service,
      wantsAddresses: mayAllocate && (!isWildcard || spec.resolution === "DYNAMIC_DNS"),
    };
  });
}

/** An empty selector selects every workload of the namespace. */
function selects(
  labels: Readonly<Record<string, string>>,
  namespace: string,
  { meta, spec }: WorkloadEntryDocument,
): boolean {
  if (meta.namespace !== namespace) return false;
  // Istio looks at the labels of the spec, and at those of the object where the spec has none.
  const own = Object.keys(spec.labels).length > 0 ? spec.labels : meta.labels;
  return Object.entries(labels).every(([key, value]) => own[key] === value);
}

function toEndpoint(
  { address, ports, labels, network, locality, weight, serviceAccount }: WorkloadEntry,
  service: { readonly ports: readonly ServicePort[]; readonly hostname: string },
): Endpoint {
  const own = service.ports.map(({ name, number, targetPort }) =>
    [name, ports[name] ?? targetPort ?? number] as const
  );
  return {
    ...{ address, labels, network, locality, weight, serviceAccount },
    ports: Object.fromEntries(own),
    hostname: parseIpAddress(address) === undefined ? "" : service.hostname,
    ready: true,
  };
}
