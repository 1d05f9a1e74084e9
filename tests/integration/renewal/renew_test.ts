import assert from "node:assert/strict";

import { gather, run, tempDir } from "../../support/process.ts";
import { runSignet, signetCommand, type SignetServer, startSignet } from "../../support/server.ts";
import { testWithPeers } from "../../support/peers.ts";
import { waitFor } from "../../support/wait.ts";

/** Renewed at half of it; the other half is there for a start of the client, and for a restart of the server, however slow the machine. */
const [FIRST_TTL, TTL] = ["10s", "20s"] as const;

async function issueFirst(server: SignetServer, out: string, ttl = "1h"): Promise<void> {
  const identity = "spiffe://cluster.local/ns/default/sa/demo";
  const { code, stderr } = await runSignet([
    ...["issue", "--identity", identity, "--out", out],
    ...["--stateDir", server.stateDir, "--ttl", ttl],
  ]);
  assert.equal(code, 0, stderr);
}

function startRenewal(server: SignetServer, out: string, ...more: readonly string[]) {
  const { path, prefix } = signetCommand();
  const child = new Deno.Command(path, {
    args: [
      ...prefix,
      ...["cert", "request", "--renew", "--log_as_json", "--out", out],
      ...["--server", server.addr("secureGrpc"), "--serverName", "localhost", ...more],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const [stdout, stderr] = [gather(child.stdout), gather(child.stderr)];
  const events = (name: string) => stdout.text().split("\n").filter((line) => line.includes(name));
  return {
    events,
    stderr: stderr.text,
    printed: () => stdout.text() + stderr.text(),
    async stop(): Promise<number> {
      child.kill("SIGTERM");
      const [{ code }] = await Promise.all([child.status, stdout.done, stderr.done]);
      return code;
    },
  };
}

Deno.test("cert request --renew renews, outlives a restart of the server, and ends on SIGTERM with 0", async () => {
  await using dir = await tempDir();
  const out = `${dir.path}/demo`;
  const first = await startSignet({ cwd: dir.path });
  let stopped = false;
  const { ports } = first;
  try {
    await issueFirst(first, out, FIRST_TTL);
    const renewal = startRenewal(first, out, "--ttl", TTL);
    await waitFor(() => renewal.events("renewal.renewed").length >= 2, renewal.printed);
    await first.stop();
    stopped = true;
    await waitFor(() => renewal.events("renewal.failed").length >= 1, renewal.printed);
    assert.match(renewal.events("renewal.failed")[0]!, /Cannot (connect|send)|was lost|closed/);
    await using second = await startSignet({ cwd: dir.path, ports });
    const before = renewal.events("renewal.renewed").length;
    await waitFor(() => renewal.events("renewal.renewed").length > before, renewal.printed);
    const other = await runSignet([
      ...["cert", "request", "--out", out, "--serverName", "localhost"],
      ...["--server", second.addr("secureGrpc")],
    ]);
    assert.equal(other.code, 1);
    assert.match(other.stderr, /another signet keeps its certificate renewed/);
    assert.equal(await renewal.stop(), 0);
    assert.equal(renewal.stderr(), "");
    const after = await runSignet([
      ...["cert", "request", "--out", out, "--serverName", "localhost"],
      ...["--server", second.addr("secureGrpc")],
    ]);
    assert.equal(after.code, 0, after.stderr);
  } finally {
    if (!stopped) await first.kill();
  }
});

Deno.test("cert request --renew ends on SIGTERM while the server does not answer", async () => {
  await using dir = await tempDir();
  await using server = await startSignet();
  await issueFirst(server, `${dir.path}/demo`, "2s");
  using silent = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const renewal = startRenewal(
    { ...server, addr: () => `127.0.0.1:${silent.addr.port}` },
    `${dir.path}/demo`,
  );
  const connection = await silent.accept();
  assert.equal(await renewal.stop(), 0);
  connection.close();
});

Deno.test("cert request --renew without a first certificate is one line and exit code 1", async () => {
  await using dir = await tempDir();
  const ran = await runSignet(["cert", "request", "--renew", "--out", `${dir.path}/none`]);
  assert.equal(ran.code, 1);
  assert.match(ran.stderr, /^signet: Cannot read [^\n]*cert-chain\.pem[^\n]*\n$/);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(dir.path)), []);
});

testWithPeers(
  "the files of a folder belong together at every instant, for a reader that follows ..data once",
  ["openssl"],
  async (_t, { openssl }) => {
    await using dir = await tempDir();
    await using server = await startSignet();
    const out = `${dir.path}/demo`;
    await issueFirst(server, out);
    let writing = true;
    const write = async () => {
      for (let round = 0; round < 6; round++) {
        const ran = await runSignet([
          ...["cert", "request", "--out", out, "--serverName", "localhost"],
          ...["--server", server.addr("secureGrpc")],
        ]);
        assert.equal(ran.code, 0, ran.stderr);
      }
      writing = false;
    };
    const writer = write();
    const seen = new Set<string>();
    let reads = 0;
    while (writing) {
      const set = await Deno.realPath(`${out}/..data`);
      const chain = await Deno.readTextFile(`${set}/cert-chain.pem`);
      await new Promise((resolve) => setTimeout(resolve, 5));
      const key = await Deno.readTextFile(`${set}/key.pem`);
      reads++;
      if (seen.has(chain + key)) continue;
      seen.add(chain + key);
      await Deno.writeTextFile(`${dir.path}/c.pem`, chain);
      await Deno.writeTextFile(`${dir.path}/k.pem`, key);
      const ofChain = await run(openssl, ["x509", "-in", `${dir.path}/c.pem`, "-noout", "-pubkey"]);
      const ofKey = await run(openssl, ["pkey", "-in", `${dir.path}/k.pem`, "-pubout"]);
      assert.equal(ofChain.stdout, ofKey.stdout);
    }
    await writer;
    assert.ok(seen.size >= 3 && reads > seen.size, `${seen.size} sets in ${reads} reads`);
    const entries = (await Array.fromAsync(Deno.readDir(out))).map(({ name }) => name).sort();
    assert.equal(entries.filter((name) => /^\.\.\d+$/.test(name)).length, 2, entries.join());
    for (const name of ["key.pem", "cert-chain.pem", "root-cert.pem"]) {
      assert.equal(await Deno.readLink(`${out}/${name}`), `..data/${name}`);
    }
    assert.equal((await Deno.stat(`${out}/key.pem`)).mode! & 0o777, 0o600);
  },
);

Deno.test("plain files that stand in the folder become a set of their own, unchanged, before they are replaced", async () => {
  await using dir = await tempDir();
  await using server = await startSignet();
  const out = `${dir.path}/demo`;
  await issueFirst(server, out);
  const names = ["key.pem", "cert-chain.pem", "root-cert.pem"];
  const plain = `${dir.path}/plain`;
  await Deno.mkdir(plain);
  for (const name of names) await Deno.copyFile(`${out}/${name}`, `${plain}/${name}`);
  const ran = await runSignet([
    ...["cert", "request", "--out", plain, "--serverName", "localhost"],
    ...["--server", server.addr("secureGrpc")],
  ]);
  assert.equal(ran.code, 0, ran.stderr);
  for (const name of names) {
    const before = await Deno.readTextFile(`${plain}/..1/${name}`);
    assert.equal(before, await Deno.readTextFile(`${out}/${name}`));
    assert.equal(
      await Deno.realPath(`${plain}/${name}`),
      await Deno.realPath(`${plain}/..2/${name}`),
    );
  }
});
