import assert from "node:assert/strict";
import { X509Certificate } from "node:crypto";
import { authorityMaker, swapFiles } from "../../support/ca_sets.ts";
import { message, question, wireName } from "../../support/dns_messages.ts";
import { connectDot, type DotClient, framed } from "../../support/dot_client.ts";
import { opensslCa } from "../../support/openssl_ca.ts";
import { announce, longTestWithPeers, rounds } from "../../support/peers.ts";
import { run, tempDir, usageOf } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { startUnbound } from "../../support/unbound.ts";
import { until } from "../../support/until.ts";

const MESH = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: db, namespace: shop }
spec:
  hosts: [db.example, "*.wild.example"]
  addresses: [10.0.0.7]
  ports: [{ number: 80, name: http }]
`;
const QUERY = message({}, question(wireName("db", "example")));
const [NOERROR, SERVFAIL] = [0, 2];
/** How much larger than before a server may be after a short run, and after a full one. */
const MAX_GROWTH = { few: 1.5, full: 1.2 } as const;

async function startMesh(...args: readonly string[]): Promise<SignetServer> {
  const cwd = await Deno.makeTempDir({ prefix: "signet-dns-" });
  await Deno.mkdir(`${cwd}/config`);
  await Deno.writeTextFile(`${cwd}/config/mesh.yaml`, MESH);
  const server = await startSignet({ cwd, args: ["--configDir", "config", ...args] });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(cwd, { recursive: true });
    },
  };
}

async function open(server: SignetServer): Promise<DotClient> {
  const ca = await Deno.readTextFile(server.rootFile);
  return await connectDot({ addr: server.addr("dns"), ca });
}

/** The response code for a question on a connection of its own; undefined when it was closed instead. */
async function rcodeOf(server: SignetServer, query = QUERY): Promise<number | undefined> {
  await using client = await open(server);
  client.send(query);
  const answer = await client.next();
  return answer === undefined ? undefined : answer[3]! & 15;
}

/** Connections that the server has ended for this reason. */
async function closedFor(server: SignetServer, reason: string): Promise<number> {
  const text = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
  const series = `signet_dns_connections_closed_total\\{reason="${reason}"\\} (\\d+)`;
  return Number(new RegExp(series).exec(text)?.[1] ?? 0);
}

function maxGrowth(): number {
  return Deno.env.get("SIGNET_FULL_ROUNDS") ? MAX_GROWTH.full : MAX_GROWTH.few;
}

async function residentBytes(server: SignetServer): Promise<number> {
  return (await usageOf(server.pid)).residentBytes;
}

longTestWithPeers(
  "an upstream server that dies is a failure with a reason, what is kept is answered, and all is well when it comes back",
  ["unbound"],
  async (_t, { unbound }) => {
    const times = rounds("deaths of the upstream server", 2, 20);
    const data = Array.from(
      { length: times * 2 },
      (_, i) => `local-data: "n${i}.up. 300 IN A 192.0.2.1"`,
    );
    const clause = ['local-zone: "up." static', ...data];
    let upstream = await startUnbound(unbound, { server: clause });
    const { port } = upstream;
    await using server = await startMesh(
      ...["--dnsUpstream", `udp://127.0.0.1:${port}`, "--dnsUpstreamTimeout", "1s"],
    );
    const ask = (name: string) => rcodeOf(server, message({}, question(wireName(name, "up"))));
    for (let i = 0; i < times; i++) {
      const [kept, unknown] = [`n${i * 2}`, `n${i * 2 + 1}`];
      assert.equal(await ask(kept), NOERROR);
      await upstream[Symbol.asyncDispose]();
      assert.equal(await ask(unknown), SERVFAIL);
      assert.equal(await ask(kept), NOERROR, "from what is kept");
      assert.equal(await rcodeOf(server), NOERROR, "names of the mesh need nobody");
      upstream = await startUnbound(unbound, { server: clause, port });
      await until(
        "the upstream server is asked again",
        async () => await ask(unknown) === NOERROR || undefined,
      );
    }
    await upstream[Symbol.asyncDispose]();
  },
);

longTestWithPeers(
  "clients that are slow on purpose, at the handshake or within a frame, are ended, and others are served meanwhile",
  [],
  async () => {
    const count = rounds("slow clients of each kind", 50, 1_000);
    await using server = await startMesh(
      ...["--dnsMaxConnectionsPerClient", "5000", "--dnsHandshakeTimeout", "2s"],
      ...["--dnsFrameTimeout", "2s", "--dnsUpstream", "none"],
    );
    const silent: Deno.TcpConn[] = [];
    const halves: DotClient[] = [];
    for (let i = 0; i < count; i++) {
      silent.push(await Deno.connect({ hostname: "127.0.0.1", port: server.ports.dns }));
      const half = await open(server);
      half.write(framed(QUERY).subarray(0, 1 + i % 20));
      halves.push(half);
      if (i % 25 === 0) assert.equal(await rcodeOf(server), NOERROR);
    }
    await until("all are ended", async () => {
      const [handshakes, frames] = [
        await closedFor(server, "handshake_time"),
        await closedFor(server, "frame_time"),
      ];
      return handshakes === count && frames === count || undefined;
    });
    for (const conn of silent) conn.close();
    for (const half of halves) await half[Symbol.asyncDispose]();
    assert.equal(await rcodeOf(server), NOERROR);
  },
);

