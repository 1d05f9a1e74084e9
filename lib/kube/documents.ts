/** Looking into documents that came from an API server: whatever is missing or of another type reads as nothing. */
import { isSignetError } from "../base/mod.ts";
import type { KubeDocument, ObjectMeta } from "./port.ts";

/** The value as an object; an empty one when it is none. */
export function asObject(value: unknown): KubeDocument {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as KubeDocument
    : {};
}

/** The value as a text; an empty one when it is none. */
export function asText(value: unknown): string {
  return typeof value === "string" ? value : "";
}

/** The texts of a list. */
export function asTexts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((one) => typeof one === "string") : [];
}

/** The metadata of an object. */
export function metaOf(object: KubeDocument): ObjectMeta {
  const { name, namespace, resourceVersion } = asObject(object["metadata"]);
  return {
    name: asText(name),
    namespace: asText(namespace),
    resourceVersion: asText(resourceVersion),
  };
}

/** `namespace/name`, or the name of an object of the whole cluster. */
export function keyOf(object: KubeDocument): string {
  const { name, namespace } = metaOf(object);
  return namespace === "" ? name : `${namespace}/${name}`;
}

/** The HTTP status with which the server refused; `undefined` for anything else that was thrown. */
export function refusedStatus(thrown: unknown): number | undefined {
  if (!isSignetError(thrown, "kube.refused")) return undefined;
  const { status } = thrown.fields;
  return typeof status === "number" ? status : undefined;
}
