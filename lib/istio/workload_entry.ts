/**
 * WorkloadEntry (`networking.istio.io`): one workload outside of Kubernetes, by its address.
 *
 * Checked as Istio does: an address is needed and is an IP, a DNS name without wildcard, or a Unix socket (an absolute path or an
 * abstract name, without ports); ports are 1 to 65535.
 */
import { quote } from "../base/mod.ts";
import { type KindRule, NETWORKING_VERSIONS } from "./kind.ts";
import { fqdnFault, isIpAddress, portNameFault, unixAddressFault } from "./names.ts";
import type { WorkloadEntry } from "./port.ts";
import { map, object, type ObjectOf, type Raw } from "./schema/collection.ts";
import { below, type Cursor, fault, type Schema, warn } from "./schema/port.ts";
import { text, uint32 } from "./schema/scalar.ts";
import { checkLabels } from "./selector.ts";

const UNIX_PREFIX = "unix://";
const MAX_PORT_NAME = 62;

/** Fields of a workload, in a WorkloadEntry, a ServiceEntry and the template of a WorkloadGroup. */
export const WORKLOAD_FIELDS = {
  address: text({ max: 256, check: unixFault }),
  ports: map(uint32({ min: 1, max: 65_535 }), { max: 128, checkKey: writtenPortNameFault }),
  labels: map(text(), { max: 256 }),
  network: text({ max: 2048 }),
  locality: text({ max: 2048 }),
  weight: uint32(),
  serviceAccount: text({ max: 253 }),
};

/** A WorkloadEntry's `spec`, or one element of a ServiceEntry's `endpoints`. */
export const WORKLOAD: Schema<ObjectOf<typeof WORKLOAD_FIELDS>, undefined> = object(
  WORKLOAD_FIELDS,
  {
    check(raw, at) {
      if (raw["address"] === undefined && raw["network"] === undefined) {
        fault(below(at, "address"), "address is required");
      }
      checkSocketPorts(raw, at);
    },
  },
);

/** The rule of a socket's ports over the fields as they are written. */
export function checkSocketPorts(raw: Raw, at: Cursor): void {
  const address = String(raw["address"] ?? "");
  if (address.startsWith(UNIX_PREFIX) && raw["ports"] !== undefined) {
    fault(below(at, "address"), `unix endpoint ${address} must not include ports`);
  }
}

function unixFault(address: string): string | undefined {
  return address.startsWith(UNIX_PREFIX)
    ? unixAddressFault(address.slice(UNIX_PREFIX.length))
    : undefined;
}

function writtenPortNameFault(name: string): string | undefined {
  return name.length > MAX_PORT_NAME
    ? `is a port's name, which has at most ${MAX_PORT_NAME} characters`
    : portNameFault(name);
}

/** What signet knows of WorkloadEntry. */
export const WORKLOAD_ENTRY: KindRule<WorkloadEntry> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: WORKLOAD,
  needsSpec: true,
  check: (workload, at) => checkWorkload(workload, at, { mayBeName: true }),
};

/** The rules of a workload that stands for itself; `mayBeName` says whether its address may be a DNS name. */
export function checkWorkload(
  { address, network, labels }: WorkloadEntry,
  at: Cursor,
  { mayBeName }: { readonly mayBeName: boolean },
): void {
  const place = below(at, "address");
  if (address === "") {
    // A workload of another network may be reached through that network's gateway alone.
    if (network === "") return fault(place, "address is required");
    warn(place, `address is unset with network ${quote(network)}`);
  } else if (!address.startsWith(UNIX_PREFIX) && !isIpAddress(address)) {
    if (!mayBeName) fault(place, `endpoint address ${quote(address)} is not a valid IP address`);
    else fault(place, domainOrIpFault(address));
  }
  checkLabels(labels, below(at, "labels"));
}

/** An IP address or a DNS name. */
export function domainOrIpFault(address: string): string | undefined {
  return isIpAddress(address) || fqdnFault(address) === undefined
    ? undefined
    : `endpoint address ${quote(address)} is not a valid FQDN or an IP address`;
}
