/** Connections of the DNS port: who gets in, what ends them, and what a changed certificate or a stop does to them. */
import assert from "node:assert/strict";
import { message, opt, question, wireName } from "../../support/dns_messages.ts";
import { framed } from "../../support/dot_client.ts";
import { testWithPeers } from "../../support/peers.ts";
import { run, usageOf } from "../../support/process.ts";
import { runSignet, type SignetServer } from "../../support/server.ts";
import { until } from "../../support/until.ts";
import { connectMesh, startMesh } from "./mesh.ts";

const QUERY = message({}, question(wireName("db", "example")));
const REFUSED = 5;

/** The response code of the answer to {@linkcode QUERY}; undefined when the connection was closed instead. */
async function rcodeOf(
  client: Awaited<ReturnType<typeof connectMesh>>,
): Promise<number | undefined> {
  client.send(QUERY);
  const answer = await client.next();
  return answer === undefined ? undefined : answer[3]! & 15;
}

async function issue(
  server: SignetServer,
  namespace: string,
): Promise<{ cert: string; key: string }> {
  const out = `${server.cwd}/${namespace}`;
  const identity = `spiffe://cluster.local/ns/${namespace}/sa/client`;
  const ran = await runSignet([
    "issue",
    "--identity",
    identity,
    "--out",
    out,
    "--stateDir",
    server.stateDir,
  ]);
  assert.equal(ran.code, 0, ran.stderr);
  const read = (name: string) => Deno.readTextFile(`${out}/${name}`);
  return { cert: await read("cert-chain.pem"), key: await read("key.pem") };
}

/** Lines of `/metrics` that begin so. */
async function metrics(server: SignetServer, name: string): Promise<string[]> {
  const text = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
  return text.split("\n").filter((line) => line.startsWith(name));
}

Deno.test("the DNS port refuses strangers with an extended error, and takes certificates of the mesh from anywhere", async () => {
  await using server = await startMesh({ args: ["--dnsAllow", "192.0.2.0/24"] });
  await using stranger = await connectMesh(server);
  stranger.send(message({ counts: [1, 0, 0, 1] }, question(wireName("db", "example")), opt()));
  const answer = (await stranger.next())!;
  assert.equal(answer[3]! & 15, REFUSED);
  assert.ok(answer.toHex().includes("000f"), "an extended error");
  await using member = await connectMesh(server, await issue(server, "shop"));
  assert.equal(await rcodeOf(member), 0);
});

Deno.test("--dnsRefuse handshake gives strangers no connection", async () => {
  await using server = await startMesh({
    args: ["--dnsAllow", "192.0.2.1", "--dnsRefuse", "handshake"],
  });
  await using stranger = await connectMesh(server);
  assert.equal(await rcodeOf(stranger), undefined);
  await using member = await connectMesh(server, await issue(server, "shop"));
  assert.equal(await rcodeOf(member), 0);
  assert.match(
    (await metrics(server, "signet_dns_connections_closed_total")).join(),
    /not_admitted"\} 1/,
  );
});

Deno.test("the DNS port ends a client certificate that is not of the mesh", async () => {
  await using server = await startMesh();
  await using other = await startMesh();
  const foreign = await issue(other, "shop");
  await assert.rejects(async () => {
    await using client = await connectMesh(server, foreign);
    assert.equal(await rcodeOf(client), undefined);
    throw new TypeError("closed");
  });
});

Deno.test("the DNS port keeps its bounds of connections, frames and idle time, and counts each", async () => {
  await using server = await startMesh({
    args: [
      ...["--dnsMaxConnectionsPerClient", "3", "--dnsFrameTimeout", "1s", "--dnsIdleTimeout", "2s"],
      ...["--dnsHandshakeTimeout", "1s"],
    ],
  });
  const open = [await connectMesh(server), await connectMesh(server), await connectMesh(server)];
  await assert.rejects(connectMesh(server), "a fourth connection of one address");
  open[0]!.write(framed(QUERY).subarray(0, 9));
  assert.equal(await rcodeOf(open[2]!), 0);
  assert.equal(await open[0]!.next(), undefined, "half a frame");
  assert.equal(await open[1]!.next(), undefined, "nothing at all");
  assert.equal(await open[2]!.next(), undefined, "nothing after an answer");
  for (const client of open) await client[Symbol.asyncDispose]();
  const silent = await Deno.connect({ hostname: "127.0.0.1", port: server.ports.dns });
  assert.equal(await silent.read(new Uint8Array(1)).catch(() => null), null, "no handshake");
  silent.close();
  const closed = (await metrics(server, "signet_dns_connections_closed_total")).join("\n");
  for (const reason of ["full_client", "frame_time", "idle", "handshake_time"]) {
    assert.match(closed, new RegExp(`reason="${reason}"\\} [1-9]`), reason);
  }
  await using late = await connectMesh(server);
  assert.equal(await rcodeOf(late), 0, "and others are served");
});

