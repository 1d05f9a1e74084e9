/**
 * Not reading a socket, so that its peer has to wait.
 *
 * `pause()` of a TLS socket stops its events alone: under Deno (2.7.14 and 2.9.8) the TLS layer goes on reading into memory, as much as the
 * peer sends. What holds a peer back is that nothing is read from TCP below, and for that Node has no public name.
 *
 * It is needed where a peer that reads slowly is in its right and must wait: HTTP/2 lets it send whole windows of request bodies meanwhile.
 * The DNS port keeps a bounded rest and closes instead (`lib/dns/connection.ts`), which takes no such name.
 */
import type { Socket } from "node:net";

/** A TCP handle of node:net. */
interface TcpHandle {
  readStart?(): unknown;
  readStop?(): unknown;
}

/** The handle below a TLS socket; `undefined` for a TCP socket, which `pause()` stops, and for one that is closed. */
function handleBelow(socket: Socket): TcpHandle | undefined {
  const { _parent: below } = socket as { readonly _parent?: { readonly _handle?: TcpHandle } };
  return below?._handle ?? undefined;
}

/** Stops and starts reading, down to TCP. */
export function setReading(socket: Socket, reading: boolean): void {
  const handle = handleBelow(socket);
  if (reading) {
    handle?.readStart?.();
    socket.resume();
  } else {
    socket.pause();
    handle?.readStop?.();
  }
}
