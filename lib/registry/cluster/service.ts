/**
 * From a Service, its EndpointSlices, their Pods and the WorkloadEntries that it selects to a service of the mesh, by Istio's rules: a
 * name leads to a cluster IP, of a headless Service to its endpoints, of an ExternalName elsewhere.
 */
import { workloadEndpoint, type WorkloadEntryDocument } from "../endpoints.ts";
import type { Endpoint, Service } from "../port.ts";
import { isSelected } from "../selection.ts";
import type { KubeEndpoint, KubePod, KubeService, KubeSlice, Labels } from "./port.ts";

/** The label by which a pod says that it takes mutual TLS of the mesh; the injector sets it. */
const TLS_MODE_LABEL = "security.istio.io/tlsMode";
const NETWORK_LABEL = "topology.istio.io/network";
/** The label by which a pod says where it is, with dots between, over what its node says. */
const LOCALITY_LABEL = "istio-locality";

/** All of a service but its endpoints. */
export type ServiceHead = Omit<Service, "endpoints">;

/** What a Service says by itself. */
export function serviceHead(service: KubeService, domain: string): ServiceHead {
  const { name, namespace, addresses, headless, externalName } = service;
  return {
    ...{ name, namespace, addresses, headless, externalName },
    host: `${name}.${namespace}.svc.${domain}`,
    registry: "Kubernetes",
    autoAddresses: [],
    ports: service.ports.map(({ name, number, protocol, targetPort }) => ({
      ...{ name, number, protocol, targetPort },
    })),
    // A proxy that does not intercept cannot know which endpoint of a headless Service was meant: it gets all of them.
    resolution: externalName === "" ? "STATIC" : "DNS",
    meshInternal: externalName === "",
    exportTo: service.exportTo.map((name) => name === "." ? namespace : name),
    subjectAltNames: [],
  };
}

/** What the endpoints of a service are made of. */
export interface EndpointSources {
  /** Its EndpointSlices, in an order that stays. */
  readonly slices: readonly KubeSlice[];
  /** The pod of a key `namespace/name`. */
  readonly podOf: (key: string) => KubePod | undefined;
  /** Where a node is. */
  readonly localityOf: (node: string) => string;
  /** WorkloadEntries of its namespace. */
  readonly workloads: readonly WorkloadEntryDocument[];
}

/** The endpoints. One whose pod is not known yet is left out: nobody knows whose certificate it would show. */
export function endpointsOf(
  service: KubeService,
  { slices, podOf, localityOf, workloads }: EndpointSources,
): readonly Endpoint[] {
  if (service.externalName !== "") {
    const { externalName: address, ports } = service;
    return [{ ...bare(address), ports: Object.fromEntries(ports.map(targetOf)) }];
  }
  const found = new Map<string, Endpoint>();
  for (const { ports, endpoints, namespace } of slices) {
    for (const each of endpoints) {
      const pod = each.pod === "" ? undefined : podOf(`${namespace}/${each.pod}`);
      if (each.pod !== "" && pod === undefined) continue;
      const ready = each.ready || service.publishesNotReady;
      const endpoint = { ...kubeEndpoint(each, pod, localityOf), ports, ready };
      found.set(each.address, joined(found.get(each.address), endpoint));
    }
  }
  return [...found.values(), ...selectedWorkloads(service, workloads)];
}

/** An endpoint may stand in two slices: while it moves from one to the other, or with some of its ports in each. */
function joined(before: Endpoint | undefined, endpoint: Endpoint): Endpoint {
  if (before === undefined) return endpoint;
  const { ready } = before;
  return {
    ...endpoint,
    ports: { ...before.ports, ...endpoint.ports },
    ready: ready || endpoint.ready,
  };
}

function kubeEndpoint(
  { address, hostname }: KubeEndpoint,
  pod: KubePod | undefined,
  localityOf: EndpointSources["localityOf"],
): Endpoint {
  return { ...bare(address), hostname, ...(pod && podFacts(pod, localityOf)) };
}

function podFacts(
  { labels, serviceAccount, node }: KubePod,
  localityOf: EndpointSources["localityOf"],
): Pick<Endpoint, "labels" | "serviceAccount" | "locality" | "network" | "tlsMode"> {
  return {
    ...{ labels, serviceAccount },
    locality: labels[LOCALITY_LABEL]?.replaceAll(".", "/") ?? localityOf(node),
    network: labels[NETWORK_LABEL] ?? "",
    // A pod without the label has no sidecar, whatever its service account.
    tlsMode: labels[TLS_MODE_LABEL] === "istio" ? "istio" : "disabled",
  };
}

function bare(address: string): Endpoint {
  return {
    ...{ address, ports: {}, labels: NO_LABELS, network: "", locality: "", weight: 0 },
    ...{ serviceAccount: "", hostname: "", ready: true, tlsMode: "disabled" },
  };
}

const NO_LABELS: Labels = {};

function targetOf(
  { name, targetPort, number }: KubeService["ports"][number],
): readonly [string, number] {
  return [name, targetPort ?? number];
}

/** WorkloadEntries that a Service selects are its endpoints, as pods are; a port whose target has a name is that of the WorkloadEntry. */
function selectedWorkloads(
  { selector, ports, namespace }: KubeService,
  workloads: readonly WorkloadEntryDocument[],
): readonly Endpoint[] {
  if (selector === undefined) return [];
  const selected = workloads.filter((workload) => isSelected(selector, namespace, workload));
  return selected.map((workload) => {
    const own = new Map(Object.entries(workload.spec.ports));
    const numbers = ports.flatMap(({ name, targetName, targetPort, number }) => {
      const other = targetName === "" ? targetPort ?? number : own.get(targetName);
      const target = own.get(name) ?? other;
      return target === undefined ? [] : [[name, target] as const];
    });
    return { ...workloadEndpoint(workload.spec), ports: Object.fromEntries(numbers) };
  });
}

/** A pod as an endpoint of a ServiceEntry that selects it; undefined for one that has no address. */
export function podEndpoint(
  pod: KubePod,
  localityOf: EndpointSources["localityOf"],
): Endpoint | undefined {
  const [address] = pod.addresses;
  if (address === undefined) return undefined;
  return { ...bare(address), ...podFacts(pod, localityOf), ready: pod.ready };
}
