/**
 * ServiceEntry (`networking.istio.io`): a service that no platform's registry knows, with its hosts, ports and endpoints.
 *
 * Checked as Istio does: at least one host, never `*`; `endpoints` or `workloadSelector`, not both; CIDR addresses only where a
 * connection keeps its address (NONE, STATIC); no endpoints under NONE, at most one under DNS_ROUND_ROBIN, IP addresses under STATIC,
 * names or addresses under DNS; wildcard hosts without addresses and endpoints under DYNAMIC_DNS; ports with names and numbers of
 * their own; several hosts only on ports whose protocol tells hosts apart. Beyond that a host or an address that is there twice is refused.
 */
import { quote } from "../base/mod.ts";
import { type KindRule, NETWORKING_VERSIONS } from "./kind.ts";
import {
  fqdnFault,
  partialWildcardFault,
  portNameFault,
  subnetFault,
  wildcardDomainFault,
} from "./names.ts";
import type { ObjectMeta, ServiceEntry, ServicePort, WorkloadEntry } from "./port.ts";
import { isHttp, isTls, protocolFault } from "./protocol.ts";
import { list, object, type Raw } from "./schema/collection.ts";
import { below, type Cursor, fault, repeatsOf, type Schema, warn } from "./schema/port.ts";
import { choice, optional, text, uint32 } from "./schema/scalar.ts";
import {
  checkExportTo,
  checkLabels,
  checkSelector,
  EXPORT_TO,
  LABELS_SELECTOR,
  warnOfEmptySelector,
} from "./selector.ts";
import { checkWorkload, domainOrIpFault, WORKLOAD } from "./workload_entry.ts";

/** The label that keeps a ServiceEntry from getting made-up addresses when it is `false`. */
const AUTO_ADDRESS_LABEL = "networking.istio.io/enable-autoallocate-ip";
/** The label that sends a service's traffic through a waypoint. */
const WAYPOINT_LABEL = "istio.io/use-waypoint";
/** Protocols that DYNAMIC_DNS can serve: the host is looked up for each connection. */
const DYNAMIC_PROTOCOLS = ["HTTP", "TLS", "GRPC", "HTTP2"];
const PORT = { min: 1, max: 65_535 };

const SERVICE_PORT = object({
  number: uint32(PORT),
  name: text({ max: 256, check: portNameFault }),
  protocol: upperCase(text({ max: 256, check: protocolFault }), "TCP"),
  targetPort: optional(uint32(PORT)),
}, { required: ["number", "name"] });

const SPEC = object({
  hosts: list(text({ check: hostFault }), { min: 1, max: 256 }),
  addresses: list(text({ max: 64, check: subnetFault }), { max: 256 }),
  ports: list(SERVICE_PORT, { max: 256 }),
  location: choice("MESH_EXTERNAL", "MESH_INTERNAL"),
  resolution: choice("NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"),
  endpoints: list(WORKLOAD, { max: 4096 }),
  workloadSelector: LABELS_SELECTOR,
  exportTo: EXPORT_TO,
  subjectAltNames: list(text()),
}, { required: ["hosts"], check: checkWritten });

/** A text in upper case; another value for one that is empty or missing. */
function upperCase(schema: Schema<string>, fallback: string): Schema<string> {
  return {
    missing: fallback,
    read: (value, at) => schema.read(value, at).toUpperCase() || fallback,
    write: (value) => schema.write(value),
  };
}

function hostFault(host: string): string | undefined {
  return host === "*" ? "invalid host *" : wildcardDomainFault(host);
}

function checkWritten(raw: Raw, at: Cursor): void {
  if (raw["endpoints"] === undefined) return;
  if (raw["workloadSelector"] !== undefined) {
    fault(
      below(at, "workloadSelector"),
      "only one of WorkloadSelector or Endpoints is allowed in Service Entry",
    );
  }
  if ((raw["resolution"] ?? "NONE") === "NONE") {
    fault(
      below(at, "endpoints"),
      "no endpoints should be provided for resolution type none",
    );
  }
}

/** What signet knows of ServiceEntry. */
export const SERVICE_ENTRY: KindRule<ServiceEntry> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: SPEC,
  needsSpec: true,
  check(entry, at, meta) {
    const selector = entry.workloadSelector;
    if (selector !== undefined) {
      checkSelector(selector.labels, below(at, "workloadSelector"), "labels");
      warnOfEmptySelector(
        selector.labels,
        below(at, "workloadSelector"),
        "service entry: workload selector specified without labels, will be applied to all services in namespace",
      );
      if (entry.resolution === "NONE") {
        warn(
          below(at, "workloadSelector"),
          "workloadSelector should not be set when resolution mode is NONE",
        );
      }
    }
    checkHosts(entry, at);
    checkAddresses(entry, at);
    checkPorts(entry, at, meta);
    checkEndpoints(entry, at);
    if (entry.resolution === "DYNAMIC_DNS") checkDynamic(entry, at, meta);
    checkExportTo(entry.exportTo, below(at, "exportTo"), {
      namespace: meta.namespace,
      mayHide: true,
    });
  },
};

