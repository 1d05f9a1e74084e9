/** What a port's protocol means to a proxy. */

/** How a proxy treats a port. */
export type PortKind = "http" | "http2" | "tls" | "tcp" | "auto" | "none";

const KINDS: Readonly<Record<string, PortKind>> = {
  HTTP: "http",
  HTTP_PROXY: "http",
  HTTP2: "http2",
  GRPC: "http2",
  "GRPC-WEB": "http2",
  HTTPS: "tls",
  TLS: "tls",
  UDP: "none",
};

/** The kind of a protocol; whatever is not known better is bytes over TCP. */
export function portKind(protocol: string): PortKind {
  return KINDS[protocol] ?? "tcp";
}

/** The kind of a port on which a workload is reached: one without a protocol is found out by looking. */
export function inboundKind(protocol: string): PortKind {
  return protocol === "" ? "auto" : portKind(protocol.toUpperCase());
}

/** True when requests are seen. */
export function isHttp(kind: PortKind): boolean {
  return kind === "http" || kind === "http2";
}

/** Ports that Istio's proxies and agents use themselves. */
const RESERVED_PORTS = [15001, 15006, 15021, 15090];

/** True when a listener may take the port. */
export function isFree(port: number): boolean {
  return !RESERVED_PORTS.includes(port);
}
