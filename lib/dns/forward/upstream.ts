/**
 * Servers that questions are forwarded to, as `--dnsUpstream` and resolv.conf name them.
 *
 * A server is named by its address: to look up a name it would need the very thing that it is.
 */
import { formatIpAddress, parseIpAddress, quote, SignetError } from "../../base/mod.ts";

/** How a server is spoken to. */
export type UpstreamTransport = "udp" | "tcp" | "tls";

/** One server. */
export interface Upstream {
  /** UDP (with TCP for what does not fit), TCP, or DNS over TLS. */
  readonly transport: UpstreamTransport;
  /** Its address, with the zone of a link-local one. */
  readonly hostname: string;
  /** Its port. */
  readonly port: number;
  /** Name that its certificate must hold; without one its address must be in it. `undefined` but for TLS. */
  readonly serverName: string | undefined;
  /** How messages and metrics call it: the URL in its canonical form. */
  readonly label: string;
}

/** Servers that are used; resolv.conf of people has three, that of no one more than this. */
export const MAX_UPSTREAMS = 32;

const DEFAULT_PORTS = { udp: 53, tcp: 53, tls: 853 } as const satisfies Record<
  UpstreamTransport,
  number
>;
const URL_REGEXP =
  /^(?:(udp|tcp|tls):\/\/)?(?:\[([^\]]+)\]|([^:[\]/#]+))(?::(\d{1,5}))?(?:#(.+))?$/;
const SERVER_NAME_REGEXP = /^[A-Za-z0-9_](?:[A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$/;
const ZONE_REGEXP = /^[A-Za-z0-9_.-]{1,15}$/;

/**
 * Reads `udp://10.0.0.1`, `tcp://10.0.0.1:53`, `tls://[2001:db8::1]:853#dns.example` or a bare address, which is UDP.
 *
 * @throws {SignetError} `config.bad_value`.
 */
export function parseUpstream(text: string): Upstream {
  const bare = parseHost(text);
  if (bare !== undefined) return upstream("udp", bare);
  const [, scheme = "udp", bracketed, plain, port, name] = URL_REGEXP.exec(text) ?? [];
  const transport = scheme as UpstreamTransport;
  const hostname = parseHost(bracketed ?? plain ?? "");
  if (hostname === undefined) {
    throw bad(text, "should be udp://, tcp:// or tls:// with an IP address, port and #name");
  }
  const number = port === undefined ? DEFAULT_PORTS[transport] : Number(port);
  if (number < 1 || number > 0xffff) throw bad(text, "port should be 1 to 65535");
  if (name !== undefined && transport !== "tls") {
    throw bad(text, "only tls:// takes a #name, which its certificate is checked for");
  }
  if (name !== undefined && (!SERVER_NAME_REGEXP.test(name) || parseIpAddress(name))) {
    throw bad(text, "what follows # should be a DNS name; without it the address is checked for");
  }
  return upstream(transport, hostname, { port: number, serverName: name });
}

/** The server of a `nameserver` line; `undefined` when it holds no address. */
export function plainUpstream(address: string): Upstream | undefined {
  const hostname = parseHost(address);
  return hostname === undefined ? undefined : upstream("udp", hostname);
}

function upstream(
  transport: UpstreamTransport,
  hostname: string,
  { port = DEFAULT_PORTS[transport], serverName }: {
    readonly port?: number;
    readonly serverName?: string | undefined;
  } = {},
): Upstream {
  const host = hostname.includes(":") ? `[${hostname}]` : hostname;
  const name = serverName === undefined ? "" : `#${serverName}`;
  return { transport, hostname, port, serverName, label: `${transport}://${host}:${port}${name}` };
}

/** The canonical text of an address with or without a zone. */
function parseHost(text: string): string | undefined {
  const [address = "", ...zones] = text.split("%");
  const octets = parseIpAddress(address);
  const canonical = octets === undefined ? undefined : formatIpAddress(octets);
  if (canonical === undefined || zones.length === 0) return canonical;
  const [zone = ""] = zones;
  return zones.length === 1 && octets?.length === 16 && ZONE_REGEXP.test(zone)
    ? `${canonical}%${zone}`
    : undefined;
}

function bad(text: string, what: string): SignetError {
  return new SignetError("config.bad_value", `Cannot use --dnsUpstream ${quote(text)}: ${what}`);
}
