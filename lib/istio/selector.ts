/**
 * What policies apply to: `selector` by labels (`matchLabels` of `istio.io/api/type/v1beta1`, `labels` of the networking kinds),
 * `targetRef` and `targetRefs`, and `exportTo`, the namespaces that see a document.
 */
import { quote } from "../base/mod.ts";
import { isLabel, labelKeyFault, labelValueFault } from "./names.ts";
import { list, map, object, type ObjectOf, type Raw } from "./schema/collection.ts";
import { below, type Cursor, fault, warn } from "./schema/port.ts";
import { text } from "./schema/scalar.ts";

const MAX_LABEL_VALUE = 63;

/** `selector` of a policy. */
export const WORKLOAD_SELECTOR = object({
  matchLabels: map(text({ max: MAX_LABEL_VALUE }), { max: 4096 }),
});
/** `workloadSelector` of a Sidecar and a ServiceEntry. */
export const LABELS_SELECTOR = object({
  labels: map(text({ max: MAX_LABEL_VALUE }), { max: 256 }),
});
const TARGET_REF = object({
  group: text({
    max: 253,
    check: pattern(/^$|^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/),
  }),
  kind: text({ min: 1, max: 63, check: pattern(/^[a-zA-Z]([-a-zA-Z0-9]*[a-zA-Z0-9])?$/) }),
  name: text({ min: 1, max: 253 }),
  namespace: text({
    check: (namespace) =>
      namespace === ""
        ? undefined
        : "targetRef namespace must not be set; cross namespace referencing is not supported",
  }),
}, { required: ["kind", "name"] });
/** The fields by which a policy says what it applies to. */
export const POLICY_TARGETS = {
  selector: WORKLOAD_SELECTOR,
  targetRef: TARGET_REF,
  targetRefs: list(TARGET_REF, { max: 16 }),
};
type PolicyTargets = ObjectOf<typeof POLICY_TARGETS>;

/** Kinds that a policy may be attached to, by group: a name that is a document's own choice, `constructor` included. */
const TARGET_KINDS: ReadonlyMap<string, readonly string[]> = new Map([
  ["", ["Service"]],
  ["core", ["Service"]],
  ["networking.istio.io", ["ServiceEntry"]],
  ["gateway.networking.k8s.io", ["Gateway", "GatewayClass"]],
]);

function pattern(regexp: RegExp): (value: string) => string | undefined {
  return (value) =>
    regexp.test(value) ? undefined : `${quote(value)} does not match ${regexp.source}`;
}

/** The rule over the fields of {@linkcode POLICY_TARGETS} as they are written. */
export function checkOneTarget(raw: Raw, at: Cursor): void {
  const written = ["selector", "targetRef", "targetRefs"].filter((name) => raw[name] !== undefined);
  if (written.length > 1) {
    fault(below(at, written[1]!), "only one of targetRefs or workloadSelector can be set");
  }
}

/** The rules of what a policy applies to. */
export function checkPolicyTargets(
  { selector, targetRef, targetRefs }: PolicyTargets,
  at: Cursor,
): void {
  if (selector !== undefined) {
    checkSelector(selector.matchLabels, below(at, "selector"), "matchLabels");
  }
  if (targetRef !== undefined) checkTarget(targetRef, below(at, "targetRef"));
  for (const [index, each] of targetRefs.entries()) {
    checkTarget(each, below(at, "targetRefs", index));
  }
}

function checkTarget(
  { group, kind }: { readonly group: string; readonly kind: string },
  at: Cursor,
): void {
  if (TARGET_KINDS.get(group)?.includes(kind)) return;
  const gateways = "gateway.networking.k8s.io/v1";
  const kinds = "core/v1/Service networking.istio.io/v1/ServiceEntry " +
    `${gateways}/Gateway ${gateways}/GatewayClass`;
  fault(below(at, "kind"), `targetRef must be to one of [${kinds}] but was ${group}/${kind}`);
}

/** The rules of labels that select workloads; `field` is the name of their map. */
export function checkSelector(
  labels: Readonly<Record<string, string>>,
  at: Cursor,
  field: "labels" | "matchLabels",
): void {
  for (const [key, value] of Object.entries(labels)) {
    const place = below(at, field, key);
    const pair = quote(`${key}=${value}`);
    if (key === "") fault(place, `empty key is not supported in selector: ${pair}`);
    if (`${key}${value}`.includes("*")) {
      fault(place, `wildcard is not supported in selector: ${pair}`);
    }
  }
}

/** Warns of a selector that selects everything, which is seldom meant. */
export function warnOfEmptySelector(
  labels: Readonly<Record<string, string>>,
  at: Cursor,
  reason = "workload selector specified without labels",
): void {
  if (Object.keys(labels).length === 0) warn(at, reason);
}

/** The rules of labels that workloads have. */
export function checkLabels(labels: Readonly<Record<string, string>>, at: Cursor): void {
  for (const [key, value] of Object.entries(labels)) {
    fault(below(at, key), labelKeyFault(key));
    fault(below(at, key), labelValueFault(value));
  }
}

/** `exportTo` of every networking kind. */
export const EXPORT_TO = list(text());

/** The rules of `exportTo`: names, `.`, or `*` alone, none twice; `~` alone where `mayHide` says so. */
export function checkExportTo(
  exportTo: readonly string[],
  at: Cursor,
  { namespace, mayHide = false }: { readonly namespace: string; readonly mayHide?: boolean },
): void {
  const seen = new Set<string>();
  for (const [index, written] of exportTo.entries()) {
    const place = below(at, index);
    const name = written === "." ? namespace : written;
    if (seen.has(name)) {
      fault(
        place,
        written === "."
          ? `duplicate entries in exportTo: . and current namespace ${namespace}`
          : `duplicate entries in exportTo for entry ${written}`,
      );
    } else if (name === "*" || name === "~" && mayHide || isLabel(name)) seen.add(name);
    else if (name === "~") {
      fault(place, "exportTo ~ (none) is not allowed for Istio configuration objects");
    } else fault(place, "only .,*, or a valid DNS 1123 label is allowed as exportTo entry");
  }
  if (exportTo.length > 1 && seen.has("*")) {
    fault(at, "cannot have both public (*) and non-public exportTo values for a resource");
  }
  if (exportTo.length > 1 && seen.has("~")) {
    fault(at, "cannot export service entry to no one (~) and someone");
  }
}
