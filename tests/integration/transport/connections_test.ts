/** Both ends of a connection on real sockets: how they part. */
import assert from "node:assert/strict";
import { createServer, type Server, type TLSSocket } from "node:tls";

import { systemClock } from "signet/base/mod.ts";
import { DEFAULT_LIMITS } from "signet/http2/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { connectHttp2, listenHttp2, type PeerStanding } from "signet/transport/mod.ts";
import { CLIENT_START, framesOf, TYPE } from "../../support/http2_frames.ts";
import { countedSignal } from "../../support/counted_signal.ts";
import { recordLogs } from "../../support/log_records.ts";
import { mintSet } from "../../support/minted_sets.ts";
import { until } from "../../support/until.ts";

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

Deno.test("connectHttp2() leaves no listener at a signal that lives on", async () => {
  const server = await strangeServer((socket) => {
    socket.on("error", () => socket.destroy());
    socket.resume();
  });
  const { signal, listeners } = countedSignal();
  try {
    const { port } = server.address() as { readonly port: number };
    for (let n = 0; n < 3; n++) {
      await using _client = await connectHttp2({
        addr: { hostname: "127.0.0.1", port },
        serverName: "localhost",
        rootsPem: undefined,
        identity: undefined,
        clock: systemClock(),
        timeoutMs: 20_000,
        signal,
      });
      assert.ok(listeners() > 0, "it would hear of the end");
    }
    await until("the sockets are closed", () => Promise.resolve(listeners() === 0 || undefined));
  } finally {
    await new Promise((resolve) => server.close(resolve));
  }
});

/** A plaintext port, and a way to connect that says whether the server took the connection. */
async function boundedPort(max: number) {
  const metrics = createMetrics();
  const listener = await listenHttp2<undefined>({
    addr: { hostname: "127.0.0.1", port: 0 },
    flag: "grpcAddr",
    authorizePeer: () => undefined,
    onStream: () => {},
    keepalive: { intervalMs: 60_000, timeoutMs: 60_000, maxConnectionAgeMs: undefined },
    limits: DEFAULT_LIMITS,
    perAddress: { max, keyOf: (address) => address.replace(/:\d+$/, "") },
    clock: systemClock(),
    logger: recordLogs().logger,
    metrics,
  });
  const port = Number(listener.addr.split(":").at(-1));
  const connect = async () => {
    const connection = await Deno.connect({ hostname: "127.0.0.1", port });
    const first = async () => {
      await connection.write(CLIENT_START);
      return await connection.read(new Uint8Array(1));
    };
    const read = await first().catch(() => null);
    return { connection, isTaken: read !== null };
  };
  return { listener, metrics, connect };
}

Deno.test("listenHttp2() gives one address so many connections, and a place again when one ends", async () => {
  const { listener, metrics, connect } = await boundedPort(3);
  await using _listener = listener;
  const taken = [await connect(), await connect(), await connect()];
  assert.ok(taken.every(({ isTaken }) => isTaken));
  for (let n = 0; n < 2; n++) {
    const refused = await connect();
    assert.equal(refused.isTaken, false);
    refused.connection.close();
  }
  assert.match(
    (await metrics.expose()).body,
    /signet_connections_refused_total\{[^}]*bound="address"[^}]*\} 2/,
  );
  taken.pop()!.connection.close();
  await until("its place is free", async () => {
    const next = await connect();
    if (next.isTaken) taken.push(next);
    else next.connection.close();
    return next.isTaken || undefined;
  });
  for (const { connection } of taken) connection.close();
});

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
