/**
 * Sidecar (`networking.istio.io`): what the proxies of some workloads listen on, what they see of the mesh, and what they do with the rest.
 *
 * Checked as Istio does: ports of their own, hosts as `namespace/dnsName`, one listener for everything and that one last, sockets where the
 * port is 0, endpoints on the workload itself.
 */
import { quote } from "../base/mod.ts";
import { checkConnectionPool, CONNECTION_POOL } from "./connection_pool.ts";
import { checkDestination, DESTINATION } from "./destination.ts";
import { hostOfNamespaceFaults } from "./host_of_namespace.ts";
import { type KindRule, NETWORKING_VERSIONS, type SpecOf } from "./kind.ts";
import { fqdnFault, ipFault, portFault, portNameFault, unixAddressFault } from "./names.ts";
import { isHttp, isTls, protocolFault } from "./protocol.ts";
import { list, object } from "./schema/collection.ts";
import { below, type Cursor, fault, repeatsOf, type ValueOf, warn } from "./schema/port.ts";
import { choice, text, uint32 } from "./schema/scalar.ts";
import { checkSelector, LABELS_SELECTOR, warnOfEmptySelector } from "./selector.ts";
import { checkServerTls, SERVER_TLS, type ServerTls } from "./tls_settings.ts";

const UNIX_PREFIX = "unix://";
/** Hosts of `defaultEndpoint`: the workload itself. */
const OWN_HOSTS = ["", "127.0.0.1", "0.0.0.0", "::1", "::"];

const SIDECAR_PORT = object({
  number: uint32(),
  protocol: text(),
  name: text(),
  targetPort: uint32(),
});
const CAPTURE_MODE = choice("DEFAULT", "IPTABLES", "NONE");
const INGRESS = object({
  port: SIDECAR_PORT,
  bind: text(),
  captureMode: CAPTURE_MODE,
  defaultEndpoint: text(),
  tls: SERVER_TLS,
  connectionPool: CONNECTION_POOL,
}, { required: ["port"] });
const EGRESS = object({
  port: SIDECAR_PORT,
  bind: text(),
  captureMode: CAPTURE_MODE,
  hosts: list(text()),
}, { required: ["hosts"] });
const SPEC = object({
  workloadSelector: LABELS_SELECTOR,
  ingress: list(INGRESS),
  egress: list(EGRESS),
  inboundConnectionPool: CONNECTION_POOL,
  outboundTrafficPolicy: object({
    mode: choice("REGISTRY_ONLY", "ALLOW_ANY"),
    egressProxy: DESTINATION,
  }),
});

/** `spec` of a Sidecar. */
export type Sidecar = SpecOf<typeof SPEC>;
/** A listener for what comes in. */
export type SidecarIngress = Sidecar["ingress"][number];
/** A listener for what goes out. */
export type SidecarEgress = Sidecar["egress"][number];
type SidecarPort = NonNullable<ValueOf<typeof SIDECAR_PORT>>;

/** What signet knows of Sidecar. */
export const SIDECAR: KindRule<Sidecar> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check(sidecar, at, { namespace }) {
    const { workloadSelector, ingress, egress, inboundConnectionPool, outboundTrafficPolicy } =
      sidecar;
    if (workloadSelector !== undefined) {
      checkSelector(workloadSelector.labels, below(at, "workloadSelector"), "labels");
      warnOfEmptySelector(
        workloadSelector.labels,
        below(at, "workloadSelector"),
        "sidecar: workload selector specified without labels, will be applied to all services in namespace",
      );
    }
    const isEmpty = ingress.length === 0 && egress.length === 0 &&
      outboundTrafficPolicy === undefined && inboundConnectionPool === undefined;
    if (isEmpty) return fault(at, "sidecar: empty configuration provided");
    checkAllIngress(ingress, below(at, "ingress"));
    checkConnectionPool(inboundConnectionPool, below(at, "inboundConnectionPool"));
    checkAllEgress(egress, below(at, "egress"), { namespace });
    checkOutbound(outboundTrafficPolicy, below(at, "outboundTrafficPolicy"));
  },
};

function checkAllIngress(ingress: readonly SidecarIngress[], at: Cursor): void {
  const repeats = repeatsOf(ingress.map(({ port }) => port?.number));
  for (const [index, listener] of ingress.entries()) {
    const place = below(at, index);
    const { port, bind, defaultEndpoint, tls, connectionPool } = listener;
    if (port === undefined) continue;
    checkPort(port, below(place, "port"));
    fault(below(place, "port", "number"), portFault(port.number));
    if (bind !== "") fault(below(place, "bind"), ipFault(bind));
    if (repeats.has(index)) {
      fault(
        below(place, "port", "number"),
        "sidecar: ports on IP bound listeners must be unique",
      );
    }
    checkDefaultEndpoint(defaultEndpoint, below(place, "defaultEndpoint"));
    if (tls !== undefined) checkIngressTls(tls, below(place, "tls"), port);
    checkConnectionPool(connectionPool, below(place, "connectionPool"));
    if (connectionPool?.http !== undefined && !isHttp(port.protocol)) {
      warn(
        below(place, "connectionPool", "http"),
        `sidecar: HTTP connection pool settings are configured for port ${port.number} (${
          quote(port.name)
        }) but its protocol is not HTTP (${port.protocol}); only TCP settings will apply`,
      );
    }
  }
}

function checkPort({ name, protocol, targetPort }: SidecarPort, at: Cursor): void {
  if (name !== "") fault(below(at, "name"), portNameFault(name));
  fault(below(at, "protocol"), protocolFault(protocol));
  if (targetPort > 0) fault(below(at, "targetPort"), "targetPort has no impact on Sidecars");
}

