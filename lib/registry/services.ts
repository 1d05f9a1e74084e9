/**
 * From documents to services: one service for each host of a ServiceEntry, its endpoints from the document or from the WorkloadEntries
 * and a cluster's pods that it selects (those of its own namespace, all of its labels), its addresses its own or made up.
 */
import { parseIpAddress } from "../base/mod.ts";
import type { IstioDocument, ServicePort, WorkloadEntry } from "../istio/mod.ts";
import { allocateAddresses, type Allocations } from "./auto_addresses.ts";
import { workloadEndpoint, type WorkloadEntryDocument } from "./endpoints.ts";
import { byHost } from "./order.ts";
import type { AutoAddressPrefixes, Endpoint, Service } from "./port.ts";
import { isSelected } from "./selection.ts";

/** The label that keeps a ServiceEntry from getting made-up addresses when it is `false`. */
const AUTO_ADDRESS_LABEL = "networking.istio.io/enable-autoallocate-ip";

type ServiceEntryDocument = Extract<IstioDocument, { readonly kind: "ServiceEntry" }>;

/** Pods of a namespace with these labels, as endpoints without ports. */
export type SelectPods = (
  namespace: string,
  labels: Readonly<Record<string, string>>,
) => readonly Endpoint[];

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
    /** The pods of a cluster; by default there are none. */
    readonly selectPods?: SelectPods;
  },
): BuiltServices {
  const selectPods = options.selectPods ?? (() => []);
  const workloads = documents.filter((document) => document.kind === "WorkloadEntry");
  const entries = documents.filter((document) => document.kind === "ServiceEntry");
  const bare = entries.flatMap((entry) => toServices(entry, workloads, selectPods));
  const wishes = options.autoAddresses === undefined ? [] : bare
    .filter(({ wantsAddresses }) => wantsAddresses)
    .map(({ service }) => ({ key: keyOf(service) }));
  const taken = new Set(bare.flatMap(({ service }) => service.addresses));
  const allocations = options.autoAddresses === undefined
    ? new Map<string, readonly string[]>()
    : allocateAddresses(wishes, options.autoAddresses, { previous: options.previous, taken });
  const services = bare.map(({ service, wantsAddresses }) =>
    wantsAddresses ? { ...service, autoAddresses: allocations.get(keyOf(service)) ?? [] } : service
  ).sort(byHost);
  const unallocated = wishes.map(({ key }) => key).filter((key) => !allocations.has(key));
  return { services, allocations, unallocated };
}

function keyOf({ namespace, host }: Service): string {
  return `${namespace}/${host}`;
}

interface BareService {
  readonly service: Service;
  readonly wantsAddresses: boolean;
}

function toServices(
  { meta, spec }: ServiceEntryDocument,
  workloads: readonly WorkloadEntryDocument[],
  selectPods: SelectPods,
): readonly BareService[] {
  const endpoints = spec.workloadSelector === undefined
    ? spec.endpoints.map((endpoint) => toEndpoint(endpoint, { ports: spec.ports, hostname: "" }))
    : selectEndpoints({ meta, spec }, spec.workloadSelector.labels, { workloads, selectPods });
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

function selectEndpoints(
  { meta: { namespace }, spec: { ports } }: Pick<ServiceEntryDocument, "meta" | "spec">,
  labels: Readonly<Record<string, string>>,
  { workloads, selectPods }: {
    readonly workloads: readonly WorkloadEntryDocument[];
    readonly selectPods: SelectPods;
  },
): readonly Endpoint[] {
  const selected = workloads.filter((workload) => isSelected(labels, namespace, workload))
    .map(({ spec, meta }) => toEndpoint(spec, { ports, hostname: meta.name }));
  const own = Object.fromEntries(
    ports.map(({ name, number, targetPort }) => [name, targetPort ?? number]),
  );
  return [...selected, ...selectPods(namespace, labels).map((pod) => ({ ...pod, ports: own }))];
}

function toEndpoint(
  workload: WorkloadEntry,
  service: { readonly ports: readonly ServicePort[]; readonly hostname: string },
): Endpoint {
  const written = new Map(Object.entries(workload.ports));
  const own = service.ports.map(({ name, number, targetPort }) =>
    [name, written.get(name) ?? targetPort ?? number] as const
  );
  return {
    ...workloadEndpoint(workload),
    ports: Object.fromEntries(own),
    hostname: parseIpAddress(workload.address) === undefined ? "" : service.hostname,
  };
}
