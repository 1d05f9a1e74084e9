/** Which cluster a caller says it is in: the header `clusterid`, as istiod reads it. */
import { quote } from "../base/mod.ts";
import type { Credentials } from "./port.ts";

/** The server's own cluster by its name and its aliases, and the aliases of others. */
export interface KnownClusters {
  /** Its name. */
  readonly clusterId: string;
  /** Other names of it. */
  readonly aliases: readonly string[];
  /** Other names of remote clusters, each with the cluster's own. Default: none. */
  readonly remoteAliases?: Readonly<Record<string, string>>;
}

/**
 * The cluster to ask: the own one when the caller names it or does not say, else a remote one by its name, else by an alias; or why there is
 * none.
 */
export function chooseCluster(
  { headerValues }: Pick<Credentials, "headerValues">,
  { clusterId, aliases, remoteAliases = {} }: KnownClusters,
  remoteIds: readonly string[],
): { readonly clusterId: string } | { readonly reason: string } {
  const values = headerValues("clusterid");
  const claimed = values.length === 1 ? values[0]! : "";
  if (claimed === "" || claimed === clusterId || aliases.includes(claimed)) return { clusterId };
  const alias = Object.hasOwn(remoteAliases, claimed) ? remoteAliases[claimed] : undefined;
  const found = [claimed, alias].find((id) => id !== undefined && remoteIds.includes(id));
  if (found !== undefined) return { clusterId: found };
  return {
    reason: `client claims to be in cluster ${
      quote(claimed)
    }, but we only know about local cluster ${quote(clusterId)} and remote clusters [${
      remoteIds.join(" ")
    }]`,
  };
}
