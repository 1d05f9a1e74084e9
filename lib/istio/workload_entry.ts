/**
 * WorkloadEntry (`networking.istio.io`): one workload outside of Kubernetes, by its address.
 *
 * Checked as Istio does: an address is needed and is an IP, a DNS name without wildcard, or a Unix socket (an absolute path or an
 * abstract name, without ports); ports are 1 to 65535.
 */
import { parseIpAddress, quote } from "../base/mod.ts";
import {
  type FieldContext,
  type FieldPath,
  readInteger,
  readMapping,
  readText,
  readTextMap,
} from "./fields.ts";
import { fqdnFault, labelFault, labelKeyFault, labelValueFault } from "./names.ts";
import type { WorkloadEntry } from "./port.ts";

const KNOWN = ["address", "ports", "labels", "network", "locality", "weight", "serviceAccount"];
const MAX_PORT = 65_535;
/** An unsigned 32-bit number in Istio's API. */
const MAX_WEIGHT = 0xffff_ffff;
const UNIX_PREFIX = "unix://";

/** Reads the `spec` of a WorkloadEntry, or one element of a ServiceEntry's `endpoints`. */
export function readWorkloadEntry(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): WorkloadEntry {
  const fields = readMapping(value, path, { known: KNOWN, context });
  const address = readText(fields["address"], [...path, "address"], { context });
  const ports = readPorts(fields["ports"], [...path, "ports"], context);
  checkAddress(address, { path: [...path, "address"], hasPorts: Object.keys(ports).length > 0 }, {
    context,
    hasNetwork: fields["network"] !== undefined && fields["network"] !== "",
  });
  const text = (name: string) => readText(fields[name], [...path, name], { context });
  return {
    address,
    ports,
    labels: readLabels(fields["labels"], [...path, "labels"], context),
    network: text("network"),
    locality: text("locality"),
    weight: readInteger(fields["weight"], [...path, "weight"], {
      min: 0,
      max: MAX_WEIGHT,
      context,
    }) ?? 0,
    serviceAccount: text("serviceAccount"),
  };
}

function readPorts(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): Readonly<Record<string, number>> {
  const ports: Record<string, number> = {};
  for (const [name, number] of Object.entries(readMapping(value ?? {}, path, { context }))) {
    const wrong = labelFault(name.toLowerCase());
    if (wrong !== undefined) context.fault([...path, name], `is a port's name and ${wrong}`);
    const read = readInteger(number, [...path, name], { min: 1, max: MAX_PORT, context });
    if (read !== undefined) ports[name] = read;
  }
  return ports;
}

/** Reads labels, whose values have a form. */
export function readLabels(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): Readonly<Record<string, string>> {
  const labels = readTextMap(value, path, context);
  for (const [key, text] of Object.entries(labels)) {
    const wrong = labelValueFault(text);
    if (wrong !== undefined) context.fault([...path, key], `${quote(text)} ${wrong}`);
    const wrongKey = labelKeyFault(key);
    if (wrongKey !== undefined) context.fault([...path, key], wrongKey);
  }
  return labels;
}

function checkAddress(
  address: string,
  { path, hasPorts }: { readonly path: FieldPath; readonly hasPorts: boolean },
  { context, hasNetwork }: { readonly context: FieldContext; readonly hasNetwork: boolean },
): void {
  if (address === "") {
    // A workload of another network may be reached through that network's gateway alone.
    if (!hasNetwork) context.fault(path, "is missing, should be an IP address or a DNS name");
  } else if (address.startsWith(UNIX_PREFIX)) {
    checkUnixSocket(address.slice(UNIX_PREFIX.length), { path, hasPorts, context });
  } else if (parseIpAddress(address) === undefined) {
    const wrong = fqdnFault(address);
    if (wrong !== undefined) context.fault(path, `${quote(address)} ${wrong}, or an IP address`);
  }
}

function checkUnixSocket(
  socket: string,
  { path, hasPorts, context }: {
    readonly path: FieldPath;
    readonly hasPorts: boolean;
    readonly context: FieldContext;
  },
): void {
  const abstract = socket.startsWith("@") && socket.length > 1;
  if (!abstract && !socket.startsWith("/")) {
    context.fault(path, "is a Unix socket, which should be an absolute path or an @name");
  } else if (socket.endsWith("/")) context.fault(path, "is a folder, should be a Unix socket");
  if (hasPorts) context.fault(path, "is a Unix socket, which has no ports");
}
