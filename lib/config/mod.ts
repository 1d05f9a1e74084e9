/**
 * Flags, variables and mesh config to one frozen value; help and tables from the same table.
 *
 * @example Read a command line
 * ```ts
 * import { DEFAULT_MESH_CONFIG, readDiscovery } from "signet/config/mod.ts";
 *
 * const config = readDiscovery(["--shutdownDuration=5s"], {}).complete(DEFAULT_MESH_CONFIG);
 * if (config.shutdownMs !== 5_000) throw new TypeError("Five seconds were asked for");
 * ```
 *
 * @module
 */
export { type ListenAddress, parseDialAddress } from "./address.ts";
export {
  type DiscoveryRequest,
  effectiveTrustDomain,
  readDiscovery,
  SERVER_CERT_DIRECTORY,
  variableNames,
} from "./discovery.ts";
export type { ClusterOfMesh } from "./kube.ts";
export { closestWord } from "./edit_distance.ts";
export { readMeshConfig } from "./file.ts";
export { type OptionTable, type ParsedFlags, parseFlags } from "./flags.ts";
export { type CommandHelp, discoveryOptions, formatHelp, optionsMarkdown } from "./help.ts";
export { DEFAULT_MESH_CONFIG, type MeshConfig, parseMeshConfig } from "./mesh_config.ts";
export {
  BadValue,
  boolOption,
  choiceOption,
  durationOption,
  type Effect,
  intOption,
  listOption,
  type Option,
  type OptionSpec,
  pathOption,
  textOption,
} from "./option.ts";
export { type LevelName, LEVELS, type ScopeLevels } from "./log_options.ts";
export type { JwtRule } from "./jwt_rule.ts";
export type { Config, RootKey } from "./port.ts";
export { serverNames, type ServerNamesInput } from "./server_names.ts";
export { OPTIONS } from "./table.ts";
export {
  type Environment,
  type ResolvedValue,
  type ResolvedValues,
  resolveValues,
  type Source,
} from "./values.ts";
export { VERSION, versionText } from "./version.ts";
export { type MeshWatchOptions, watchMeshConfig } from "./watch.ts";
