/**
 * Who a proxy is to policies. A workload that a service knows by one of the proxy's addresses gives it its labels; the proxy's own word is
 * the fallback. Of several workloads with one address the one with the proxy's service account is meant.
 */
import type { MeshSnapshot, Proxy, Workload } from "./port.ts";

interface Known {
  readonly namespace: string;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Finds workloads by address; what is built for a snapshot goes with it. */
export interface Workloads {
  /** Who a proxy is. */
  of(snapshot: MeshSnapshot, proxy: Proxy): Workload;
}

/** Makes a {@linkcode Workloads}. */
export function createWorkloads(): Workloads {
  const indexes = new WeakMap<MeshSnapshot["services"], ReadonlyMap<string, readonly Known[]>>();
  const indexOf = (snapshot: MeshSnapshot) => {
    const known = indexes.get(snapshot.services) ?? build(snapshot);
    indexes.set(snapshot.services, known);
    return known;
  };
  return {
    of(snapshot, { addresses, namespace, serviceAccount, labels }) {
      const index = indexOf(snapshot);
      const here = addresses.flatMap((address) => index.get(address) ?? [])
        .filter((known) => known.namespace === namespace);
      const meant = here.find((known) => known.serviceAccount === serviceAccount) ?? here[0];
      return { namespace, labels: meant?.labels ?? labels };
    },
  };
}

function build({ services }: MeshSnapshot): ReadonlyMap<string, readonly Known[]> {
  const index = new Map<string, Known[]>();
  for (const { facts: { namespace }, endpoints } of services) {
    for (const { address, serviceAccount, labels } of endpoints) {
      if (Object.keys(labels).length === 0) continue;
      const known = { namespace, serviceAccount, labels };
      const others = index.get(address);
      if (others === undefined) index.set(address, [known]);
      else others.push(known);
    }
  }
  return index;
}
