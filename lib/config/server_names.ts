/** The names in signet's own certificate: istiod 1.31's set, and those of this machine when signet runs outside a cluster. */
import type { Environment } from "./values.ts";

/** What the names depend on. */
export interface ServerNamesInput {
  /** `defaultConfig.discoveryAddress`, `host:port`. */
  readonly discoveryAddress: string;
  /** `ISTIOD_CUSTOM_HOST`: names with commas between, taken verbatim. */
  readonly customHost: string;
  /** `ISTIOD_ADDR`: one more. */
  readonly istiodAddr: string;
  /** Namespace of the server. */
  readonly namespace: string;
  /** Revision; empty and `default` add nothing. */
  readonly revision: string;
  /** True in a cluster. */
  readonly inCluster: boolean;
}

/** Names of this machine, for clients on it. */
const LOCAL_NAMES = ["127.0.0.1", "::1", "localhost"];

/** The names, each once, sorted by bytes as istiod sorts them. */
export function serverNames(input: ServerNamesInput): readonly string[] {
  const { discoveryAddress, namespace, revision } = input;
  const names = new Set([
    hostOf(discoveryAddress),
    ...input.customHost.split(","),
    hostOf(input.istiodAddr),
    ...["istiod", "istiod-remote", "istio-pilot"].map((service) => `${service}.${namespace}.svc`),
    ...(revision === "" || revision === "default" ? [] : [`istiod-${revision}.${namespace}.svc`]),
    ...(input.inCluster ? [] : LOCAL_NAMES),
  ]);
  names.delete("");
  return [...names].sort(compareBytes);
}

/** `host` of `host:port` or of `host`, without brackets. */
function hostOf(address: string): string {
  return address.replace(/:\d+$/, "").replace(/^\[(.*)\]$/, "$1");
}

function compareBytes(left: string, right: string): number {
  return left < right ? -1 : left > right ? 1 : 0;
}

/** True when the variables of a Kubernetes pod are set. */
export function isInCluster(env: Environment): boolean {
  return (env["KUBERNETES_SERVICE_HOST"] ?? "") !== "";
}
