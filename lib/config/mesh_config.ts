/** The fields of istiod's mesh config that matter to signet: `trustDomain`, `defaultConfig.discoveryAddress`, `caCertificates` and `discoverySelectors`. */
import { parse } from "yaml";
import { messageOf, quote, SignetError } from "../base/mod.ts";
import { type LabelSelector, readSelector, selectorFault } from "../kube/mod.ts";

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
  /** Where istiod would look for policies of the whole mesh; undefined when the file does not say. */
  readonly rootNamespace: string | undefined;
  /** Fields that are written and that policies about calls may count on, and that are not heeded. */
  readonly unheeded: readonly string[];
  /** A namespace is the mesh's when one of them matches its labels; empty takes all. */
  readonly discoverySelectors: readonly LabelSelector[];
}

/** The mesh config of a server without a file. */
export const DEFAULT_MESH_CONFIG: MeshConfig = {
  trustDomain: undefined,
  discoveryAddress: "istiod.istio-system.svc:15012",
  caCertificates: [],
  rootNamespace: undefined,
  unheeded: [],
  discoverySelectors: [],
};
/** How paths are looked at, always. */
const NORMALIZATIONS: readonly unknown[] = [undefined, "DEFAULT", "BASE"];

/** A mesh config is a few kilobytes. */
const MAX_MESH_CONFIG_CHARS = 1 << 20;

/**
 * Reads a mesh config; fields that signet does not know are left alone, and those that are not written are those of `base`.
 *
 * @param where for messages.
 * @throws {SignetError} `config.bad_value`.
 */
export function parseMeshConfig(
  text: string,
  where: string,
  base: MeshConfig = DEFAULT_MESH_CONFIG,
): MeshConfig {
  const document = asRecord(parseYaml(text, where), "the document", where);
  const proxy = asRecord(document["defaultConfig"] ?? {}, "defaultConfig", where);
  return {
    trustDomain: asText(document["trustDomain"], "trustDomain", where) ?? base.trustDomain,
    discoveryAddress: checkAddress(
      asText(proxy["discoveryAddress"], "defaultConfig.discoveryAddress", where) ??
        base.discoveryAddress,
      where,
    ),
    caCertificates: document["caCertificates"] === undefined
      ? base.caCertificates
      : readCaCertificates(document["caCertificates"] ?? [], where),
    rootNamespace: asText(document["rootNamespace"], "rootNamespace", where) ?? base.rootNamespace,
    unheeded: [...new Set([...base.unheeded, ...unheededIn(document)])],
    discoverySelectors: document["discoverySelectors"] === undefined
      ? base.discoverySelectors
      : readSelectors(document["discoverySelectors"] ?? [], where),
  };
}

function unheededIn(document: Readonly<Record<string, unknown>>): readonly string[] {
  const { trustDomainAliases, pathNormalization } = document;
  const normalization = (pathNormalization as { readonly normalization?: unknown } | null)
    ?.normalization;
  return [
    ...(Array.isArray(trustDomainAliases) && trustDomainAliases.length > 0
      ? ["trustDomainAliases"]
      : []),
    ...(NORMALIZATIONS.includes(normalization) ? [] : ["pathNormalization"]),
  ];
}

function readCaCertificates(value: unknown, where: string): MeshConfig["caCertificates"] {
  return asList(value, "caCertificates", where).flatMap((one) => {
    const entry = asRecord(one, "an entry of caCertificates", where);
    const pem = asText(entry["pem"], "caCertificates.pem", where);
    const certSigners = asList(entry["certSigners"] ?? [], "caCertificates.certSigners", where)
      .map((name) => asText(name, "caCertificates.certSigners", where) ?? "");
    return pem === undefined || certSigners.length === 0 ? [] : [{ pem, certSigners }];
  });
}

/** A field that is not a selector's would leave one that takes every namespace. */
const SELECTOR_FIELDS = ["matchLabels", "matchExpressions"];

function readSelectors(value: unknown, where: string): readonly LabelSelector[] {
  return asList(value, "discoverySelectors", where).map((one, at) => {
    const field = `discoverySelectors[${at}]`;
    const names = Object.keys(asRecord(one, field, where));
    const unknown = names.find((name) => !SELECTOR_FIELDS.includes(name));
    if (unknown !== undefined) {
      throw bad(where, `${field} has ${quote(unknown)}, should have matchLabels, matchExpressions`);
    }
    const selector = readSelector(one);
    if (selector === undefined) throw bad(where, `${field} should be a label selector`);
    const fault = selectorFault(selector);
    if (fault !== undefined) throw bad(where, `${field}: ${fault}`);
    return selector;
  });
}

function asList(value: unknown, field: string, where: string): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw bad(where, `${field} should be a list`);
}

function parseYaml(text: string, where: string): unknown {
  if (text.length > MAX_MESH_CONFIG_CHARS) {
    throw bad(where, `it has more than ${MAX_MESH_CONFIG_CHARS} characters`);
  }
  try {
    return parse(text, { maxAliasCount: 100 }) ?? {};
  } catch (thrown) {
    throw bad(where, `it is not YAML: ${messageOf(thrown).split("\n")[0]}`);
  }
}

function asRecord(value: unknown, field: string, where: string): Readonly<Record<string, unknown>> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return { ...value };
  throw bad(where, `${field} should be a mapping`);
}

function asText(value: unknown, field: string, where: string): string | undefined {
  if (value === undefined || value === null || value === "") return undefined;
  if (typeof value === "string") return value;
  throw bad(where, `${field} should be a text`);
}

function checkAddress(address: string, where: string): string {
  if (/^(\[[^\]]+\]|[^:]+):\d{1,5}$/.test(address)) return address;
  throw bad(where, `defaultConfig.discoveryAddress is ${quote(address)}, should be host:port`);
}

function bad(where: string, what: string): SignetError {
  return new SignetError(
    "config.bad_value",
    `Cannot use mesh config ${where}: ${what}`,
  );
}
