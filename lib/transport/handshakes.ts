/**
 * TLS handshakes that have begun and not ended, each with a deadline.
 *
 * The runtime ignores the `handshakeTimeout` of node:tls: 2.7.14 does nothing with it, 2.9.8 reports the late client and leaves its socket
 * open. A client that connects and says nothing would hold its socket for ever. So the TCP sockets are kept here, found again by the
 * address and port of the client, until the handshake ends one way or the other.
 */

/** What this needs of a TCP or TLS socket. */
export interface HandshakeSocket {
  /** The client's address; undefined when it is gone. */
  readonly remoteAddress?: string | undefined;
  /** The client's port. */
  readonly remotePort?: number | undefined;
  /** Closes the socket at once. */
  destroy(): unknown;
  /** Hears of the end of the socket, or of a failure. */
  on(event: "close" | "error", listener: () => void): unknown;
}

interface Begun {
  readonly socket: HandshakeSocket;
  readonly deadlineMs: number;
}

/** The handshakes of one listener. Times are monotonic, in milliseconds. */
export class Handshakes {
  readonly #begun = new Map<string, Begun>();
  readonly #timeoutMs: number;

  /** Handshakes may take `timeoutMs`. */
  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
  }

  /** How many are under way. */
  get size(): number {
    return this.#begun.size;
  }

  /** A TCP connection was accepted, its handshake begins. */
  begin(socket: HandshakeSocket, nowMs: number): void {
    socket.on("error", () => socket.destroy());
    const key = keyOf(socket);
    if (key === undefined) return void socket.destroy();
    const begun = { socket, deadlineMs: nowMs + this.#timeoutMs };
    this.#begun.set(key, begun);
    socket.on("close", () => {
      // The port may belong to a later connection by now.
      if (this.#begun.get(key) === begun) this.#begun.delete(key);
    });
  }

  /** The handshake of this client succeeded; says how many milliseconds it took, when its beginning was seen. */
  succeeded(socket: HandshakeSocket, nowMs: number): number | undefined {
    const key = keyOf(socket);
    const begun = key === undefined ? undefined : this.#begun.get(key);
    if (key === undefined || begun === undefined) return undefined;
    this.#begun.delete(key);
    return nowMs - (begun.deadlineMs - this.#timeoutMs);
  }

  /** Closes those that are late and says how many they were. */
  expire(nowMs: number): number {
    let late = 0;
    // In order of their deadlines, as a Map keeps the order of insertion.
    for (const [key, { socket, deadlineMs }] of this.#begun) {
      if (deadlineMs > nowMs) break;
      this.#begun.delete(key);
      socket.destroy();
      late++;
    }
    return late;
  }

  /** Closes all. */
  destroy(): void {
    for (const { socket } of this.#begun.values()) socket.destroy();
    this.#begun.clear();
  }
}

function keyOf({ remoteAddress, remotePort }: HandshakeSocket): string | undefined {
  return remoteAddress === undefined ? undefined : `${remoteAddress} ${remotePort}`;
}
