/** What connections cost: handshakes, memory of idle ones, and the time to the first answer on a new one. */
import { connect, type TLSSocket } from "node:tls";
import { run, usageOf } from "../../support/process.ts";
import { median } from "../measure.ts";
import { type DnsTarget, needed } from "./servers.ts";
import { LOCAL_NAMES } from "./zone.ts";

/** Connections that are being opened at once. */
const AT_ONCE = 50;

/** Full handshakes, one after another, for some seconds: how many for a second of the server's CPU. */
export async function measureHandshakes(
  { name, pid }: DnsTarget,
  { port, seconds, client }: {
    readonly port: number;
    readonly seconds: number;
    /** Certificate and key, when the client shows one. */
    readonly client?: { readonly cert: string; readonly key: string };
  },
): Promise<number> {
  const own = client === undefined ? [] : ["-cert", client.cert, "-key", client.key];
  const before = await usageOf(pid);
  const to = ["-connect", `127.0.0.1:${port}`, "-new", "-time", String(seconds)];
  const { stdout, stderr } = await run(needed("openssl"), ["s_time", ...to, ...own]);
  const after = await usageOf(pid);
  const count = Number(/^(\d+) connections in \d+ real seconds/m.exec(stdout)?.[1]);
  if (!(count > 0)) throw new TypeError(`Cannot measure ${name}: ${stdout}${stderr}`);
  return count / ((after.cpuUs - before.cpuUs) / 1e6);
}

/** Resident memory of an idle connection in kB (10^3), over `count` of them that have each had one answer. */
export async function measureIdle(target: DnsTarget, count: number): Promise<number> {
  const warmed = await openMany(target, 100);
  for (const socket of warmed) socket.destroy();
  const before = await usageOf(target.pid);
  const sockets = await openMany(target, count);
  const after = await usageOf(target.pid);
  for (const socket of sockets) socket.destroy();
  return (after.residentBytes - before.residentBytes) / count / 1e3;
}

/** Many at a time: some servers answer the first query late, and some close what is idle after ten seconds. */
async function openMany(target: DnsTarget, count: number): Promise<readonly TLSSocket[]> {
  const sockets: TLSSocket[] = [];
  while (sockets.length < count) {
    const opened = Array.from({ length: Math.min(AT_ONCE, count - sockets.length) }, async () => {
      const socket = await open(target);
      socket.setNoDelay(true);
      await ask(socket);
      return socket;
    });
    sockets.push(...await Promise.all(opened));
  }
  return sockets;
}

/** Milliseconds from the first query on a new connection to its answer, the median of `rounds`; with Nagle's algorithm at the client, or not. */
export async function measureFirstAnswer(
  target: DnsTarget,
  { rounds, nagle }: { readonly rounds: number; readonly nagle: boolean },
): Promise<number> {
  const took: number[] = [];
  for (let i = 0; i < rounds; i++) {
    const socket = await open(target);
    socket.setNoDelay(!nagle);
    const startedMs = performance.now();
    await ask(socket);
    took.push(performance.now() - startedMs);
    socket.destroy();
  }
  return median(took);
}

function open({ port }: DnsTarget): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port, rejectUnauthorized: false });
  return new Promise((resolve, reject) => {
    socket.once("secureConnect", () => resolve(socket));
    socket.on("error", reject);
  });
}

/** Sends a query and waits for a whole answer. */
function ask(socket: TLSSocket): Promise<void> {
  const labels = LOCAL_NAMES[0]!.name.split(".").flatMap((label) => [
    label.length,
    ...new TextEncoder().encode(label),
  ]);
  const message = [0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0, ...labels, 0, 0, 1, 0, 1];
  const answered = new Promise<void>((resolve, reject) => {
    let received = 0;
    let wanted = Infinity;
    const first: number[] = [];
    const onData = (chunk: Uint8Array) => {
      received += chunk.length;
      for (const octet of chunk) if (first.length < 2) first.push(octet);
      if (first.length === 2) wanted = 2 + (first[0]! << 8 | first[1]!);
      if (received < wanted) return;
      socket.off("data", onData);
      resolve();
    };
    socket.on("data", onData);
    socket.once("close", () => reject(new TypeError("The server closed the connection")));
  });
  socket.write(Uint8Array.from([message.length >> 8, message.length & 0xff, ...message]));
  return answered;
}
