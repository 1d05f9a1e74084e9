/** A cluster to use, when there is one. */
import { type Clock, messageOf, SignetError } from "../base/mod.ts";
import { createKubeClient, type KubeClientOptions } from "./client.ts";
import { type KubeConfig, readAccess } from "./file.ts";
import { parseKubeconfig } from "./kubeconfig.ts";
import type { KubeAccess, KubeClient } from "./port.ts";

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

/**
 * Opens the cluster of a kubeconfig that somebody else wrote, for whom no file of this machine is read. Nothing is sent yet.
 *
 * @param from where the text stands, for people.
 * @throws {SignetError} `kube.bad_config`.
 */
export function openForeignCluster(
  text: string,
  from: string,
  { clock }: { readonly clock: Clock },
): KubeCluster {
  const access = parseForeign(text, from);
  const { ca, client: certificate, token } = access;
  const sources = [ca, certificate?.cert, certificate?.key, token];
  if (sources.some((source) => source?.kind === "file")) {
    throw new SignetError(
      "kube.bad_config",
      `Cannot use kubeconfig of ${from}: it names a file; put what the file holds into certificate-authority-data, client-certificate-data, client-key-data or token`,
    );
  }
  const client = createKubeClient({ ...access, from }, { clock });
  return { client, from, [Symbol.dispose]: () => client[Symbol.dispose]() };
}

/** The parser's message, without the flag that names other kubeconfigs. */
function parseForeign(text: string, from: string): KubeAccess {
  try {
    return parseKubeconfig(text, from);
  } catch (thrown) {
    const message = messageOf(thrown).replace(" (--kubeconfig)", "");
    throw new SignetError("kube.bad_config", message, { cause: thrown });
  }
}
