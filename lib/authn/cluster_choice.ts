/** Which cluster a caller says it is in: the header `clusterid`, as istiod reads it. */
import { quote } from "../base/mod.ts";
import type { Credentials } from "./port.ts";

/** The clusters that this server knows: one, by its name and its aliases. */
export interface KnownCluster {
  /** Its name. */
  readonly clusterId: string;
  /** Other names of it. */
  readonly aliases: readonly string[];
}

/** Why the caller's cluster is unknown; `undefined` when it is the known one, or the caller does not say. */
export function unknownCluster(
  { headerValues }: Pick<Credentials, "headerValues">,
  { clusterId, aliases }: KnownCluster,
): string | undefined {
  const values = headerValues("clusterid");
  const claimed = values.length === 1 ? values[0]! : "";
  if (claimed === "" || claimed === clusterId || aliases.includes(claimed)) return undefined;
  return `client claims to be in cluster ${quote(claimed)}, but we only know about local cluster ${
    quote(clusterId)
  } and remote clusters []`;
}
