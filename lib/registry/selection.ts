/** Which workloads a selector means. */
import type { WorkloadEntryDocument } from "./endpoints.ts";

/** True when labels have all that a selector wants; an empty one wants nothing. */
export function hasLabels(
  labels: Readonly<Record<string, string>>,
  wanted: Readonly<Record<string, string>>,
): boolean {
  for (const key in wanted) if (labels[key] !== wanted[key]) return false;
  return true;
}

/** True when a selector of a namespace selects a WorkloadEntry; an empty selector selects every workload of the namespace. */
export function isSelected(
  selector: Readonly<Record<string, string>>,
  namespace: string,
  { meta, spec }: WorkloadEntryDocument,
): boolean {
  if (meta.namespace !== namespace) return false;
  // Istio looks at the labels of the spec, and at those of the object where the spec has none.
  return hasLabels(Object.keys(spec.labels).length > 0 ? spec.labels : meta.labels, selector);
}
