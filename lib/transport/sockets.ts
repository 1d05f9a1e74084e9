/** What every listener on sockets does: bind, say where, close; and what is known of a client after its handshake. */
import type { Server, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { messageOf, SignetError } from "../base/mod.ts";
import type { Address, PeerEvidence } from "./port.ts";

/** Certificates of a client that are looked at. */
const MAX_CHAIN = 10;

/**
 * Binds a server. An empty host is every interface: IPv6 with IPv4, or IPv4 alone where the machine has no IPv6.
 *
 * @param flag gave the address, for messages.
 * @throws {SignetError} `transport.bind_failed`.
 */
export async function bindServer(
  server: Server,
  { hostname, port }: Address,
  flag: string,
): Promise<void> {
  try {
    if (hostname !== "") return await bindTo(server, hostname, port);
    try {
      await bindTo(server, "::", port);
    } catch (thrown) {
      if ((thrown as { code?: unknown }).code === "EADDRINUSE") throw thrown;
      await bindTo(server, "0.0.0.0", port);
    }
  } catch (cause) {
    throw new SignetError(
      "transport.bind_failed",
      `Cannot listen on ${hostname}:${port} (--${flag}): ${
        messageOf(cause)
      }; stop what uses it or give another address`,
      { cause },
    );
  }
}

function bindTo(server: Server, host: string, port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host, port, backlog: 4096 }, () => {
      server.off("error", reject);
      resolve();
    });
  });
}

/** Where a server listens, `host:port`. */
export function boundAddress(server: Server): string {
  const address = server.address();
  if (address === null || typeof address === "string") return String(address);
  return address.address.includes(":")
    ? `[${address.address}]:${address.port}`
    : `${address.address}:${address.port}`;
}

/** Stops accepting; resolves when every connection is closed. */
export function closeServer(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}

/** `host:port` of a client. */
export function remoteAddress(socket: Socket): string {
  const host = socket.remoteAddress ?? "unknown";
  return host.includes(":") ? `[${host}]:${socket.remotePort}` : `${host}:${socket.remotePort}`;
}

/**
 * What a client showed in its handshake. On Deno 2.7.14 one without a certificate counts as `authorized`, so the certificate itself is what
 * is looked at.
 */
export function evidenceOf(socket: TLSSocket): PeerEvidence {
  const error: unknown = socket.authorizationError;
  return {
    remoteAddress: remoteAddress(socket),
    leaf: leafOf(socket),
    chain: () => peerChain(socket),
    authorized: socket.authorized,
    authorizationError: error === null || error === undefined ? undefined : String(error),
  };
}

/** The leaf, for a third of what the whole chain costs. One that the runtime cannot read is empty, which no verdict takes for a certificate. */
function leafOf(socket: TLSSocket): Uint8Array | undefined {
  try {
    const raw = socket.getPeerX509Certificate()?.raw;
    return raw === undefined ? undefined : new Uint8Array(raw);
  } catch {
    return new Uint8Array(0);
  }
}

/** The peer's certificates, leaf first; empty for a client without one. */
export function peerChain(socket: TLSSocket): readonly Uint8Array[] {
  const chain: Uint8Array[] = [];
  let certificate = socket.getPeerCertificate(true);
  while (certificate?.raw !== undefined && chain.length < MAX_CHAIN) {
    chain.push(new Uint8Array(certificate.raw));
    if (certificate.issuerCertificate === certificate) break;
    certificate = certificate.issuerCertificate;
  }
  return chain;
}
