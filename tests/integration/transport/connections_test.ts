/** Both ends of a connection on real sockets: how they part. */
import assert from "node:assert/strict";
import { createServer, type Server, type TLSSocket } from "node:tls";

import { systemClock } from "signet/base/mod.ts";
import { DEFAULT_LIMITS } from "signet/http2/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { connectHttp2, listenHttp2, type PeerStanding } from "signet/transport/mod.ts";
import { CLIENT_START, framesOf, TYPE } from "../../support/http2_frames.ts";
import { recordLogs } from "../../support/log_records.ts";
import { mintSet } from "../../support/minted_sets.ts";

/** A TLS server that speaks no HTTP/2, with what it does to each connection. */
async function strangeServer(meet: (socket: TLSSocket) => void): Promise<Server> {
  const { caCertPem, caKeyPem } = await mintSet({ nowMs: Date.now() });
  const server = createServer({ cert: caCertPem, key: caKeyPem, ALPNProtocols: ["h2"] }, meet);
  server.on("tlsClientError", () => {});
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", () => resolve()));
  return server;
}

const WAYS: Readonly<Record<string, (socket: TLSSocket) => void>> = {
  "at once": (socket) => socket.destroy(),
  "when it is spoken to": (socket) => socket.once("data", () => socket.destroy()),
  "politely": (socket) => socket.once("data", () => socket.end()),
};

for (const [how, hangUp] of Object.entries(WAYS)) {
  Deno.test(`connectHttp2() ends its call and lets go when the server hangs up ${how}`, async () => {
    const server = await strangeServer((socket) => {
      socket.on("error", () => socket.destroy());
      hangUp(socket);
    });
    try {
      const address = server.address() as { readonly port: number };
      const call = async () => {
        await using client = await connectHttp2({
          addr: { hostname: "127.0.0.1", port: address.port },
          serverName: "localhost",
          rootsPem: undefined,
          checkServer: () => new Promise((resolve) => setTimeout(resolve, 20)),
          identity: undefined,
          clock: systemClock(),
          timeoutMs: 20_000,
        });
        await client.request([
          [":method", "GET"],
          [":scheme", "https"],
          [":path", "/"],
          [":authority", "localhost"],
        ], new Uint8Array(0));
      };
      await assert.rejects(call, /closed|connect/);
    } finally {
      await new Promise((resolve) => server.close(resolve));
    }
  });
}

Deno.test("listenHttp2() asks a client whose time is over to come again, and takes nothing more from one that is withdrawn", async () => {
  let standing: PeerStanding = "good";
  await using listener = await listenHttp2<undefined>({
    addr: { hostname: "127.0.0.1", port: 0 },
    flag: "grpcAddr",
    authorizePeer: () => undefined,
    standing: () => standing,
    onStream: () => {},
    keepalive: { intervalMs: 60_000, timeoutMs: 60_000, maxConnectionAgeMs: undefined },
    limits: DEFAULT_LIMITS,
    clock: systemClock(),
    logger: recordLogs().logger,
    metrics: createMetrics(),
  });
  const port = Number(listener.addr.split(":").at(-1));
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  await client.write(CLIENT_START);
  const read = async () => {
    const bytes = new Uint8Array(4_096);
    const length = await client.read(bytes);
    return length === null ? "end" : framesOf(bytes.slice(0, length)).map(({ type }) => type);
  };
  let types: readonly number[] = [];
  while (!types.includes(TYPE.settings)) types = await read() as readonly number[];
  listener.judgeAgain();
  standing = "over";
  listener.judgeAgain();
  for (types = []; !types.includes(TYPE.goaway);) types = await read() as readonly number[];
  standing = "withdrawn";
  listener.judgeAgain();
  let last: Awaited<ReturnType<typeof read>>;
  do last = await read().catch(() => "end"); while (last !== "end");
  assert.equal(last, "end");
});
