/** The order of services: one that does not depend on where they come from, and in which a few can be put among many. */
import type { Service } from "./port.ts";

/** By host; of one host a cluster's first, as Istio prefers it, then by namespace and name. */
export function byHost(one: Service, other: Service): number {
  return compare(one.host, other.host) || compare(rankOf(one), rankOf(other)) ||
    compare(one.namespace, other.namespace) || compare(one.name, other.name);
}

function rankOf({ registry }: Service): number {
  return registry === "Kubernetes" ? 0 : 1;
}

function compare<T extends string | number>(one: T, other: T): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** A list in order with some of its services replaced, taken out (`undefined`) or added. Services of one list have hosts of their own. */
export function withChanged(
  list: readonly Service[],
  changed: ReadonlyMap<string, Service | undefined>,
): readonly Service[] {
  const kept = list.filter(({ host }) => !changed.has(host));
  const fresh = [...changed.values()].filter((service) => service !== undefined).sort(byHost);
  return merged(kept, fresh);
}

/** Two lists in order as one. */
export function merged(one: readonly Service[], other: readonly Service[]): readonly Service[] {
  if (one.length === 0) return other;
  if (other.length === 0) return one;
  const all: Service[] = [];
  let at = 0;
  for (const service of other) {
    while (at < one.length && byHost(one[at]!, service) <= 0) all.push(one[at++]!);
    all.push(service);
  }
  while (at < one.length) all.push(one[at++]!);
  return all;
}
