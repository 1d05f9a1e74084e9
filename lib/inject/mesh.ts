/** What injection takes from the mesh config, over istiod's defaults. */
import { messageOf, SignetError } from "../base/mod.ts";
import {
  type Draft,
  emptyDraft,
  isDraft,
  member,
  objectAt,
  objectsAt,
  textAt,
} from "./document.ts";
import { defaultProxyConfig, mergeProxyConfig, type ProxyConfig } from "./proxy_config.ts";
import { BadMessage } from "./proto_json.ts";
import { parseYaml } from "./yaml.ts";

/** The mesh, as far as templates and the injector use it. */
export interface InjectMesh {
  /** The document as it was given. */
  readonly document: Draft;
  /** What proxies have that say nothing. */
  readonly defaultConfig: ProxyConfig;
  /** The trust domain. */
  readonly trustDomain: string;
  /** Where proxies take outbound connections. */
  readonly proxyListenPort: number;
  /** Where proxies take inbound connections. */
  readonly proxyInboundListenPort: number;
  /** `localhost` or `passthrough`. */
  readonly inboundTrafficPolicyMode: "localhost" | "passthrough";
  /** True to let the agent answer for the application's metrics. */
  readonly enablePrometheusMerge: boolean;
  /** True when a tracing provider asks for OpenTelemetry's attributes of the service. */
  readonly hasOtelAttributes: boolean;
}

/**
 * Reads a mesh config, made of texts of which later ones stand over earlier ones.
 *
 * @param trustDomain what stands over the mesh config's own.
 * @throws {SignetError} `inject.bad_config`.
 */
export function readInjectMesh(texts: readonly string[], trustDomain: string): InjectMesh {
  try {
    const documents = texts.map(readDocument);
    const value = documents.reduce((below, above) => Object.assign(below, above), emptyDraft());
    const own = textAt(value, "trustDomain");
    return {
      document: value,
      defaultConfig: documents.reduce(
        (below, above) =>
          mergeProxyConfig(below, member(above, "defaultConfig") ?? null, { takesZero: true }),
        defaultProxyConfig(),
      ),
      trustDomain: trustDomain !== "" ? trustDomain : own !== "" ? own : "cluster.local",
      proxyListenPort: portAt(value, "proxyListenPort", 15001),
      proxyInboundListenPort: portAt(value, "proxyInboundListenPort", 15006),
      inboundTrafficPolicyMode: policyMode(value),
      enablePrometheusMerge: member(value, "enablePrometheusMerge") !== false,
      hasOtelAttributes: objectsAt(value, "extensionProviders").some(asksForAttributes),
    };
  } catch (thrown) {
    const reason = thrown instanceof BadMessage ? thrown.reason : messageOf(thrown);
    throw new SignetError(
      "inject.bad_config",
      `Cannot use the mesh config for injection: ${reason}`,
    );
  }
}

function readDocument(text: string): Draft {
  const value = parseYaml(text) ?? emptyDraft();
  if (!isDraft(value)) throw new BadMessage("it should be a mapping");
  return value;
}

function portAt(document: Draft, name: string, fallback: number): number {
  const value = member(document, name) ?? fallback;
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw new BadMessage(`${name} should be a whole number`);
  }
  return value;
}

function policyMode(document: Draft): "localhost" | "passthrough" {
  const mode = member(objectAt(document, "inboundTrafficPolicy"), "mode");
  return mode === "LOCALHOST" || mode === 1 ? "localhost" : "passthrough";
}

function asksForAttributes(provider: Draft): boolean {
  const enrichment = member(objectAt(provider, "opentelemetry"), "serviceAttributeEnrichment");
  return enrichment === "OTEL_SEMANTIC_CONVENTIONS" || enrichment === 1;
}
