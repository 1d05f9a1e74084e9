/** Protocols of ports, as Istio's API names them; case does not count. */

const HTTP = ["http", "http2", "http_proxy", "grpc", "grpc-web"];
const TLS = ["https", "tls"];
const OTHERS = ["tcp", "udp", "mongo", "redis", "mysql"];
const ALL = new Set([...HTTP, ...TLS, ...OTHERS]);

/** Whether Istio knows the protocol. */
export function isProtocol(protocol: string): boolean {
  return ALL.has(protocol.toLowerCase());
}

/** Whether it is HTTP of some kind in the clear. */
export function isHttp(protocol: string): boolean {
  return HTTP.includes(protocol.toLowerCase());
}

/** Whether it is TLS or something over it. */
export function isTls(protocol: string): boolean {
  return TLS.includes(protocol.toLowerCase());
}

/** What is wrong with the protocol of a port; an empty one is found out by looking. */
export function protocolFault(protocol: string): string | undefined {
  return protocol === "" || isProtocol(protocol) ? undefined : `unsupported protocol: ${protocol}`;
}
