/** A client of DNS over TLS that says exactly the octets it is given, and reads frames whatever they hold. */
import { connect, type ConnectionOptions, type TLSSocket } from "node:tls";
import { concatBytes } from "signet/base/mod.ts";

/** Longer than any answer takes; a server that says nothing is noticed after it. */
const ANSWER_TIMEOUT_MS = 10_000;

/** A connection. */
export interface DotClient extends AsyncDisposable {
  /** The socket, for what this has no verb for. */
  readonly socket: TLSSocket;
  /** Writes octets as they are. */
  write(bytes: Uint8Array): void;
  /** Writes messages, each with its length in front, in one write. */
  send(...messages: readonly Uint8Array[]): void;
  /** The next answer without its length; `undefined` when the server has closed the connection. Rejects when neither comes. */
  next(): Promise<Uint8Array | undefined>;
  /** Ends this side. */
  end(): void;
}

/** Options of {@linkcode connectDot}. */
export interface DotOptions {
  /** `host:port`. */
  readonly addr: string;
  /** Trusted roots, PEM. */
  readonly ca: string;
  /** Chain and key, PEM. */
  readonly cert?: string;
  /** See above. */
  readonly key?: string;
  /** More, as node:tls has it. */
  readonly tls?: Partial<ConnectionOptions>;
}

/** The message with its length in front. */
export function framed(message: Uint8Array): Uint8Array {
  return concatBytes([Uint8Array.of(message.length >> 8, message.length & 0xff), message]);
}

/** Connects and finishes the handshake. */
export async function connectDot({ addr, ca, cert, key, tls }: DotOptions): Promise<DotClient> {
  const [host, port] = [
    addr.slice(0, addr.lastIndexOf(":")),
    addr.slice(addr.lastIndexOf(":") + 1),
  ];
  const socket = connect({
    ...{ host, port: Number(port), ca, servername: "localhost", ALPNProtocols: ["dot"] },
    ...(cert === undefined ? {} : { cert, key }),
    ...tls,
  });
  let rest: Uint8Array = new Uint8Array(0);
  let closed = false;
  let wake = () => {};
  socket.on("data", (chunk: Uint8Array) => {
    rest = concatBytes([rest, chunk]);
    wake();
  });
  const onClosed = () => {
    closed = true;
    wake();
  };
  socket.on("close", onClosed);
  socket.on("end", onClosed);
  await new Promise<void>((resolve, reject) => {
    socket.once("secureConnect", resolve);
    socket.once("error", reject);
  });
  socket.on("error", onClosed);
  const take = (): Uint8Array | undefined => {
    const end = rest.length < 2 ? Infinity : 2 + (rest[0]! << 8 | rest[1]!);
    if (end > rest.length) return undefined;
    const message = rest.slice(2, end);
    rest = rest.slice(end);
    return message;
  };
  return {
    socket,
    write: (bytes) => void socket.write(bytes),
    send: (...messages) => void socket.write(concatBytes(messages.map(framed))),
    end: () => void socket.end(),
    async next() {
      const deadline = performance.now() + ANSWER_TIMEOUT_MS;
      for (;;) {
        const message = take();
        if (message !== undefined) return message;
        if (closed) return undefined;
        const left = deadline - performance.now();
        if (left <= 0) throw new TypeError("The server neither answered nor closed");
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, left);
          wake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
    },
    async [Symbol.asyncDispose]() {
      if (socket.destroyed) return;
      const gone = new Promise((resolve) => socket.once("close", resolve));
      socket.destroy();
      await gone;
    },
  };
}
