/**
 * From the API server's documents to what is kept of them. What is missing or of another type reads as nothing: the API server has checked
 * it, and newer versions add to it.
 */
import { asObject, asText, asTexts, type KubeDocument, metaOf } from "../../kube/mod.ts";
import type { KubeEndpoint, KubePod, KubePort, KubeService, KubeSlice, Labels } from "./port.ts";
import { portProtocol } from "./port_protocol.ts";
import type { SharedValues } from "./shared_values.ts";

/** The label that names the Service of an EndpointSlice. */
const SERVICE_LABEL = "kubernetes.io/service-name";
const EXPORT_TO = "networking.istio.io/exportTo";
/** Most labels of an object that are kept; people have a dozen. */
const MAX_LABELS = 256;
/** Labels of a node that say where it is, from the largest place to the smallest, by Kubernetes and Istio. */
const TOPOLOGY = [
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.istio.io/subzone",
];

/** What is kept of a Service. */
export function keepService(object: KubeDocument): KubeService {
  const { name, namespace } = metaOf(object);
  const spec = asObject(object["spec"]);
  const externalName = spec["type"] === "ExternalName" ? asText(spec["externalName"]) : "";
  const addresses = clusterIps(spec);
  const selector = textsOf(spec["selector"]);
  return {
    ...{ name, namespace, addresses },
    headless: spec["clusterIP"] === "None" && externalName === "",
    externalName: externalName.toLowerCase().replace(/\.$/, ""),
    selector: Object.keys(selector).length === 0 ? undefined : selector,
    ports: asList(spec["ports"]).flatMap(keepPort),
    exportTo: splitExportTo(asObject(asObject(object["metadata"])["annotations"])[EXPORT_TO]),
    publishesNotReady: spec["publishNotReadyAddresses"] === true,
  };
}

function clusterIps(spec: KubeDocument): readonly string[] {
  const all = asTexts(spec["clusterIPs"]);
  return (all.length > 0 ? all : [asText(spec["clusterIP"])])
    .filter((address) => address !== "" && address !== "None");
}

/** No proxy carries SCTP. */
function keepPort(value: unknown): readonly KubePort[] {
  const port = asObject(value);
  const transport = asText(port["protocol"]) || "TCP";
  const [name, number] = [asText(port["name"]), asNumber(port["port"])];
  if (transport === "SCTP" || number === undefined) return [];
  const appProtocol = asText(port["appProtocol"]);
  return [{
    ...{ name, number },
    protocol: portProtocol({ number, name, transport, appProtocol }),
    targetPort: asNumber(port["targetPort"]),
    targetName: asText(port["targetPort"]),
  }];
}

function splitExportTo(value: unknown): readonly string[] {
  return asText(value).split(",").map((name) => name.trim()).filter((name) => name !== "");
}

/** What is kept of an EndpointSlice; one of names instead of addresses, and one of no Service, has no endpoints. */
export function keepSlice(object: KubeDocument, values: SharedValues): KubeSlice {
  const { namespace } = metaOf(object);
  const service = asText(asObject(asObject(object["metadata"])["labels"])[SERVICE_LABEL]);
  const counts = service !== "" && object["addressType"] !== "FQDN";
  const endpoints = counts ? asList(object["endpoints"]) : [];
  return {
    service: values.text(`${namespace}/${service}`),
    namespace: values.text(namespace),
    ports: Object.fromEntries(
      asList(object["ports"]).flatMap((value) => {
        const { name, port } = asObject(value);
        const number = asNumber(port);
        return number === undefined ? [] : [[asText(name), number]];
      }),
    ),
    endpoints: endpoints.flatMap((value) => keepEndpoints(asObject(value))),
  };
}

/** Kubernetes gives one address an endpoint, and says that readers may take the first of several; Istio takes each. */
function keepEndpoints(endpoint: KubeDocument): readonly KubeEndpoint[] {
  const target = asObject(endpoint["targetRef"]);
  const kept = {
    // Unknown is ready. One that ends is not, whatever it serves still: the API server says so itself.
    ready: asObject(endpoint["conditions"])["ready"] !== false,
    pod: target["kind"] === "Pod" ? asText(target["name"]) : "",
    hostname: asText(endpoint["hostname"]),
  };
  return asTexts(endpoint["addresses"]).map((address) => ({ address, ...kept }));
}

/** What is kept of a Pod. */
export function keepPod(object: KubeDocument, values: SharedValues): KubePod {
  const { labels, deletionTimestamp } = asObject(object["metadata"]);
  const [spec, status] = [asObject(object["spec"]), asObject(object["status"])];
  const isReady = asList(status["conditions"]).some((value) => {
    const { type, status } = asObject(value);
    return type === "Ready" && status === "True";
  });
  const addresses = asList(status["podIPs"]).map((value) => asText(asObject(value)["ip"]));
  return {
    labels: values.labels(textsOf(labels)),
    serviceAccount: values.text(asText(spec["serviceAccountName"])),
    node: values.text(asText(spec["nodeName"])),
    addresses: addresses.filter((address) => address !== ""),
    ready: isReady && deletionTimestamp === undefined,
  };
}

/** Where a Node is: `region/zone/subzone`; empty when it does not say. */
export function keepNode(object: KubeDocument): string {
  const labels = asObject(asObject(object["metadata"])["labels"]);
  return TOPOLOGY.map((name) => asText(labels[name])).join("/").replace(/\/+$/, "");
}

function textsOf(value: unknown): Labels {
  const entries = Object.entries(asObject(value)).slice(0, MAX_LABELS)
    .filter((entry): entry is [string, string] => typeof entry[1] === "string");
  return Object.fromEntries(entries);
}

function asList(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}

function asNumber(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}
