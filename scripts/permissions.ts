// deno-lint-ignore-file no-console -- a script prints
/**
 * What signet may do: the flags that `deno run` gets from source and that `deno compile` bakes into the executable.
 *
 * Usage: `scripts/deno task permissions` prints them on one line.
 */
import { variableNames } from "../lib/config/mod.ts";
import { LIBCRYPTO_PATHS } from "../lib/crypto/mod.ts";

/** Variables that dependencies read; denied, they would throw where they are read. */
const DEPENDENCY_VARIABLES: readonly string[] = [
  // The parser of YAML asks for its debugging aids with every document.
  "LOG_STREAM",
  "LOG_TOKENS",
  "OTEL_SERVICE_NAME",
  "OTEL_RESOURCE_ATTRIBUTES",
  "OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE",
  ...["", "_TRACES", "_METRICS"].flatMap((signal) =>
    [
      "ENDPOINT",
      "HEADERS",
      "TIMEOUT",
      "COMPRESSION",
      "CERTIFICATE",
      "CLIENT_CERTIFICATE",
      "CLIENT_KEY",
    ]
      .map((what) => `OTEL_EXPORTER_OTLP${signal}_${what}`)
  ),
];

/** The flags. Paths are flags of signet's own, so reading and writing cannot be narrowed at compile time. */
export function permissionFlags(): readonly string[] {
  return [
    "--no-prompt",
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-sys=hostname,uid",
    `--allow-env=${[...new Set([...variableNames(), ...DEPENDENCY_VARIABLES])].join(",")}`,
    `--allow-ffi=${LIBCRYPTO_PATHS.join(",")}`,
  ];
}

if (import.meta.main) console.log(permissionFlags().join(" "));