function checkHosts({ hosts, resolution, endpoints }: ServiceEntry, at: Cursor): void {
  const repeats = repeatsOf(hosts);
  for (const [index, host] of hosts.entries()) {
    const place = below(at, "hosts", index);
    if (repeats.has(index)) fault(place, `${quote(host)} is there twice`);
    if (resolution !== "DYNAMIC_DNS") warn(place, partialWildcardFault(host));
    else if (!host.startsWith("*")) {
      fault(place, "host must be wildcarded for resolution mode DYNAMIC_DNS");
    }
  }
  if (!isLookedUp(resolution) || endpoints.length > 0) return;
  const index = hosts.findIndex((host) => fqdnFault(host) !== undefined);
  if (index < 0) return;
  fault(
    below(at, "hosts", index),
    `hosts must be FQDN or contain only prefix wildcards if no endpoints are provided for resolution mode ${resolution}, ${
      fqdnFault(hosts[index]!)
    }`,
  );
}

function isLookedUp(resolution: ServiceEntry["resolution"]): boolean {
  return resolution === "DNS" || resolution === "DNS_ROUND_ROBIN";
}

function checkAddresses({ addresses, resolution }: ServiceEntry, at: Cursor): void {
  const repeats = repeatsOf(addresses);
  for (const [index, address] of addresses.entries()) {
    const place = below(at, "addresses", index);
    if (repeats.has(index)) fault(place, `${quote(address)} is there twice`);
    if (address.includes("/") && resolution !== "NONE" && resolution !== "STATIC") {
      fault(place, "CIDR addresses are allowed only for NONE/STATIC resolution types");
    }
  }
}

function checkPorts(entry: ServiceEntry, at: Cursor, { labels }: ObjectMeta): void {
  const { ports, hosts, addresses, resolution } = entry;
  const isOptedOut = labels[AUTO_ADDRESS_LABEL]?.toLowerCase() === "false";
  const isBare = addresses.length === 0 && (resolution === "NONE" || isOptedOut);
  const [names, numbers] = [
    repeatsOf(ports.map(({ name }) => name)),
    repeatsOf(ports.map(({ number }) => number)),
  ];
  for (const [index, port] of ports.entries()) {
    const place = below(at, "ports", index);
    if (names.has(index)) {
      fault(below(place, "name"), `service entry port name ${quote(port.name)} already defined`);
    }
    if (numbers.has(index)) {
      fault(below(place, "number"), `service entry port ${port.number} already defined`);
    }
    if (isBare && port.protocol === "TCP") {
      warn(
        place,
        "addresses are required for ports serving TCP (or unset) protocol when IP Autoallocation is not enabled",
      );
    }
  }
  if (hosts.length < 2) return;
  if (isLookedUp(resolution) && addresses.length > 0 && ports.some(isTcp)) {
    warn(
      below(at, "hosts"),
      "service entry can not have more than one host specified simultaneously with address and tcp port",
    );
  }
  const plain = ports.findIndex(({ protocol }) => !isHttp(protocol) && !isTls(protocol));
  if (resolution === "NONE" || plain < 0) return;
  fault(
    below(at, "ports", plain, "protocol"),
    "multiple hosts provided with non-HTTP, non-TLS ports",
  );
}

function isTcp({ protocol }: ServicePort): boolean {
  return !isHttp(protocol) && protocol !== "UDP";
}

function checkEndpoints({ endpoints, resolution, ports }: ServiceEntry, at: Cursor): void {
  const names = new Set(ports.map(({ name }) => name));
  for (const [index, endpoint] of endpoints.entries()) {
    const place = below(at, "endpoints", index);
    if (resolution === "STATIC") {
      checkWorkload(endpoint, place, { mayBeName: false });
      checkSocketService(endpoint, below(place, "address"), names);
    } else if (isLookedUp(resolution)) {
      fault(below(place, "address"), domainOrIpFault(endpoint.address));
      checkLabels(endpoint.labels, below(place, "labels"));
    } else continue;
    for (const [name, port] of Object.entries(endpoint.ports)) {
      if (names.has(name)) continue;
      fault(
        below(place, "ports", name),
        `endpoint port ${port} is not defined by the service entry`,
      );
    }
  }
  if (resolution === "DNS_ROUND_ROBIN" && endpoints.length > 1) {
    fault(
      below(at, "endpoints"),
      "there must only be 0 or 1 endpoint for resolution mode DNS_ROUND_ROBIN",
    );
  }
}

/** A socket is one port. */
function checkSocketService(
  { address }: WorkloadEntry,
  at: Cursor,
  names: ReadonlySet<string>,
): void {
  if (address.startsWith("unix://") && names.size !== 1) {
    fault(at, "exactly 1 service port required for unix endpoints");
  }
}

function checkDynamic(entry: ServiceEntry, at: Cursor, { labels }: ObjectMeta): void {
  if (entry.addresses.length > 0) {
    fault(below(at, "addresses"), "addresses cannot be set for resolution type DYNAMIC_DNS");
  }
  if (entry.endpoints.length > 0) {
    fault(below(at, "endpoints"), "endpoints cannot be set for resolution type DYNAMIC_DNS");
  }
  for (const [index, { protocol }] of entry.ports.entries()) {
    if (DYNAMIC_PROTOCOLS.includes(protocol)) continue;
    fault(
      below(at, "ports", index, "protocol"),
      "only HTTP, TLS, GRPC, and HTTP2 protocols are supported for resolution type DYNAMIC_DNS",
    );
  }
  const waypoint = labels[WAYPOINT_LABEL] ?? "";
  const usesWaypoint = waypoint !== "" && waypoint.toLowerCase() !== "none";
  if (entry.location === "MESH_INTERNAL" && usesWaypoint) {
    fault(
      below(at, "location"),
      "location MESH_INTERNAL with resolution type DYNAMIC_DNS is not supported when using waypoints",
    );
  }
}
