/**
 * Gateway (`networking.istio.io`): the ports that a proxy at the edge listens on, their hosts and their TLS.
 *
 * Checked as Istio does: a name that is a DNS label, servers with hosts and ports of their own names, TLS where the protocol is TLS and
 * only there.
 */
import { quote } from "../base/mod.ts";
import { hostOfNamespaceFaults } from "./host_of_namespace.ts";
import { type KindRule, NETWORKING_VERSIONS, type SpecOf } from "./kind.ts";
import { ipFault, isLabel, portFault, unixAddressFault } from "./names.ts";
import { isHttp, isProtocol, isTls } from "./protocol.ts";
import { list, map, object } from "./schema/collection.ts";
import { below, type Cursor, fault, repeatsOf, warn } from "./schema/port.ts";
import { text, uint32 } from "./schema/scalar.ts";
import { checkServerTls, SERVER_TLS } from "./tls_settings.ts";

const UNIX_PREFIX = "unix://";

const PORT = object({
  number: uint32(),
  protocol: text(),
  name: text(),
  targetPort: uint32(),
}, { required: ["number", "protocol", "name"] });
const SERVER = object({
  port: PORT,
  bind: text(),
  hosts: list(text()),
  tls: SERVER_TLS,
  defaultEndpoint: text(),
  name: text(),
}, { required: ["port", "hosts"] });
const SPEC = object({ servers: list(SERVER), selector: map(text()) });

/** `spec` of a Gateway. */
export type Gateway = SpecOf<typeof SPEC>;
/** One port of a Gateway. */
export type GatewayServer = Gateway["servers"][number];

/** What signet knows of Gateway. */
export const GATEWAY: KindRule<Gateway> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check({ servers }, at, { name }) {
    if (!isLabel(name)) fault(at, `invalid gateway name: ${quote(name)}`);
    if (servers.length === 0) {
      fault(below(at, "servers"), "gateway must have at least one server");
    }
    const repeats = repeatsOf(servers.map(({ port }) => port?.name));
    for (const [index, server] of servers.entries()) {
      const place = below(at, "servers", index);
      checkServer(server, place);
      if (repeats.has(index)) {
        fault(
          below(place, "port", "name"),
          `port names in servers must be unique: duplicate name ${server.port?.name}`,
        );
      }
      if (server.tls?.httpsRedirect && !isHttp(server.port?.protocol ?? "")) {
        warn(
          below(place, "tls", "httpsRedirect"),
          "tls.httpsRedirect should only be used with http servers",
        );
      }
    }
  },
};

function checkServer(server: GatewayServer, at: Cursor): void {
  const { hosts, port, bind, tls } = server;
  if (hosts.length === 0) {
    fault(below(at, "hosts"), "server config must contain at least one host");
  }
  for (const [index, host] of hosts.entries()) {
    for (const reason of hostOfNamespaceFaults(host, "gateway")) {
      fault(below(at, "hosts", index), reason);
    }
  }
  if (bind.startsWith(UNIX_PREFIX)) {
    fault(below(at, "bind"), unixAddressFault(bind.slice(UNIX_PREFIX.length)));
    if (port !== undefined && port.number !== 0) {
      fault(
        below(at, "port", "number"),
        `port number must be 0 for unix domain socket: ${port.number}`,
      );
    }
  } else if (bind !== "") fault(below(at, "bind"), ipFault(bind));
  checkServerTls(tls, below(at, "tls"));
  if (port === undefined) return;
  checkPort(server, below(at, "port"));
  checkTlsOfPort(server, below(at, "tls"));
}

function checkPort({ port, bind }: GatewayServer, at: Cursor): void {
  const { number, protocol, name, targetPort } = port!;
  if (!isProtocol(protocol)) {
    fault(
      below(at, "protocol"),
      `invalid protocol ${
        quote(protocol)
      }, supported protocols are HTTP, HTTP2, GRPC, GRPC-WEB, MONGO, REDIS, MYSQL, TCP`,
    );
  }
  if (number > 0 || !bind.startsWith(UNIX_PREFIX)) fault(below(at, "number"), portFault(number));
  if (targetPort > 0) fault(below(at, "targetPort"), "targetPort has no impact on Gateways");
  if (name === "") {
    fault(
      below(at, "name"),
      `port name must be set: number:${number}  protocol:${quote(protocol)}`,
    );
  }
}

function checkTlsOfPort({ port, tls }: GatewayServer, at: Cursor): void {
  const protocol = port!.protocol;
  if (isTls(protocol)) {
    if (tls === undefined) {
      fault(at, "server must have TLS settings for HTTPS/TLS protocols");
    }
    return;
  }
  if (tls === undefined || !isProtocol(protocol)) return;
  if (!isHttp(protocol)) {
    return fault(at, "server cannot have TLS settings for non HTTPS/TLS ports");
  }
  const isPassedThrough = tls.mode === "PASSTHROUGH" || tls.mode === "AUTO_PASSTHROUGH";
  const files = [tls.caCertificates, tls.privateKey, tls.serverCertificate];
  if (!isPassedThrough || files.some((file) => file !== "")) {
    fault(at, "server cannot have TLS settings for plain text HTTP ports");
  }
}
