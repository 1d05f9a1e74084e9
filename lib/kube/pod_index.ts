/** The pods of a cluster, as far as it matters who runs where: followed, with a few words kept of each. */
import { asObject, asText } from "./documents.ts";
import type { KubeDocument } from "./port.ts";
import { createReflector, type ReflectorHost } from "./reflector.ts";

/** What is kept of a pod. */
export interface PodFacts {
  /** UID. */
  readonly uid: string;
  /** Its service account. */
  readonly serviceAccount: string;
  /** The node that it runs on. */
  readonly node: string;
}

/** Pods that run somewhere; disposing it ends following them. */
export interface PodIndex extends AsyncDisposable {
  /** Resolves when all pods are known for the first time. */
  readonly synced: Promise<void>;
  /** A pod, while it is on a node and has not failed. */
  find(namespace: string, name: string): PodFacts | undefined;
  /** True when a pod of the service account is on the node and has not failed. */
  runs(on: {
    readonly node: string;
    readonly namespace: string;
    readonly serviceAccount: string;
  }): boolean;
}

/** The API server leaves the others out, and tells of one that begins to belong there as of one that is gone. */
const ON_A_NODE = "spec.nodeName!=,status.phase!=Failed";

/** Starts to follow the pods. */
export function followPods(
  host: ReflectorHost & { readonly onFailure: (thrown: unknown) => void },
): PodIndex {
  const pods = new Map<string, PodFacts>();
  /** Pods by what `runs` asks for. */
  const counts = new Map<string, number>();
  const count = (key: string, facts: PodFacts | undefined, by: 1 | -1) => {
    if (facts === undefined) return;
    const of = placeOf(facts, key.slice(0, key.indexOf("/")));
    const left = (counts.get(of) ?? 0) + by;
    if (left > 0) counts.set(of, left);
    else counts.delete(of);
  };
  const reflector = createReflector<PodFacts>({
    path: "/api/v1/pods",
    query: { fieldSelector: ON_A_NODE },
    keep: factsOf,
    onChange(key, facts) {
      count(key, pods.get(key), -1);
      if (facts === undefined) pods.delete(key);
      else pods.set(key, facts);
      count(key, facts, 1);
    },
    onFailure: host.onFailure,
  }, host);
  return {
    synced: reflector.synced,
    find: (namespace, name) => pods.get(`${namespace}/${name}`),
    runs: ({ namespace, ...of }) => counts.has(placeOf(of, namespace)),
    [Symbol.asyncDispose]: () => reflector[Symbol.asyncDispose](),
  };
}

function placeOf(
  { node, serviceAccount }: Pick<PodFacts, "node" | "serviceAccount">,
  namespace: string,
): string {
  return `${node}/${namespace}/${serviceAccount}`;
}

function factsOf(pod: KubeDocument): PodFacts {
  const spec = asObject(pod["spec"]);
  return {
    uid: asText(asObject(pod["metadata"])["uid"]),
    serviceAccount: asText(spec["serviceAccountName"]),
    node: asText(spec["nodeName"]),
  };
}
