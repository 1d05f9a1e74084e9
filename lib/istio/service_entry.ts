/**
 * ServiceEntry (`networking.istio.io`): a service that no platform's registry knows, with its hosts, ports and endpoints.
 *
 * Checked as Istio does: at least one host, never `*`; `endpoints` or `workloadSelector`, not both; CIDR addresses only where a
 * connection keeps its address (NONE, STATIC); no endpoints under NONE, at most one under DNS_ROUND_ROBIN, IP addresses under STATIC,
 * names or addresses under DNS; wildcard hosts without addresses and endpoints under DYNAMIC_DNS; ports with names and numbers of
 * their own; several hosts only on ports whose protocol tells hosts apart.
 */
import { parseIpAddress, quote } from "../base/mod.ts";
import {
  type FieldContext,
  type FieldPath,
  readChoice,
  readInteger,
  readList,
  readMapping,
  readText,
  readTexts,
} from "./fields.ts";
import { addressFault, hostFault, labelFault, objectNameFault } from "./names.ts";
import type { Resolution, ServiceEntry, ServicePort, WorkloadEntry } from "./port.ts";
import { readLabels, readWorkloadEntry } from "./workload_entry.ts";

const KNOWN = [
  ...["hosts", "addresses", "ports", "location", "resolution", "endpoints", "workloadSelector"],
  ...["exportTo", "subjectAltNames"],
];
const PORT_FIELDS = ["number", "name", "protocol", "targetPort"];
const MAX_PORT = 65_535;
/** Protocols of Istio's API; another word is refused, as it would silently become TCP. */
const PROTOCOLS = [
  ...["HTTP", "HTTPS", "GRPC", "GRPC-WEB", "HTTP2", "MONGO", "REDIS", "MYSQL", "TCP", "TLS", "UDP"],
  ...["HTTP_PROXY", "HBONE"],
];
/** Protocols in which a connection says which host it wants. */
const HOST_PROTOCOLS = ["HTTP", "HTTPS", "GRPC", "GRPC-WEB", "HTTP2", "HTTP_PROXY", "TLS"];
/** Protocols that DYNAMIC_DNS can serve: the host is looked up for each connection. */
const DYNAMIC_PROTOCOLS = ["HTTP", "TLS", "GRPC", "HTTP2"];
const RESOLUTIONS = ["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"] as const;

/** Reads the `spec` of a ServiceEntry. */
export function readServiceEntry(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): ServiceEntry {
  const fields = readMapping(value, path, { known: KNOWN, context });
  const at = (name: string): FieldPath => [...path, name];
  const entry: ServiceEntry = {
    hosts: readTexts(fields["hosts"], at("hosts"), { check: hostFault, context }),
    addresses: readTexts(fields["addresses"], at("addresses"), { check: addressFault, context }),
    ports: readPorts(fields["ports"], at("ports"), context),
    location: readChoice(fields["location"], at("location"), {
      choices: ["MESH_EXTERNAL", "MESH_INTERNAL"],
      context,
    }),
    resolution: readChoice(fields["resolution"], at("resolution"), {
      choices: RESOLUTIONS,
      context,
    }),
    endpoints: readList(fields["endpoints"], at("endpoints"), {
      each: (element, where) => readWorkloadEntry(element, where, context),
      context,
    }),
    workloadSelector: readSelector(fields["workloadSelector"], at("workloadSelector"), context),
    exportTo: readTexts(fields["exportTo"], at("exportTo"), { check: exportFault, context }),
    subjectAltNames: readList(fields["subjectAltNames"], at("subjectAltNames"), {
      each: (element, where) => readText(element, where, { context }),
      context,
    }),
  };
  if (!Array.isArray(fields["hosts"]) || fields["hosts"].length === 0) {
    context.fault(at("hosts"), "is missing, should name at least one host");
  }
  checkTogether(entry, path, context);
  return entry;
}

function exportFault(text: string): string | undefined {
  if (["*", ".", "~"].includes(text)) return undefined;
  return objectNameFault(text) === undefined ? undefined : "should be a namespace, . or *";
}

function readPorts(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): readonly ServicePort[] {
  const ports = readList(value, path, {
    each: (element, at) => readPort(element, at, context),
    context,
  });
  for (const [at, port] of ports.entries()) {
    const before = ports.slice(0, at);
    if (before.some(({ name }) => name === port.name)) {
      context.fault([...path, at, "name"], `${quote(port.name)} is the name of another port`);
    }
    if (before.some(({ number }) => number === port.number)) {
      context.fault([...path, at, "number"], `${port.number} is the number of another port`);
    }
  }
  return ports;
}

function readPort(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): ServicePort | undefined {
  const fields = readMapping(value, path, { known: PORT_FIELDS, context });
  const number = readInteger(fields["number"], [...path, "number"], {
    min: 1,
    max: MAX_PORT,
    context,
  });
  if (fields["number"] === undefined) context.fault([...path, "number"], "is missing");
  const name = readText(fields["name"], [...path, "name"], { context });
  const wrong = labelFault(name.toLowerCase());
  if (wrong !== undefined) context.fault([...path, "name"], `${quote(name)} ${wrong}`);
  const protocol = readText(fields["protocol"], [...path, "protocol"], {
    fallback: "TCP",
    context,
  }).toUpperCase();
  if (!PROTOCOLS.includes(protocol)) {
    context.fault(
      [...path, "protocol"],
      `is ${quote(protocol)}, should be one of ${PROTOCOLS.join(", ")}`,
    );
  }
  const targetPort = readInteger(fields["targetPort"], [...path, "targetPort"], {
    min: 1,
    max: MAX_PORT,
    context,
  });
  return number === undefined ? undefined : { number, name, protocol, targetPort };
}

