import assert from "node:assert/strict";

import { tempDir } from "../../support/process.ts";
import { spawnSignet, startSignet } from "../../support/server.ts";

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`signet discovery exits 0 on ${signal}`, async () => {
    await using server = await startSignet();
    assert.equal(await server.stop(signal), 0, server.stderr());
  });
}

Deno.test("signet discovery exits 0 on a signal that comes before it is ready", async () => {
  await using server = await spawnSignet();
  while (server.stdout() === "" && server.stderr() === "") {
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  assert.equal(await server.stop(), 0, server.stderr());
});

Deno.test("signet discovery stops in time whatever clients of the HTTP ports leave unfinished", async () => {
  await using server = await startSignet();
  const clients: Deno.TcpConn[] = [];
  const begin = async (port: number, text: string) => {
    const client = await Deno.connect({ hostname: "127.0.0.1", port });
    clients.push(client);
    await client.write(new TextEncoder().encode(text));
  };
  try {
    for (const port of [server.ports.http, server.ports.monitoring]) {
      await begin(port, "");
      await begin(port, "GET /ready HTTP/1.1\r\nHost: localhost\r\n");
      await begin(port, "POST /ready HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\na");
      // Some megabytes of answers that nobody reads.
      await begin(port, "GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n".repeat(1_000));
    }
    assert.equal(await server.stop(), 0, server.stderr());
  } finally {
    for (const client of clients) client.close();
  }
});

Deno.test("signet discovery serves the same root after a restart", async () => {
  await using dir = await tempDir();
  const roots: string[] = [];
  for (let start = 0; start < 3; start++) {
    await using server = await startSignet({ cwd: dir.path });
    roots.push(await Deno.readTextFile(server.rootFile));
    assert.match(server.stdout() + server.stderr(), start === 0 ? /created/ : /loaded/);
    assert.equal(await server.stop(), 0, server.stderr());
  }
  assert.equal(new Set(roots).size, 1);
});

Deno.test("signet discovery prints where it listens, its state directory and its root", async () => {
  await using server = await startSignet();
  const printed = server.stdout();
  assert.ok(printed.includes(server.stateDir), printed);
  assert.ok(printed.includes(String(server.ports.secureGrpc)), printed);
  assert.ok(printed.includes(String(server.ports.grpc)), printed);
  assert.match(printed, /signet issue|cert request/, "the next command to type");
});

Deno.test("signet discovery keeps keys from other users", async () => {
  await using server = await startSignet();
  const rows = [
    [server.stateDir, 0o700],
    [`${server.stateDir}/ca/current`, 0o700],
    [`${server.stateDir}/ca/current/ca-key.pem`, 0o600],
    [`${server.cwd}/var/run/secrets/istio-dns`, 0o700],
    [`${server.cwd}/var/run/secrets/istio-dns/key.pem`, 0o600],
    [`${server.cwd}/var/run/secrets/istio-dns/cert-chain.pem`, 0o600],
  ] as const;
  for (const [path, mode] of rows) {
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, mode, path);
  }
});

Deno.test("signet alone is signet discovery", async () => {
  await using server = await startSignet({ command: [] });
  assert.equal(await server.stop(), 0);
});
