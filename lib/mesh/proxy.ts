/**
 * From a node to a proxy: `<type>~<ip>~<name>.<namespace>~<dns domain>` and the metadata that changes what the proxy gets.
 * What a client may send is held to bounds here, as it is kept for as long as its stream lives.
 */
import { parseIpAddress, quote } from "../base/mod.ts";
import type { InterceptionMode, Proxy, ProxyType } from "./port.ts";

/** A node as it came: the parts of `envoy.config.core.v3.Node` that are looked at. */
export interface NodeFacts {
  /** `id`. */
  readonly id: string;
  /** `metadata`. */
  readonly metadata: Readonly<Record<string, unknown>>;
}

/** A proxy, or what is wrong with its node, in istiod's words. */
export type ParsedNode =
  | { readonly ok: true; readonly proxy: Proxy }
  | { readonly ok: false; readonly reason: string };

const PROXY_TYPES: readonly ProxyType[] = ["sidecar", "router", "waypoint", "ztunnel"];
const INTERCEPTION_MODES: readonly InterceptionMode[] = ["REDIRECT", "TPROXY", "NONE"];
/** Longest `node.id`: an address, a Kubernetes name and namespace, a DNS name. */
const MAX_ID_CHARS = 1024;
/** Most addresses of a node; machines with containers have dozens. */
const MAX_ADDRESSES = 256;
/** Most labels of a node, and their longest text; Kubernetes allows 63 characters and a prefix. */
const MAX_LABELS = 256;
const MAX_LABEL_CHARS = 512;
/** Longest text of any other metadata that is kept. */
const MAX_TEXT_CHARS = 512;

/** Reads a node. */
export function parseNode({ id, metadata }: NodeFacts): ParsedNode {
  const refuse = (reason: string): ParsedNode => ({ ok: false, reason });
  if (id.length > MAX_ID_CHARS) {
    return refuse(
      `the service node id has ${id.length} characters, at most ${MAX_ID_CHARS} are taken`,
    );
  }
  const parts = id.split("~");
  if (parts.length !== 4) return refuse(`missing parts in the service node ${quote(id)}`);
  const [type, ip, name, domain] = parts as [string, string, string, string];
  const known = PROXY_TYPES.find((each) => each === type);
  if (known === undefined) {
    return refuse(
      `invalid node type (valid types: [${PROXY_TYPES.join(" ")}]) in the service node ${
        quote(id)
      }`,
    );
  }
  const listed = text(metadata["INSTANCE_IPS"], MAX_ADDRESSES * 46);
  const addresses = (listed === "" ? [ip] : listed.split(",").map((part) => part.trim()))
    .filter((address) => parseIpAddress(address) !== undefined).slice(0, MAX_ADDRESSES);
  if (addresses.length === 0) {
    return refuse("no valid IP address in the service node id or metadata");
  }
  return {
    ok: true,
    proxy: {
      ...{ id: name, nodeId: id, type: known, addresses, domain },
      namespace: text(metadata["NAMESPACE"]) || domain.split(".")[0]!,
      serviceAccount: text(metadata["SERVICE_ACCOUNT"]),
      labels: labels(metadata["STATIC_LABELS"] ?? metadata["LABELS"]),
      interceptionMode: INTERCEPTION_MODES.find((mode) => mode === metadata["INTERCEPTION_MODE"]) ??
        "REDIRECT",
      isPrivileged: text(metadata["UNPRIVILEGED_POD"]) !== "true",
      clusterId: text(metadata["CLUSTER_ID"]),
      version: text(metadata["ISTIO_VERSION"]),
    },
  };
}

/** A text of the metadata; one that is none, or that is too long, reads as empty. */
function text(value: unknown, maxChars = MAX_TEXT_CHARS): string {
  return typeof value === "string" && value.length <= maxChars ? value : "";
}

function labels(value: unknown): Readonly<Record<string, string>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) return {};
  const entries = Object.entries(value).slice(0, MAX_LABELS).filter((entry) =>
    entry.every((part) => typeof part === "string" && part.length <= MAX_LABEL_CHARS)
  );
  return Object.fromEntries(entries) as Readonly<Record<string, string>>;
}
