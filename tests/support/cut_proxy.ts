/** A TCP proxy on the loopback that a test can cut: what is connected is reset, and nobody gets through until it is mended. */
import { createServer, type Server, type Socket } from "node:net";
import { connect } from "node:net";

/** A running proxy. */
export interface CutProxy extends AsyncDisposable {
  /** Its port. */
  readonly port: number;
  /** Connections that were accepted so far. */
  readonly accepted: number;
  /** Resets every connection; with `refuse` new ones are reset too, until {@linkcode CutProxy.mend}. */
  cut(options?: { readonly refuse?: boolean }): void;
  /** Lets connections through again. */
  mend(): void;
}

/** Starts a proxy to a port of the loopback. */
export async function startCutProxy(targetPort: number): Promise<CutProxy> {
  const sockets = new Set<Socket>();
  let refuses = false;
  let accepted = 0;
  const hold = (socket: Socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => socket.destroy());
  };
  const server: Server = createServer((client) => {
    hold(client);
    accepted++;
    if (refuses) return void client.destroy();
    const target = connect(targetPort, "127.0.0.1");
    hold(target);
    client.on("close", () => target.destroy());
    target.on("close", () => client.destroy());
    client.pipe(target);
    target.pipe(client);
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  const cut = () => sockets.forEach((socket) => socket.destroy());
  return {
    port: (server.address() as { port: number }).port,
    get accepted() {
      return accepted;
    },
    cut(options) {
      refuses = options?.refuse ?? false;
      cut();
    },
    mend: () => void (refuses = false),
    async [Symbol.asyncDispose]() {
      cut();
      await new Promise<void>((resolve) => server.close(() => resolve()));
    },
  };
}
