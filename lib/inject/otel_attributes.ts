/** OpenTelemetry's attributes of a service, from what a pod says of itself (semantic conventions for Kubernetes). */
import { type Draft, textAt } from "./document.ts";

/** What is known of the pod. */
export interface OtelSource {
  /** Annotations. */
  readonly annotations: Draft;
  /** Labels. */
  readonly labels: Draft;
  /** Namespace of its workload. */
  readonly namespace: string;
  /** Its containers. */
  readonly containers: readonly Draft[];
}

/** `service.namespace=...,service.version=...,service.instance.id=...`, as far as it is known. */
export function otelAttributes(source: OtelSource): string {
  const { annotations, labels, namespace, containers } = source;
  const own = (name: string) => textAt(annotations, `resource.opentelemetry.io/${name}`);
  const first = containers[0];
  const instance = first === undefined ? "" : `${namespace}.$(POD_NAME).${textAt(first, "name")}`;
  const version = textAt(labels, "app.kubernetes.io/version") ||
    (containers.length === 1 ? imageVersion(textAt(first!, "image")) : "");
  const attributes = [
    ["service.namespace", own("service.namespace") || namespace],
    ["service.version", own("service.version") || version],
    ["service.instance.id", own("service.instance.id") || instance],
  ];
  return attributes.filter(([, value]) => value !== "").map(([name, value]) => `${name}=${value}`)
    .join(",");
}

/** Tag and digest of an image: `[registry[:port]/]name[:tag][@digest]`. */
function imageVersion(image: string): string {
  const at = image.indexOf("@");
  const digest = at < 0 ? "" : image.slice(at + 1);
  const named = at < 0 ? image : image.slice(0, at);
  const colon = named.lastIndexOf(":");
  const tag = colon > named.lastIndexOf("/") ? named.slice(colon + 1) : "";
  return [tag, digest].filter((part) => part !== "").join("@");
}
