/** The fields of istiod's mesh config that matter to a CA: `trustDomain`, `defaultConfig.discoveryAddress` and `caCertificates`. */
import { parse } from "yaml";
import { messageOf, quote, SignetError } from "../base/mod.ts";

/** What signet takes from the mesh config. */
export interface MeshConfig {
  /** The mesh's trust domain; undefined when the file does not say. */
  readonly trustDomain: string | undefined;
  /** Where proxies find the control plane, `host:port`. */
  readonly discoveryAddress: string;
  /** Roots of signers of a cluster, by the signers' names; entries without either are left out. */
  readonly caCertificates: readonly {
    readonly pem: string;
    readonly certSigners: readonly string[];
  }[];
}

/** The mesh config of a server without a file. */
export const DEFAULT_MESH_CONFIG: MeshConfig = {
  trustDomain: undefined,
  discoveryAddress: "istiod.istio-system.svc:15012",
  caCertificates: [],
};

/** A mesh config is a few kilobytes. */
const MAX_MESH_CONFIG_CHARS = 1 << 20;

/**
 * Reads a mesh config; fields that signet does not know are left alone.
 *
 * @param path for messages.
 * @throws {SignetError} `config.bad_value`.
 */
export function parseMeshConfig(text: string, path: string): MeshConfig {
  const document = asRecord(parseYaml(text, path), "the document", path);
  const proxy = asRecord(document["defaultConfig"] ?? {}, "defaultConfig", path);
  return {
    trustDomain: asText(document["trustDomain"], "trustDomain", path),
    discoveryAddress: checkAddress(
      asText(proxy["discoveryAddress"], "defaultConfig.discoveryAddress", path) ??
        DEFAULT_MESH_CONFIG.discoveryAddress,
      path,
    ),
    caCertificates: readCaCertificates(document["caCertificates"] ?? [], path),
  };
}

function readCaCertificates(value: unknown, path: string): MeshConfig["caCertificates"] {
  return asList(value, "caCertificates", path).flatMap((one) => {
    const entry = asRecord(one, "an entry of caCertificates", path);
    const pem = asText(entry["pem"], "caCertificates.pem", path);
    const certSigners = asList(entry["certSigners"] ?? [], "caCertificates.certSigners", path)
      .map((name) => asText(name, "caCertificates.certSigners", path) ?? "");
    return pem === undefined || certSigners.length === 0 ? [] : [{ pem, certSigners }];
  });
}

function asList(value: unknown, field: string, path: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw bad(path, `${field} should be a list`);
}

function parseYaml(text: string, path: string): unknown {
  if (text.length > MAX_MESH_CONFIG_CHARS) {
    throw bad(path, `it has more than ${MAX_MESH_CONFIG_CHARS} characters`);
  }
  try {
    return parse(text, { maxAliasCount: 100 }) ?? {};
  } catch (thrown) {
    throw bad(path, `it is not YAML: ${messageOf(thrown).split("\n")[0]}`);
  }
}

function asRecord(value: unknown, field: string, path: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw bad(path, `${field} should be a mapping`);
}

function asText(value: unknown, field: string, path: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw bad(path, `${field} should be a text`);
}

function checkAddress(address: string, path: string): string {
  if (/^(\[[^\]]+\]|[^:]+):\d{1,5}$/.test(address)) return address;
  throw bad(path, `defaultConfig.discoveryAddress is ${quote(address)}, should be host:port`);
}

function bad(path: string, what: string): SignetError {
  return new SignetError(
    "config.bad_value",
    `Cannot use mesh config ${path} (--meshConfig): ${what}`,
  );
}