function readSelector(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): Readonly<Record<string, string>> | undefined {
  if (value === undefined || value === null) return undefined;
  const fields = readMapping(value, path, { known: ["labels"], context });
  return readLabels(fields["labels"], [...path, "labels"], context);
}

/** The rules that lie between fields. */
function checkTogether(entry: ServiceEntry, path: FieldPath, context: FieldContext): void {
  const { endpoints, resolution, addresses, exportTo } = entry;
  if (endpoints.length > 0 && entry.workloadSelector !== undefined) {
    context.fault([...path, "workloadSelector"], "and endpoints exclude each other: give one");
  }
  if (exportTo.includes("*") && exportTo.length > 1) {
    context.fault([...path, "exportTo"], "holds * and more, should be * alone or names");
  }
  if (!["NONE", "STATIC"].includes(resolution)) {
    for (const [at, address] of addresses.entries()) {
      if (!address.includes("/")) continue;
      context.fault(
        [...path, "addresses", at],
        `${quote(address)} is a prefix, which resolution ${resolution} cannot have: give addresses`,
      );
    }
  }
  checkEndpoints(entry, path, context);
  checkHosts(entry, path, context);
}

function checkEndpoints(entry: ServiceEntry, path: FieldPath, context: FieldContext): void {
  const { endpoints, resolution } = entry;
  const names = entry.ports.map(({ name }) => name);
  for (const [at, endpoint] of endpoints.entries()) {
    const wrong = endpointFault(endpoint, resolution);
    if (wrong !== undefined) context.fault([...path, "endpoints", at, "address"], wrong);
    for (const name of Object.keys(endpoint.ports)) {
      if (names.includes(name)) continue;
      context.fault([...path, "endpoints", at, "ports", name], "is not the name of a port above");
    }
  }
  if (endpoints.length === 0) return;
  if (resolution === "NONE" || resolution === "DYNAMIC_DNS") {
    context.fault([...path, "endpoints"], `exist, which resolution ${resolution} cannot have`);
  } else if (resolution === "DNS_ROUND_ROBIN" && endpoints.length > 1) {
    context.fault([...path, "endpoints"], "are several, resolution DNS_ROUND_ROBIN takes one");
  }
}

function checkHosts(entry: ServiceEntry, path: FieldPath, context: FieldContext): void {
  const { hosts, ports, resolution } = entry;
  for (const [at, host] of hosts.entries()) {
    const wrong = hostResolutionFault(host, entry);
    if (wrong !== undefined) context.fault([...path, "hosts", at], `${quote(host)} ${wrong}`);
  }
  const plain = ports.findIndex(({ protocol }) => !HOST_PROTOCOLS.includes(protocol));
  if (hosts.length > 1 && resolution !== "NONE" && plain >= 0) {
    context.fault(
      [...path, "ports", plain, "protocol"],
      `is ${
        ports[plain]!.protocol
      }, which cannot tell the ${hosts.length} hosts apart: give one host`,
    );
  }
  if (resolution !== "DYNAMIC_DNS") return;
  if (entry.addresses.length > 0) {
    context.fault([...path, "addresses"], "exist, which resolution DYNAMIC_DNS cannot have");
  }
  for (const [at, { protocol }] of ports.entries()) {
    if (DYNAMIC_PROTOCOLS.includes(protocol)) continue;
    context.fault(
      [...path, "ports", at, "protocol"],
      `is ${protocol}, resolution DYNAMIC_DNS takes ${DYNAMIC_PROTOCOLS.join(", ")}`,
    );
  }
}

/** What is wrong with a host under the resolution of its entry. */
function hostResolutionFault(
  host: string,
  { resolution, endpoints }: ServiceEntry,
): string | undefined {
  const isWildcard = host.startsWith("*.");
  if (resolution === "DYNAMIC_DNS") {
    return isWildcard ? undefined : "is one name, resolution DYNAMIC_DNS takes wildcards";
  }
  const resolves = resolution === "DNS" || resolution === "DNS_ROUND_ROBIN";
  return resolves && endpoints.length === 0 && isWildcard
    ? `is a wildcard, which resolution ${resolution} without endpoints cannot look up`
    : undefined;
}

function endpointFault({ address }: WorkloadEntry, resolution: Resolution): string | undefined {
  const isAddress = parseIpAddress(address) !== undefined;
  const isSocket = address.startsWith("unix://");
  if (resolution === "STATIC" && address !== "" && !isAddress && !isSocket) {
    return `${quote(address)} is a name, resolution STATIC takes IP addresses`;
  }
  if ((resolution === "DNS" || resolution === "DNS_ROUND_ROBIN") && isSocket) {
    return `${
      quote(address)
    } is a Unix socket, resolution ${resolution} takes names and IP addresses`;
  }
  return undefined;
}
