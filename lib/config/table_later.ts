/**
 * istiod's options that have no effect in this version: `later` ones belong to capabilities that signet is to have, `ignored` ones to an
 * istiod of long ago. They are accepted, a bad value is still an error, and the start log names each one that was given.
 */
import {
  boolOption,
  durationOption,
  listOption,
  type Option,
  type OptionSpec,
  textOption,
} from "./option.ts";

type Row = readonly [name: string, fallback: string, help: string];

function rows<T>(
  of: (spec: OptionSpec) => Option<T>,
  as: "flag" | "variable",
  effect: "later" | "ignored",
  list: readonly Row[],
): readonly Option<T>[] {
  return list.map(([name, fallback, help]) => of({ [as]: name, fallback, help, effect }));
}

const anyDuration = (spec: OptionSpec) => durationOption(spec, { minMs: -Infinity });

const FLAGS: readonly Option<unknown>[] = [
  ...rows(boolOption, "flag", "later", [["profile", "true", "profiling endpoints"]]),
  ...rows(textOption, "flag", "later", [
    ["networksConfig", "./etc/istio/config/meshNetworks", "mesh networks file"],
    ["cniNamespace", "", "namespace of the CNI agent"],
    ["log_stacktrace_level", "default:none", "levels at which stacks are logged"],
    ["log_caller", "", "scopes that log their caller"],
    ["ctrlz_port", "9876", "introspection port"],
    ["ctrlz_address", "localhost", "introspection address"],
  ]),
  ...rows(textOption, "flag", "ignored", [
    ["log_rotate", "", "file to rotate"],
    ["log_rotate_max_age", "30", "days to keep"],
    ["log_rotate_max_size", "104857600", "size to rotate at"],
    ["log_rotate_max_backups", "1000", "files to keep"],
    ["consulserverURL", "", "Consul"],
    ["mcpMaxMsgSize", "4194304", "MCP"],
    ["mcpInitialWindowSize", "1048576", "MCP"],
    ["mcpInitialConnWindowSize", "1048576", "MCP"],
  ]),
  textOption({
    flag: "appNamespace",
    short: "a",
    fallback: "",
    help: "namespace to watch",
    effect: "ignored",
  }),
  ...rows(anyDuration, "flag", "ignored", [["resync", "60s", "controller resync"]]),
  ...rows(listOption, "flag", "ignored", [[
    "plugins",
    "authn,authz,health,mixer",
    "networking plugins",
  ]]),
];

const VARIABLES: readonly Option<unknown>[] = [
  ...rows(boolOption, "variable", "later", [
    ["ENABLE_DEBUG_ENDPOINT_AUTH", "true", "debug pages, which are for this machine alone"],
    ["UNSAFE_ENABLE_ADMIN_ENDPOINTS", "false", "debug endpoints"],
    ["ENABLE_TLS_ON_SIDECAR_INGRESS", "false", "xDS"],
  ]),
  ...rows(textOption, "variable", "later", [
    ["DEBUG_ENDPOINT_AUTH_ALLOWED_NAMESPACES", "", "debug pages, which are for this machine alone"],
    ["SPIFFE_BUNDLE_ENDPOINTS", "", "federation"],
  ]),
];

/** Every option that is accepted without effect. */
export const OPTIONS_WITHOUT_EFFECT: readonly Option<unknown>[] = [...FLAGS, ...VARIABLES];
