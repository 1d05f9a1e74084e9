import assert from "node:assert/strict";

import { caclient, DEMO_IDENTITY, type Issued, tlsFlags } from "../../support/caclient.ts";
import { listTokens, makeToken } from "../../support/join_token.ts";
import { authorityMaker } from "../../support/ca_sets.ts";
import { mustRun, opensslCa } from "../../support/openssl_ca.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";
import { until } from "../../support/until.ts";

/** What the server printed of its root at its start. */
function printedFingerprint(server: SignetServer): string {
  const [, fingerprint] = /SHA-256 ([0-9A-F:]{95})/.exec(server.stdout()) ?? [];
  assert.ok(fingerprint, server.stdout());
  return fingerprint;
}

function request(
  server: SignetServer,
  args: readonly string[],
  out = "vm",
  env: Readonly<Record<string, string>> = {},
) {
  return runSignet([
    ...["cert", "request", "--server", server.addr("secureGrpc"), "--serverName", "localhost"],
    ...["--out", `${server.cwd}/${out}`, ...args],
  ], { cwd: server.cwd, env });
}

async function withTokenFile(server: SignetServer): Promise<{ secret: string; args: string[] }> {
  const { text, secret } = await makeToken(server);
  await Deno.writeTextFile(`${server.cwd}/token`, `${text}\n`);
  return { secret, args: ["--tokenFile", `${server.cwd}/token`] };
}

testWithPeers("signet cert request joins with a token and renews without it", [
  "openssl",
], async (t, peers) => {
  await using server = await startSignet();
  const verify = (out: string) =>
    mustRun(peers.openssl, [
      "verify",
      "-CAfile",
      server.rootFile,
      `${server.cwd}/${out}/cert-chain.pem`,
    ]);
  await t.step("by the fingerprint that the server printed", async () => {
    const { secret, args } = await withTokenFile(server);
    const pin = ["--caFingerprint", printedFingerprint(server)];
    const joined = await request(server, [...args, ...pin], "pinned");
    assert.equal(joined.code, 0, joined.stderr);
    assert.ok(joined.stdout.includes(DEMO_IDENTITY));
    assert.ok(!(joined.stdout + joined.stderr).includes(secret));
    await verify("pinned");
    const renewed = await request(server, [], "pinned");
    assert.equal(renewed.code, 0, renewed.stderr);
    const names = (await Array.fromAsync(Deno.readDir(`${server.cwd}/pinned`))).map(({ name }) =>
      name
    ).filter((name) => !name.startsWith(".."));
    assert.deepEqual(names.sort(), ["cert-chain.pem", "key.pem", "root-cert.pem"]);
  });
  await t.step("by the root's file", async () => {
    const { text } = await makeToken(server);
    const joined = await request(server, ["--token", text, "--ca", server.rootFile], "filed");
    assert.equal(joined.code, 0, joined.stderr);
    await verify("filed");
  });
  await t.step("by an address instead of a name, the first time and the next", async () => {
    const { text } = await makeToken(server);
    const asked = ["cert", "request", "--server", server.addr("secureGrpc")];
    const out = ["--out", `${server.cwd}/address`];
    const pin = ["--caFingerprint", printedFingerprint(server)];
    for (const args of [["--token", text, ...pin], []]) {
      const ran = await runSignet([...asked, ...out, ...args], { cwd: server.cwd });
      assert.equal(ran.code, 0, ran.stderr);
    }
    await verify("address");
    const other = await runSignet([...asked, ...out, "--serverName", "127.0.0.2"]);
    assert.equal(other.code, 2, other.stdout);
    assert.match(other.stderr, /--serverName: "127\.0\.0\.2" should be a name/);
  });
});

Deno.test(
  "signet cert request says what an expired certificate and another root are",
  async (t) => {
    await using server = await startSignet();
    await using other = await startSignet();
    const issue = (more: readonly string[]) =>
      runSignet([
        ...["issue", "--identity", DEMO_IDENTITY, "--stateDir", server.stateDir],
        ...["--out", `${server.cwd}/vm`, ...more],
      ], { cwd: server.cwd });
    await t.step("expired", async () => {
      const { code, stderr } = await issue(["--ttl", "1s", "--output", "json"]);
      assert.equal(code, 0, stderr);
      await until("the certificate has expired", async () => {
        const file = `${server.cwd}/vm/cert-chain.pem`;
        const { stdout } = await runSignet(["cert", "inspect", file, "--output", "json"]);
        return JSON.parse(stdout).blocks[0].status === "expired" ? true : undefined;
      });
      const ran = await request(server, []);
      assert.equal(ran.code, 1, ran.stdout);
      assert.match(ran.stderr, /^signet: .*cert-chain\.pem has expired at .*--tokenFile/);
      assert.equal(ran.stderr.trimEnd().split("\n").length, 1, ran.stderr);
    });
    await t.step("of another root", async () => {
      assert.equal((await issue([])).code, 0);
      const elsewhere = ["--server", other.addr("secureGrpc")];
      const ran = await request(server, elsewhere);
      assert.equal(ran.code, 1, ran.stdout);
      assert.match(ran.stderr, /is not trusted by the roots that were given/);
    });
  },
);

