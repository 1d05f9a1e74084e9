/** Reading what tells how to reach an API server: a kubeconfig, the files of a pod's service account, and the files that they name. */
import { messageOf, SignetError } from "../base/mod.ts";
import { MAX_KUBECONFIG_CHARS, parseKubeconfig } from "./kubeconfig.ts";
import type { KubeAccess, TextSource } from "./port.ts";

/** Where Kubernetes mounts the credentials of a pod's service account. */
const SERVICE_ACCOUNT_DIRECTORY = "/var/run/secrets/kubernetes.io/serviceaccount";

/** Which cluster to use. */
export type KubeConfig =
  | { readonly kind: "kubeconfig"; readonly path: string }
  | {
    readonly kind: "in_cluster";
    /** Address of the API server, as Kubernetes tells every pod. */
    readonly host: string;
    /** Its port. */
    readonly port: string;
    /** True when a pod without a service account's token is an error; else it has no cluster. */
    readonly isRequired: boolean;
  };

/**
 * Finds out how to reach the cluster; `undefined` in a pod that was given no token.
 *
 * @throws {SignetError} `kube.bad_config`.
 */
export async function readAccess(config: KubeConfig): Promise<KubeAccess | undefined> {
  if (config.kind === "kubeconfig") {
    return parseKubeconfig(await readText(config.path), config.path);
  }
  const token = `${SERVICE_ACCOUNT_DIRECTORY}/token`;
  try {
    await Deno.stat(token);
  } catch (thrown) {
    if (!config.isRequired && thrown instanceof Deno.errors.NotFound) return undefined;
    throw unreadable(token, thrown);
  }
  const host = config.host.includes(":") ? `[${config.host}]` : config.host;
  return {
    server: `https://${host}:${config.port}`,
    from: "the pod's service account",
    ca: { kind: "file", path: `${SERVICE_ACCOUNT_DIRECTORY}/ca.crt` },
    client: undefined,
    token: { kind: "file", path: token },
  };
}

/** The text of a source as it is now. @throws {SignetError} `kube.bad_config`. */
export async function readSource(source: TextSource): Promise<string> {
  return source.kind === "text" ? source.text : await readText(source.path);
}

async function readText(path: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_KUBECONFIG_CHARS) {
      throw new RangeError(`It has ${size} bytes, at most ${MAX_KUBECONFIG_CHARS} are read`);
    }
    return await Deno.readTextFile(path);
  } catch (thrown) {
    throw unreadable(path, thrown);
  }
}

function unreadable(path: string, thrown: unknown): SignetError {
  return new SignetError(
    "kube.bad_config",
    `Cannot read ${path} for the Kubernetes API: ${
      messageOf(thrown)
    }; make it readable, name another by --kubeconfig, or use no cluster by --registries=""`,
    { cause: thrown },
  );
}
