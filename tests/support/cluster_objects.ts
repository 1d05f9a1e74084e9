/** Objects of a cluster as its controllers would write them: there are none beside a test's API server. */
import { parseAllDocuments } from "yaml";
import { istioCrds } from "./istio_validation.ts";
import type { KubeDocument, TestCluster } from "./kubernetes.ts";

/** Paths of lists. */
export const LIST = {
  services: (namespace: string) => `/api/v1/namespaces/${namespace}/services`,
  slices: (namespace: string) => `/apis/discovery.k8s.io/v1/namespaces/${namespace}/endpointslices`,
  pods: (namespace: string) => `/api/v1/namespaces/${namespace}/pods`,
  nodes: "/api/v1/nodes",
  networking: (namespace: string, plural: string) =>
    `/apis/networking.istio.io/v1/namespaces/${namespace}/${plural}`,
} as const;

/** A pod to make. */
export interface PodWanted {
  readonly name: string;
  readonly namespace: string;
  readonly address: string;
  /** Default: `web`. It should exist. */
  readonly serviceAccount?: string;
  /** Default: a pod with a sidecar. */
  readonly labels?: Readonly<Record<string, string>>;
  /** Default: none. */
  readonly node?: string;
}

/** Makes a pod that runs and is ready, as a kubelet would say. */
export async function createPod(
  cluster: TestCluster,
  { name, namespace, address, serviceAccount = "web", labels, node }: PodWanted,
): Promise<void> {
  await cluster.api("POST", LIST.pods(namespace), {
    metadata: { name, labels: labels ?? { app: "web", "security.istio.io/tlsMode": "istio" } },
    spec: {
      serviceAccountName: serviceAccount,
      automountServiceAccountToken: false,
      containers: [{ name: "a", image: "a" }],
      ...(node === undefined ? {} : { nodeName: node }),
    },
  });
  await cluster.api("PATCH", `${LIST.pods(namespace)}/${name}/status`, {
    status: {
      phase: "Running",
      podIP: address,
      podIPs: [{ ip: address }],
      conditions: [{ type: "Ready", status: "True" }],
    },
  });
}

/** An endpoint of {@linkcode sliceOf}. */
export interface EndpointWanted {
  readonly address: string;
  readonly pod?: string;
  readonly hostname?: string;
  readonly conditions?: Readonly<Record<string, boolean>>;
}

/** An EndpointSlice of a Service, as the endpoint controller would write it. */
export function sliceOf(
  service: string,
  { name = `${service}-1`, namespace, ports, endpoints }: {
    readonly name?: string;
    readonly namespace: string;
    readonly ports: Readonly<Record<string, number>>;
    readonly endpoints: readonly EndpointWanted[];
  },
): KubeDocument {
  return {
    metadata: { name, namespace, labels: { "kubernetes.io/service-name": service } },
    addressType: "IPv4",
    ports: Object.entries(ports).map(([name, port]) => ({ name, port, protocol: "TCP" })),
    endpoints: endpoints.map(({ address, pod, hostname, conditions = { ready: true } }) => ({
      ...{ addresses: [address], conditions },
      ...(hostname === undefined ? {} : { hostname }),
      ...(pod === undefined ? {} : { targetRef: { kind: "Pod", name: pod, namespace } }),
    })),
  };
}

/** Creates Istio's CustomResourceDefinitions, or those of some kinds. */
export async function createCrds(
  cluster: TestCluster,
  kinds?: readonly string[],
): Promise<void> {
  const documents = parseAllDocuments(await Deno.readTextFile(istioCrds()));
  for (const document of documents) {
    const crd = document.toJS() as KubeDocument | null;
    if (crd === null || kinds !== undefined && !kinds.includes(crd.spec.names.kind)) continue;
    await cluster.api("POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", crd);
  }
}