testWithPeers("signet cert request sends no token to a server that it cannot verify", [
  "openssl",
], async (t) => {
  await using server = await startSignet();
  await using other = await startSignet();
  const { secret, args } = await withTokenFile(server);
  const rows: Readonly<Record<string, readonly [number, readonly string[], RegExp]>> = {
    "no root": [2, [], /--ca FILE, or --caFingerprint/],
    "both": [
      2,
      ["--ca", server.rootFile, "--caFingerprint", "0".repeat(64)],
      /--ca and --caFingerprint: give one/,
    ],
    "a fingerprint that is none": [2, ["--caFingerprint", "12:34"], /64 hexadecimal digits/],
    "another server's fingerprint": [
      1,
      ["--caFingerprint", printedFingerprint(other)],
      /none of its roots has the SHA-256/,
    ],
    "another server's root": [1, ["--ca", other.rootFile], /Cannot connect to /],
    "a fingerprint without a token": [
      2,
      ["--token=", "--tokenFile=", "--caFingerprint", "0".repeat(64)],
      /goes with --token/,
    ],
    "an empty token file": [
      1,
      ["--tokenFile", "/dev/null", "--ca", server.rootFile],
      /should be one word/,
    ],
  };
  for (const [name, [code, more, message]] of Object.entries(rows)) {
    await t.step(name, async () => {
      const ran = await request(server, [...args, ...more]);
      assert.equal(ran.code, code, ran.stdout + ran.stderr);
      assert.match(ran.stderr, message);
      assert.equal(ran.stderr.trimEnd().split("\n").length, 1);
      assert.ok(!ran.stderr.includes(secret));
    });
  }
  await t.step("a server that the runtime's own store knows, but not the root given", async () => {
    const env = { DENO_CERT: server.rootFile };
    const ran = await request(server, [...args, "--ca", other.rootFile], "vm", env);
    assert.equal(ran.code, 1, ran.stdout);
    assert.match(ran.stderr, /Cannot (trust the server's certificate|connect)/);
  });
  assert.equal((await listTokens(server))[0]?.used, 0);
});

Deno.test("signet cert request says that a key is another certificate's before it connects", async (t) => {
  await using server = await startSignet();
  for (const out of ["one", "two"]) {
    const ran = await runSignet([
      ...["issue", "--identity", DEMO_IDENTITY, "--stateDir", server.stateDir],
      ...["--out", `${server.cwd}/${out}`],
    ], { cwd: server.cwd });
    assert.equal(ran.code, 0, ran.stderr);
  }
  const key = `${server.cwd}/one/key.pem`;
  const rows = {
    "another's": [await Deno.readTextFile(`${server.cwd}/two/key.pem`), /it is not the key of /],
    "no PEM": ["key", /there is no PEM block/],
  } as const;
  for (const [name, [text, reason]] of Object.entries(rows)) {
    await t.step(name, async () => {
      await Deno.writeTextFile(key, text);
      // Nobody listens there.
      const ran = await request(server, ["--server", "127.0.0.1:1"], "one");
      assert.equal(ran.code, 1, ran.stdout);
      assert.match(
        ran.stderr,
        /^signet: Cannot use .*one\/key\.pem: .*--tokenFile or by signet issue$/m,
      );
      assert.match(ran.stderr, reason);
      assert.equal(ran.stderr.trimEnd().split("\n").length, 1, ran.stderr);
    });
  }
});

testWithPeers(
  "signet cert request renews from a server whose certificate is of another CA, by --ca",
  [
    "openssl",
  ],
  async (t, { openssl }) => {
    await using dir = await tempDir();
    const make = authorityMaker(openssl, dir.path);
    const [outside, stranger] = [await make("outside"), await make("stranger")];
    const roots = `${outside.dir}/cert.pem`;
    const files = { cert: roots, key: `${outside.dir}/key.pem`, roots };
    const ca = await opensslCa(openssl, `${dir.path}/issued`, files);
    const serving = await ca.issue("serving", { sans: ["DNS:localhost"] });
    await using server = await startSignet({
      args: ["--tlsCertFile", serving.cert, "--tlsKeyFile", serving.key],
    });
    const { args } = await withTokenFile(server);
    const joined = await request(server, [...args, "--ca", roots]);
    assert.equal(joined.code, 0, joined.stderr);
    await t.step("not without it, nor by a third CA", async () => {
      for (const more of [[], ["--ca", `${stranger.dir}/cert.pem`]]) {
        const ran = await request(server, more);
        assert.equal(ran.code, 1, ran.stdout);
        assert.match(ran.stderr, /Cannot (trust the server's certificate|connect)/);
      }
    });
    await t.step("with it", async () => {
      const ran = await request(server, ["--ca", roots]);
      assert.equal(ran.code, 0, ran.stderr);
    });
  },
);

testWithPeers("signet cert request asks with the same key again when an answer was lost", [
  "caclient",
  "openssl",
], async (_t, peers) => {
  await using server = await startSignet();
  const { text } = await makeToken(server);
  const join = ["--token", text, "--ca", server.rootFile];
  const dead = ["--server", server.addr("https")];
  const lost = await request(server, [...join, ...dead]);
  assert.equal(lost.code, 1, lost.stdout);
  const kept = `${server.cwd}/vm/joining-key-P-256.pem`;
  assert.equal((await Deno.stat(kept)).mode! & 0o777, 0o600);
  // The answer to this one, made with the kept key, never reaches the command.
  const csr = `${server.cwd}/lost.csr`;
  await mustRun(peers.openssl, ["req", "-new", "-key", kept, "-subj", "/", "-out", csr]);
  const flags = [...tlsFlags(server), "-bearer", text, "-csr", csr];
  assert.equal((await caclient<Issued>(peers.caclient, ["issue", ...flags])).code, "OK");
  const again = await request(server, join);
  assert.equal(again.code, 0, again.stderr);
  await assert.rejects(Deno.stat(kept), Deno.errors.NotFound);
  const elsewhere = await request(server, join, "elsewhere");
  assert.equal(elsewhere.code, 1, "another machine");
  assert.match(elsewhere.stderr, /Unauthenticated: "request authenticate failure"; the log of/);
});
