/** One ConfigMap of a cluster that is followed. */
import type { Clock } from "../base/mod.ts";
import { asObject, createReflector, type KubeClient } from "../kube/mod.ts";

/** What following needs. */
export interface FollowConfigMapOptions {
  /** The API server. */
  readonly client: KubeClient;
  /** Time. */
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Told the ConfigMap's data after each change, `undefined` when it is gone. */
  readonly onChange: (data: Readonly<Record<string, unknown>> | undefined) => void;
  /** Told each failure, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** A ConfigMap that is followed; disposing it ends that. */
export interface FollowedConfigMap extends AsyncDisposable {
  /** Resolves when it is known for the first time, or known not to be there. */
  readonly synced: Promise<void>;
}

/** Starts to follow a ConfigMap. */
export function followConfigMap(
  { namespace, name }: { readonly namespace: string; readonly name: string },
  options: FollowConfigMapOptions,
): FollowedConfigMap {
  const { client, clock, random, onChange, onFailure } = options;
  return createReflector({
    path: `/api/v1/namespaces/${encodeURIComponent(namespace)}/configmaps`,
    query: { fieldSelector: `metadata.name=${name}` },
    keep: (object) => asObject(object["data"]),
    onChange: (_key, data) => onChange(data),
    onFailure,
  }, { client, clock, random });
}