function checkDefaultEndpoint(endpoint: string, at: Cursor): void {
  if (endpoint === "") return;
  if (endpoint.startsWith(UNIX_PREFIX)) {
    return fault(at, unixAddressFault(endpoint.slice(UNIX_PREFIX.length)));
  }
  const [, inBrackets, bare, port = ""] =
    /^(?:\[([^\]\[]*)\]|([^:\[\]]*)):([^:\[\]]*)$/.exec(endpoint) ?? [];
  if (!OWN_HOSTS.includes(inBrackets ?? bare ?? "none")) {
    fault(
      at,
      "sidecar: defaultEndpoint must be of form 127.0.0.1:<port>,0.0.0.0:<port>,[::1]:port,[::]:port,unix://filepath or unset",
    );
  } else if (!/^[+-]?\d{1,19}$/.test(port)) {
    fault(at, `sidecar: defaultEndpoint port (${port}) is not a number`);
  } else fault(at, portFault(Number(port)));
}

function checkIngressTls(tls: ServerTls, at: Cursor, { protocol }: SidecarPort): void {
  const refuse = (field: keyof ServerTls, reason: string) => fault(below(at, field), reason);
  if (tls.subjectAltNames.length > 0) {
    refuse("subjectAltNames", "sidecar: subjectAltNames is not supported in ingress tls");
  }
  if (tls.httpsRedirect) refuse("httpsRedirect", "sidecar: httpsRedirect is not supported");
  for (const field of ["credentialName", "credentialNames", "tlsCertificates"] as const) {
    if (tls[field].length === 0) continue;
    const name = field === "tlsCertificates" ? "tls_certificates" : field;
    refuse(field, `sidecar: ${name} is not currently supported`);
  }
  if (tls.mode === "ISTIO_MUTUAL" || tls.mode === "AUTO_PASSTHROUGH") {
    refuse(
      "mode",
      `configuration is invalid: cannot set mode to ${tls.mode} in sidecar ingress tls`,
    );
  }
  if (!isTls(protocol)) fault(at, "server cannot have TLS settings for non HTTPS/TLS ports");
  checkServerTls(tls, at);
}

function checkAllEgress(
  egress: readonly SidecarEgress[],
  at: Cursor,
  context: { readonly namespace: string },
): void {
  const numbers = new Set<number>();
  const sockets = new Set<string>();
  for (const [index, listener] of egress.entries()) {
    const place = below(at, index);
    const { port, bind } = listener;
    if (port === undefined) {
      if (index < egress.length - 1) {
        fault(
          place,
          "sidecar: the egress listener with empty port should be the last listener in the list",
        );
      }
    } else {
      checkEgressPort(listener, place);
      const isTaken = port.number === 0 ? sockets.has(bind) : numbers.has(port.number);
      if (isTaken && port.number === 0) {
        fault(
          below(place, "bind"),
          "sidecar: unix domain socket values for listeners must be unique",
        );
      } else if (isTaken) {
        fault(
          below(place, "port", "number"),
          "sidecar: ports on IP bound listeners must be unique",
        );
      }
      if (port.number === 0) sockets.add(bind);
      else numbers.add(port.number);
    }
    checkEgressHosts(listener.hosts, below(place, "hosts"), context);
  }
}

function checkEgressPort({ port, bind, captureMode }: SidecarEgress, at: Cursor): void {
  checkPort(port!, below(at, "port"));
  if (port!.number !== 0) {
    fault(below(at, "port", "number"), portFault(port!.number));
    if (bind !== "") fault(below(at, "bind"), ipFault(bind));
    return;
  }
  fault(
    below(at, "bind"),
    bind.startsWith(UNIX_PREFIX)
      ? unixAddressFault(bind.slice(UNIX_PREFIX.length))
      : "sidecar: ports with 0 value must have a unix domain socket bind address",
  );
  if (captureMode === "IPTABLES") {
    fault(
      below(at, "captureMode"),
      "sidecar: captureMode must be DEFAULT/NONE for unix domain socket listeners",
    );
  }
}

function checkEgressHosts(
  hosts: readonly string[],
  at: Cursor,
  { namespace }: { readonly namespace: string },
): void {
  if (hosts.length === 0) {
    return fault(at, "sidecar: egress listener must contain at least one host");
  }
  const seen = new Map<string, Set<string>>();
  for (const [index, host] of hosts.entries()) {
    const place = below(at, index);
    for (const reason of hostOfNamespaceFaults(host, "sidecar")) fault(place, reason);
    const slash = host.indexOf("/");
    if (slash < 0) continue;
    const [written, name] = [host.slice(0, slash), host.slice(slash + 1)];
    const of = written === "." ? namespace : written;
    const names = seen.get(of) ?? new Set();
    const isCovered = name === "*" ? names.size > 0 : names.has(name) || names.has("*");
    if (isCovered) warn(place, `duplicated egress host: ${host}`);
    seen.set(of, names.add(name));
  }
  if (seen.get("*")?.has("*") && seen.size > 1) {
    warn(at, "`*/*` host select all resources, no other hosts can be added");
  }
}

function checkOutbound(policy: Sidecar["outboundTrafficPolicy"], at: Cursor): void {
  const proxy = policy?.egressProxy;
  if (policy === undefined || proxy === undefined) return;
  const place = below(at, "egressProxy");
  if (policy.mode !== "ALLOW_ANY") {
    return fault(
      place,
      "sidecar: egress_proxy must be set only with ALLOW_ANY outbound_traffic_policy mode",
    );
  }
  fault(below(place, "host"), fqdnFault(proxy.host));
  if (proxy.port === undefined) {
    return fault(below(place, "port"), "sidecar: egress_proxy port must be non-nil");
  }
  checkDestination(proxy, place);
}