/** Connections of the DNS port that are open now. */
async function openNow(server: SignetServer): Promise<number> {
  const [line] = await metrics(server, 'signet_connections_open{port="dnsAddr"}');
  return Number(line?.split(" ").at(-1));
}

Deno.test("a client that does not end its side after the server has holds no connection", async () => {
  await using server = await startMesh({ args: ["--dnsIdleTimeout", "1s"] });
  using _lingering = await Deno.connectTls({
    hostname: "localhost",
    port: server.ports.dns,
    caCerts: [await Deno.readTextFile(server.rootFile)],
    alpnProtocols: ["dot"],
  });
  await until("it has a connection", async () => await openNow(server) === 1 || undefined);
  await until("it has none", async () => await openNow(server) === 0 || undefined);
});

Deno.test("a question that was answered is answered by the names of now", async () => {
  await using server = await startMesh();
  await using client = await connectMesh(server);
  const lastOctet = async () => {
    client.send(QUERY);
    return (await client.next())?.at(-1);
  };
  for (let again = 0; again < 3; again++) assert.equal(await lastOctet(), 7);
  const file = `${server.cwd}/config/mesh.yaml`;
  const names = await Deno.readTextFile(file);
  await Deno.writeTextFile(file, names.replace("10.0.0.7", "10.0.0.8"));
  await until("the new address is said", async () => await lastOctet() === 8 || undefined);
});

const DEAF_CLIENT = new URL("deaf_client.py", import.meta.url).pathname;
/** Far below what a flood of one second would take if it were kept. */
const MAX_FLOOD_BYTES = 100e6;

testWithPeers(
  "a reader that never reads is cut off, with bounded memory, and others are served",
  ["python"],
  async (t, { python }) => {
    await using server = await startMesh({ args: ["--dnsIdleTimeout", "1s"] });
    for (const [manner, reason] of [["trickle", "unread"], ["flood", "backlog"]] as const) {
      await t.step(`${manner}: ${reason}`, async () => {
        const before = (await usageOf(server.pid)).residentBytes;
        const ran = await run(python, [DEAF_CLIENT, String(server.ports.dns), manner]);
        assert.equal(ran.stdout, "ended\n", ran.stderr);
        const grown = (await usageOf(server.pid)).residentBytes - before;
        assert.ok(grown < MAX_FLOOD_BYTES, `grown by ${grown} bytes`);
        const closed = await metrics(server, "signet_dns_connections_closed_total");
        assert.ok(closed.some((line) => line.endsWith(`{reason="${reason}"} 1`)), closed.join());
        await using other = await connectMesh(server);
        assert.equal(await rcodeOf(other), 0);
      });
    }
  },
);

testWithPeers(
  "when too much waits for all readers together, the one that leaves most is cut off, and others are served",
  ["python"],
  async (_t, { python }) => {
    await using server = await startMesh({ args: ["--dnsMaxQueuedBytesInAll", "300000"] });
    await using idle = await connectMesh(server);
    assert.equal(await rcodeOf(idle), 0);
    const ran = await run(python, [DEAF_CLIENT, String(server.ports.dns), "trickle"]);
    assert.equal(ran.stdout, "ended\n", ran.stderr);
    const closed = await metrics(server, "signet_dns_connections_closed_total");
    assert.ok(closed.some((line) => line.endsWith('{reason="queue_full"} 1')), closed.join());
    await until(
      "nothing waits",
      async () => (await metrics(server, "signet_dns_queued_bytes 0")).length === 1 || undefined,
    );
    assert.equal(await rcodeOf(idle), 0);
  },
);

Deno.test("a stopped server answers what has arrived and closes DNS connections", async () => {
  await using server = await startMesh();
  await using client = await connectMesh(server);
  assert.equal(await rcodeOf(client), 0);
  const stopped = server.stop();
  assert.equal(await client.next(), undefined);
  // The server waits for the client's own end, as long as a drain may take.
  await client[Symbol.asyncDispose]();
  assert.equal(await stopped, 0);
});

Deno.test("--dnsAddr with nothing turns the DNS port off", async () => {
  await using server = await startMesh({ args: ["--dnsAddr", ""] });
  await assert.rejects(connectMesh(server));
  assert.match(server.stdout(), /DNS over TLS\s+off/);
});
