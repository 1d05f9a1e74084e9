/** The whole way: kdig asks signet, signet asks unbound; and unbound that forwards to signet, even in a circle. */
import assert from "node:assert/strict";
import { testWithPeers } from "../../support/peers.ts";
import { freePort } from "../../support/ports.ts";
import { run } from "../../support/process.ts";
import { type SignetServer, startSignet } from "../../support/server.ts";
import { startUnbound } from "../../support/unbound.ts";
import { until } from "../../support/until.ts";

const DATA = [
  'local-zone: "example." static',
  'local-data: "example. 600 IN SOA ns.example. admin.example. 7 3600 900 86400 77"',
  'local-data: "one.example. 300 IN A 192.0.2.1"',
];
const MESH = `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: { name: db, namespace: shop }
spec: { hosts: [db.mesh], addresses: [10.0.0.7], ports: [{ number: 80, name: http }] }
`;

async function startMesh(upstream: string): Promise<SignetServer> {
  const cwd = await Deno.makeTempDir({ prefix: "signet-dns-" });
  await Deno.mkdir(`${cwd}/config`);
  await Deno.writeTextFile(`${cwd}/config/mesh.yaml`, MESH);
  const server = await startSignet({
    cwd,
    args: ["--configDir=config", "--dnsUpstream", upstream],
  });
  return {
    ...server,
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]();
      await Deno.remove(cwd, { recursive: true });
    },
  };
}

async function ask(kdig: string, port: number, ...args: string[]): Promise<string> {
  const at = ["@127.0.0.1", "-p", String(port), "+timeout=10", "+retry=0"];
  const { stdout, stderr } = await run(kdig, [...at, ...args]);
  return stdout + stderr;
}

testWithPeers(
  "signet answers kdig's questions for other names by unbound, and again from its cache",
  ["kdig", "unbound"],
  async (_t, { kdig, unbound }) => {
    const resolver = await startUnbound(unbound, { server: DATA });
    await using server = await startMesh(`udp://127.0.0.1:${resolver.port}`);
    const { dns } = server.ports;
    const mesh = await ask(kdig, dns, "+tls", "db.mesh", "A");
    assert.match(mesh, /Flags: qr aa rd ra;/);
    const other = await ask(kdig, dns, "+tls", "one.example", "A");
    assert.match(other, /status: NOERROR/);
    assert.match(other, /Flags: qr rd ra;/);
    assert.match(other, /one\.example\.\s+300\s+IN\s+A\s+192\.0\.2\.1/);
    assert.match(other, /Received 468 B/);
    const missing = await ask(kdig, dns, "+tls", "missing.example", "A");
    assert.match(missing, /status: NXDOMAIN/);
    assert.match(missing, /example\.\s+77\s+IN\s+SOA/);
    const norecursion = await ask(kdig, dns, "+tls", "+nordflag", "one.example", "A");
    assert.match(norecursion, /status: REFUSED/);
    await resolver[Symbol.asyncDispose]();
    const kept = await ask(kdig, dns, "+tls", "one.example", "A");
    assert.match(kept, /one\.example\.\s+\d+\s+IN\s+A\s+192\.0\.2\.1/);
    const metrics = await (await fetch(`http://${server.addr("monitoring")}/metrics`)).text();
    assert.match(metrics, /signet_dns_cache_lookups_total\{result="hit"\} 1/);
    assert.match(metrics, /dns_upstream_requests_total 2/);
    const ttl = async () => {
      const again = await ask(kdig, dns, "+tls", "one.example", "A");
      const [, seconds] = /one\.example\.\s+(\d+)\s+IN\s+A\s+192\.0\.2\.1/.exec(again) ?? [];
      assert.ok(seconds !== undefined, again);
      return Number(seconds);
    };
    const before = await ttl();
    assert.ok(before <= 300, `${before}`);
    await until("its TTL has run", async () => await ttl() < before || undefined);
  },
);

testWithPeers(
  "unbound forwards to signet over TLS; when signet forwards to it in turn, the circle is noticed and cut",
  ["kdig", "unbound"],
  async (_t, { kdig, unbound }) => {
    const port = freePort();
    await using server = await startMesh(`udp://127.0.0.1:${port}`);
    await using _resolver = await startUnbound(unbound, {
      port,
      server: [`tls-cert-bundle: "${server.rootFile}"`, 'domain-insecure: "."'],
      clauses: [
        "forward-zone:",
        '  name: "."',
        "  forward-tls-upstream: yes",
        `  forward-addr: 127.0.0.1@${server.ports.dns}#localhost`,
      ],
    });
    const mesh = await ask(kdig, port, "db.mesh", "A");
    assert.match(mesh, /db\.mesh\.\s+30\s+IN\s+A\s+10\.0\.0\.7/);
    const circle = await ask(kdig, server.ports.dns, "+tls", "circle.example", "A");
    assert.match(circle, /status: SERVFAIL/);
    for (let i = 0; i < 100 && !server.stdout().includes("event=dns.loop "); i++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    const loops = server.stdout().split("\n").filter((line) => line.includes("event=dns.loop "));
    assert.equal(loops.length, 1, `${server.stdout()}${server.stderr()}`.slice(-3000));
    const after = await ask(kdig, server.ports.dns, "+tls", "after.example", "A");
    assert.match(after, /status: SERVFAIL/);
    assert.match(after, /EDE: 22/);
  },
);