longTestWithPeers(
  "connections that are opened and dropped leave memory level",
  [],
  async () => {
    const count = rounds("connections opened and dropped", 600, 10_000);
    await using server = await startMesh("--dnsUpstream", "none");
    const drop = async (how: number) => {
      const client = await open(server);
      if (how % 3 === 0) client.send(QUERY);
      if (how % 3 === 1) client.write(framed(QUERY).subarray(0, 7));
      client.socket.destroy();
    };
    const many = async (until: number, from: number) => {
      for (let i = from; i < until; i += 10) {
        await Promise.all(Array.from({ length: 10 }, (_, k) => drop(i + k)));
      }
    };
    await many(count / 2, 0);
    const before = await residentBytes(server);
    await many(count, count / 2);
    const after = await residentBytes(server);
    announce(`resident MB at half and at the end: ${before / 1e6 | 0} ${after / 1e6 | 0}`);
    assert.ok(after <= before * maxGrowth(), `from ${before} to ${after}`);
    await until("all are gone", async () => {
      const text = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
      return /signet_connections_open\{port="dnsAddr"\} 0/.test(text) || undefined;
    });
    assert.equal(await rcodeOf(server), NOERROR);
  },
);

/** Runs dnsperf over TLS and gives how many queries it completed; a lost one is a failure. */
async function load(
  dnsperf: string,
  server: SignetServer,
  { names, count, perConnection }: {
    readonly names: readonly string[];
    readonly count: number;
    readonly perConnection?: number;
  },
): Promise<number> {
  const file = `${server.cwd}/queries`;
  await Deno.writeTextFile(file, names.map((name) => `${name} A\n`).join(""));
  const at = ["-m", "dot", "-s", "127.0.0.1", "-p", String(server.ports.dns), "-d", file];
  const size = ["-c", "8", "-q", "64", "-n", String(Math.ceil(count / names.length)), "-t", "30"];
  const renew = perConnection === undefined ? [] : ["-O", `num-queries-per-conn=${perConnection}`];
  const { stdout, stderr } = await run(dnsperf, [...at, ...size, ...renew], {
    timeoutMs: 1_200_000,
  });
  const read = (label: string) => Number(new RegExp(`${label}:\\s+(\\d+)`).exec(stdout)?.[1]);
  assert.equal(read("Queries lost"), 0, stdout + stderr);
  return read("Queries completed");
}

longTestWithPeers(
  "many queries, for names that are and are not, leave memory where it was, and none is lost",
  ["dnsperf"],
  async (_t, { dnsperf }) => {
    const count = rounds("queries", 60_000, 1_000_000);
    await using server = await startMesh("--dnsUpstream", "none");
    const names = Array.from({ length: 10_000 }, (_, i) => [
      ...[`db.example`, `x${i}.wild.example`, `nope${i}.svc.cluster.local`],
    ]).flat();
    await load(dnsperf, server, { names, count: count / 2 });
    const before = await residentBytes(server);
    const completed = await load(dnsperf, server, { names, count: count / 2 });
    const after = await residentBytes(server);
    announce(`resident MB at half and at the end: ${before / 1e6 | 0} ${after / 1e6 | 0}`);
    assert.ok(completed >= count / 2);
    assert.ok(after <= before * maxGrowth(), `from ${before} to ${after}`);
  },
);

longTestWithPeers(
  "the certificate is swapped under load and no query fails",
  ["dnsperf", "openssl"],
  async (_t, { dnsperf, openssl }) => {
    const swaps = rounds("swaps of the certificate", 3, 40);
    await using dir = await tempDir();
    const root = await authorityMaker(openssl, dir.path)("outside");
    const [cert, key] = [`${root.dir}/cert.pem`, `${root.dir}/key.pem`];
    const ca = await opensslCa(openssl, `${dir.path}/issued`, { cert, key, roots: cert });
    const make = async (number: number) => {
      const made = await ca.issue(`serving${number}`, { sans: ["DNS:localhost"] });
      const read = (file: string) => Deno.readTextFile(file);
      const [chain, own] = [await read(made.cert), await read(made.key)];
      return { "tls.crt": chain, "tls.key": own, "ca.crt": root.certPem };
    };
    const files = `${dir.path}/tls`;
    await swapFiles(files, await make(0));
    await using server = await startMesh(
      ...["--tlsCertFile", `${files}/tls.crt`, "--tlsKeyFile", `${files}/tls.key`],
      ...["--caCertFile", `${files}/ca.crt`, "--dnsUpstream", "none"],
    );
    let isDone = false;
    const loading = (async () => {
      let completed = 0;
      do {
        const how = { names: ["db.example"], count: 2_000, perConnection: 50 };
        completed += await load(dnsperf, server, how);
      } while (!isDone);
      return completed;
    })();
    const swapping = (async () => {
      for (let number = 1; number <= swaps; number++) {
        const fresh = await make(number);
        const { fingerprint256 } = new X509Certificate(fresh["tls.crt"]);
        await swapFiles(files, fresh);
        await until(
          "the new certificate is shown",
          async () => await shown(openssl, server) === fingerprint256 || undefined,
        );
      }
    })().finally(() => isDone = true);
    const [completed] = await Promise.all([loading, swapping]);
    announce(`${completed} queries while certificates changed, all answered`);
  },
);

async function shown(openssl: string, server: SignetServer): Promise<string> {
  const connect = ["s_client", "-connect", server.addr("dns"), "-alpn", "dot"];
  const { stdout, stderr } = await run(openssl, connect, { stdin: "" });
  const pem = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/.exec(stdout)?.[0];
  assert.ok(pem, stdout + stderr);
  return new X509Certificate(pem).fingerprint256;
}
