/**
 * Ports for programs under test. Test files run side by side, in one process and in several, and a port that is free when a test looks may
 * be another's before its program listens: so each file has a block of ports of its own. Who listens on the first port of a block owns the
 * others; the kernel gives it back when the file has ended, however it ended.
 */

/** Below the ports that Linux gives to connections. */
const PORTS = { from: 20_000, to: 32_768 } as const;
/** More than the ports of all programs that run at once in one file; later ones get those again that are free. */
const BLOCK = 64;
const LOOPBACK = "127.0.0.1";

const blockFrom = claimBlock();
let next = 1;

/** A port of the loopback that nobody listens on, and that no other test file will take. */
export function freePort(): number {
  for (let tries = 1; tries < BLOCK; tries++) {
    const port = blockFrom + next;
    next = next % (BLOCK - 1) + 1;
    const listener = tryListen(port);
    listener?.close();
    if (listener !== undefined) return port;
  }
  throw new TypeError(`Cannot find a free port: all from ${blockFrom} are taken`);
}

/** Held until the file has ended: no test opened it, so none leaks it. */
function claimBlock(): number {
  const blocks = Math.floor((PORTS.to - PORTS.from) / BLOCK);
  const start = Math.floor(Math.random() * blocks);
  for (let tries = 0; tries < blocks; tries++) {
    const from = PORTS.from + (start + tries) % blocks * BLOCK;
    if (tryListen(from) !== undefined) return from;
  }
  throw new TypeError(`Cannot find free ports: each block from ${PORTS.from} is another's`);
}

function tryListen(port: number): Deno.TcpListener | undefined {
  try {
    return Deno.listen({ hostname: LOOPBACK, port });
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AddrInUse) return undefined;
    throw thrown;
  }
}
