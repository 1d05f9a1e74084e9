/** A cluster to use, when there is one. */
import { createKubeClient, type KubeClientOptions } from "./client.ts";
import { type KubeConfig, readAccess } from "./file.ts";
import type { KubeClient } from "./port.ts";

/** A cluster. */
export interface KubeCluster extends Disposable {
  /** Its API server. */
  readonly client: KubeClient;
  /** How it was found, for people. */
  readonly from: string;
}

/**
 * Opens the cluster that the settings name. Nothing is sent yet.
 *
 * @returns `undefined` when none is named, and in a pod without a service account's token.
 * @throws {SignetError} `kube.bad_config`.
 */
export async function openCluster(
  config: KubeConfig | undefined,
  options: KubeClientOptions,
): Promise<KubeCluster | undefined> {
  const access = config && await readAccess(config);
  if (access === undefined) return undefined;
  const client = createKubeClient(access, options);
  return { client, from: access.from, [Symbol.dispose]: () => client[Symbol.dispose]() };
}
