/** What a pod may say to the injector by annotations, and istiod's checks of it. */
import { messageOf } from "../base/mod.ts";
import { boolFault, goQuote, joinFaults, prefixFault, uintFault } from "./go_words.ts";
import { proxyConfigFault } from "./proxy_config_rules.ts";
import { parseYaml } from "./yaml.ts";
import { quantityFault } from "./quantity.ts";

/** Annotations of which code here knows more than their check. */
export const ANNOTATION = {
  nativeSidecar: "sidecar.istio.io/nativeSidecar",
  overrides: "proxy.istio.io/overrides",
  interceptionMode: "sidecar.istio.io/interceptionMode",
  prometheusMerge: "prometheus.istio.io/merge-metrics",
  proxyConfig: "proxy.istio.io/config",
  proxyImageType: "sidecar.istio.io/proxyImageType",
  rewriteProbes: "sidecar.istio.io/rewriteAppHTTPProbers",
  status: "sidecar.istio.io/status",
  statusPort: "status.sidecar.istio.io/port",
  templates: "inject.istio.io/templates",
} as const;

/** Longest annotation that is read as YAML or JSON; Kubernetes takes 256 KiB for all of a pod. */
export const MAX_ANNOTATION_CHARS = 262_144;

/** Longest ProxyConfig of a pod, in characters: YAML takes long to read, and the longest in use have some thousand. */
export const MAX_PROXY_CONFIG_CHARS = 32_768;

type Check = (value: string) => string | undefined;

const CHECKS: Readonly<Record<string, Check>> = {
  [ANNOTATION.interceptionMode]: (mode) =>
    ["REDIRECT", "TPROXY", "NONE"].includes(mode)
      ? undefined
      : `interceptionMode invalid, use REDIRECT,TPROXY,NONE: ${mode}`,
  [ANNOTATION.statusPort]: (port) => prefixed("excludeInboundPorts invalid", portFault(port)),
  "readiness.status.sidecar.istio.io/initialDelaySeconds": (value) => uintFault(value, 32),
  "readiness.status.sidecar.istio.io/periodSeconds": (value) => uintFault(value, 32),
  "readiness.status.sidecar.istio.io/failureThreshold": (value) => uintFault(value, 32),
  "traffic.sidecar.istio.io/includeOutboundIPRanges": (ranges) =>
    ranges === "*" ? undefined : prefixed("includeIPRanges invalid", rangesFault(ranges)),
  "traffic.sidecar.istio.io/excludeOutboundIPRanges": (ranges) =>
    prefixed("excludeIPRanges invalid", rangesFault(ranges)),
  "traffic.sidecar.istio.io/includeInboundPorts": (ports) =>
    ports === "*" ? undefined : prefixed("includeInboundPorts invalid", portsFault(ports)),
  "traffic.sidecar.istio.io/excludeInboundPorts": (ports) =>
    prefixed("excludeInboundPorts invalid", portsFault(ports)),
  "traffic.sidecar.istio.io/excludeOutboundPorts": (ports) =>
    prefixed("excludeOutboundPorts invalid", portsFault(ports)),
  "traffic.sidecar.istio.io/excludeInterfaces": interfacesFault,
  "traffic.sidecar.istio.io/kubevirtInterfaces": interfacesFault,
  "istio.io/reroute-virtual-interfaces": interfacesFault,
  [ANNOTATION.prometheusMerge]: boolFault,
  [ANNOTATION.proxyConfig]: configFault,
  "sidecar.istio.io/proxyCPU": amountFault,
  "sidecar.istio.io/proxyMemory": amountFault,
  "sidecar.istio.io/proxyCPULimit": amountFault,
  "sidecar.istio.io/proxyMemoryLimit": amountFault,
};

/** What is wrong with a pod's annotations, in istiod's words; `undefined` when nothing is. */
export function annotationsFault(
  annotations: Readonly<Record<string, string>>,
): string | undefined {
  const faults: string[] = [];
  for (const [name, value] of Object.entries(annotations)) {
    const fault = Object.hasOwn(CHECKS, name) ? CHECKS[name]!(value) : undefined;
    if (fault === undefined) continue;
    faults.push(`invalid value '${value}' for annotation '${name}': ${fault}`);
  }
  return faults.length === 0 ? undefined : joinFaults(faults);
}

function prefixed(what: string, fault: string | undefined): string | undefined {
  return fault === undefined ? undefined : `${what}: ${fault}`;
}

function portFault(text: string): string | undefined {
  const port = text.trim();
  return prefixed(`failed parsing port '${text}'`, uintFault(port, 16));
}

function portsFault(text: string): string | undefined {
  const ports = text.trim();
  if (ports === "") return undefined;
  for (const port of ports.split(",")) {
    const fault = prefixed(`failed parsing port '${port}'`, portFault(port));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function rangesFault(text: string): string | undefined {
  for (const range of text === "" ? [] : text.split(",")) {
    const fault = prefixed(`failed parsing cidr '${range}'`, prefixFault(range));
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function interfacesFault(text: string): string | undefined {
  for (const name of text === "" ? [] : text.split(",").map((each) => each.trim())) {
    if (name === "") return "empty interface name";
    if (name.length > 15) return `interface name ${goQuote(name)} too long (max 15 chars)`;
    if (!/^[a-zA-Z][a-zA-Z0-9_.-]*$/.test(name)) {
      return `interface name ${goQuote(name)} contains invalid characters`;
    }
  }
  return undefined;
}

function amountFault(text: string): string | undefined {
  // deno-lint-ignore no-control-regex -- they are what is looked for
  return /[\u0000-\u001f\u007f-\u009f]/.test(text)
    ? "value contains control characters"
    : quantityFault(text);
}

function configFault(text: string): string | undefined {
  if (text.length > MAX_PROXY_CONFIG_CHARS) {
    return `it has more than ${MAX_PROXY_CONFIG_CHARS} characters`;
  }
  let value;
  try {
    value = parseYaml(text);
  } catch (thrown) {
    return `failed to convert to apply proxy config: ${messageOf(thrown)}`;
  }
  return proxyConfigFault(value);
}
