/** Attributes of a condition (`when[].key`), and what their values may be. */
import {
  addressesFault,
  emptyFault,
  portsFault,
  serviceAccountsFault,
  wildcardsFault,
} from "./values.ts";

/** What is wrong with the values of an attribute. */
type AttributeRule = (values: readonly string[], key: string) => string | undefined;

const ANYTHING: AttributeRule = () => undefined;
const ATTRIBUTES: ReadonlyMap<string, AttributeRule> = new Map([
  ["source.ip", addressesFault],
  ["remote.ip", addressesFault],
  ["source.namespace", ANYTHING],
  ["source.serviceAccount", serviceAccountsFault],
  ["source.principal", ANYTHING],
  ["source.trustDomain", wildcardsFault],
  ["request.auth.principal", ANYTHING],
  ["request.auth.audiences", ANYTHING],
  ["request.auth.presenter", ANYTHING],
  ["destination.ip", addressesFault],
  ["destination.port", portsFault],
  ["connection.sni", ANYTHING],
  ["destination.namespace", (_, key) => `attribute ${key} is replaced by the metadata.namespace`],
  ["destination.name", (_, key) => `deprecated attribute ${key}: only supported in v1alpha1`],
  ["destination.user", (_, key) => `deprecated attribute ${key}: only supported in v1alpha1`],
]);
/** Attributes that name one of several: `request.headers[x-a]`. */
const MAPS = ["request.headers", "request.auth.claims", "experimental.envoy.filters."];
const LABELS = "destination.labels";

/** What is wrong with an attribute and its values. */
export function attributeFault(key: string, values: readonly string[]): string | undefined {
  const empty = emptyFault(values, key);
  if (empty !== undefined) return empty;
  if (MAPS.some((prefix) => key.startsWith(prefix))) return mapKeyFault(key);
  const rule = ATTRIBUTES.get(key);
  if (rule !== undefined) return rule(values, key);
  return key.startsWith(LABELS)
    ? `attribute ${key} is replaced by the workload selector`
    : `unknown attribute: ${key}`;
}

function mapKeyFault(key: string): string | undefined {
  const open = key.indexOf("[");
  const isFine = key.endsWith("]") && open > 0 && open < key.length - 2;
  return isFine ? undefined : `bad key (${key}): should have format a[b]`;
}
