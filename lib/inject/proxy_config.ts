/** Istio's ProxyConfig: defaults, what is put over them, and the short form that pods carry. */
import { type Draft, emptyDraft, isDraft } from "./document.ts";
import { readFieldTable } from "./field_table.ts";
import { isZero, messageJson, readMessage, setField } from "./proto_json.ts";
import { PROXY_CONFIG_ENUMS, PROXY_CONFIG_MESSAGES } from "./proxy_config_fields.ts";

/** The message. */
export const PROXY_CONFIG = readFieldTable(
  PROXY_CONFIG_MESSAGES,
  "istio.mesh.v1alpha1.ProxyConfig",
);

/** What every proxy has that nobody configured. */
const DEFAULTS: Readonly<Record<string, unknown>> = {
  configPath: "./etc/istio/proxy",
  serviceCluster: "istio-proxy",
  drainDuration: "45s",
  terminationDrainDuration: "5s",
  proxyAdminPort: 15000,
  controlPlaneAuthPolicy: "MUTUAL_TLS",
  discoveryAddress: "istiod.istio-system.svc:15012",
  binaryPath: "/usr/local/bin/envoy",
  statNameLength: 189,
  statusPort: 15020,
};

/** What of the above is not told to a proxy that has it. */
const UNSAID_DEFAULTS = [
  ...["configPath", "binaryPath", "controlPlaneAuthPolicy", "serviceCluster", "drainDuration"],
  ...["terminationDrainDuration", "discoveryAddress", "proxyAdminPort", "statNameLength"],
  "statusPort",
];

/** A ProxyConfig by JSON names; nothing of it is changed. */
export type ProxyConfig = Readonly<Record<string, unknown>>;

/** The defaults. */
export function defaultProxyConfig(): ProxyConfig {
  return Object.assign(emptyDraft(), DEFAULTS);
}

/**
 * A config with another over it: field by field, but for the proxy's variables and headers, which are joined.
 *
 * @param options `takesZero`: what is given as zero is that, as in the mesh config; else it is as if it were not given, as with pods.
 * @throws {BadMessage} when `over` is none.
 */
export function mergeProxyConfig(
  base: ProxyConfig,
  over: unknown,
  options: { readonly takesZero: boolean },
): ProxyConfig {
  const read = readMessage(PROXY_CONFIG, over, PROXY_CONFIG_ENUMS, {
    keepsZero: options.takesZero,
  });
  const merged: Draft = Object.assign(emptyDraft(), base);
  for (const field of PROXY_CONFIG.fields) {
    if (!Object.hasOwn(read, field.name)) continue;
    const value = read[field.name];
    if (field.oneof === undefined && isZero(field.type, value)) {
      if (field.name !== "proxyMetadata") delete merged[field.name];
      continue;
    }
    const joins = field.name === "proxyMetadata" || field.name === "proxyHeaders";
    const held = merged[field.name];
    setField(
      PROXY_CONFIG,
      merged,
      field,
      joins && isDraft(held) && isDraft(value) ? Object.assign(emptyDraft(), held, value) : value,
    );
  }
  return merged;
}

/** JSON of what a proxy must be told: what differs from the defaults. */
export function proxyConfigJson(config: ProxyConfig): string {
  const said: Draft = Object.assign(emptyDraft(), config);
  for (const name of UNSAID_DEFAULTS) if (said[name] === DEFAULTS[name]) delete said[name];
  return messageJson(PROXY_CONFIG, said, PROXY_CONFIG_ENUMS);
}

/** The port on which the agent answers probes and scrapes. */
export function statusPortOf(config: ProxyConfig): number {
  const port = config["statusPort"];
  return typeof port === "number" ? port : 0;
}
