/**
 * Who a proxy is to policies. A workload that a service knows by one of the proxy's addresses gives it its labels; the proxy's own word is
 * the fallback. Of several workloads with one address those of a cluster are meant before those that a ServiceEntry names, whose author may
 * name any address, and of these the one with the proxy's service account.
 */
import type { MeshSnapshot, Proxy, Workload } from "./port.ts";

interface Known {
  readonly isOfCluster: boolean;
  readonly serviceAccount: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** Finds workloads by address; what is built for a snapshot goes with it. */
export interface Workloads {
  /** Who a proxy is. */
  of(snapshot: MeshSnapshot, proxy: Proxy): Workload;
}

type Index = ReadonlyMap<string, readonly Known[]>;

/** Makes a {@linkcode Workloads}. Of each snapshot the namespaces are indexed that have proxies. */
export function createWorkloads(): Workloads {
  const indexes = new WeakMap<MeshSnapshot["services"], Map<string, Index>>();
  const indexOf = ({ services }: MeshSnapshot, namespace: string) => {
    let ofSnapshot = indexes.get(services);
    if (ofSnapshot === undefined) indexes.set(services, ofSnapshot = new Map());
    const known = ofSnapshot.get(namespace);
    if (known !== undefined) return known;
    const index = build(services, namespace);
    // A namespace without services costs a look at each; what proxies say of theirs is not kept.
    if (index.size > 0) ofSnapshot.set(namespace, index);
    return index;
  };
  return {
    of(snapshot, { addresses, namespace, serviceAccount, labels }) {
      const index = indexOf(snapshot, namespace);
      const here = addresses.flatMap((address) => index.get(address) ?? []);
      const ofCluster = here.filter(({ isOfCluster }) => isOfCluster);
      const those = ofCluster.length > 0 ? ofCluster : here;
      const meant = those.find((known) => known.serviceAccount === serviceAccount) ?? those[0];
      return { namespace, labels: meant?.labels ?? labels };
    },
  };
}

function build(services: MeshSnapshot["services"], namespace: string): Index {
  const index = new Map<string, Known[]>();
  for (const { facts, endpoints } of services) {
    if (facts.namespace !== namespace) continue;
    for (const { address, serviceAccount, labels } of endpoints) {
      if (Object.keys(labels).length === 0) continue;
      const known = { isOfCluster: facts.registry === "Kubernetes", serviceAccount, labels };
      const others = index.get(address);
      if (others === undefined) index.set(address, [known]);
      else others.push(known);
    }
  }
  return index;
}
