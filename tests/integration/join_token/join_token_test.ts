import assert from "node:assert/strict";

import { caclient, DEMO_IDENTITY, type Issued, tlsFlags } from "../../support/caclient.ts";
import { listTokens, type MadeToken, makeToken, tokenCommand } from "../../support/join_token.ts";
import { testWithPeers } from "../../support/peers.ts";
import { runSignet, type SignetServer, startSignet } from "../../support/server.ts";

const CSRS = new URL("../../vectors/x509/csr/", import.meta.url).pathname;
const CSR = `${CSRS}good/p256_sha256.pem`;
const OTHER_CSR = `${CSRS}good/p384_sha384.pem`;
const DEBUG = ["--log_output_level", "default:debug"];
const REFUSED = { code: "Unauthenticated", message: "request authenticate failure" };

function issue(
  path: string,
  server: SignetServer,
  token: string,
  more: readonly string[] = [],
): Promise<Issued> {
  return caclient<Issued>(path, ["issue", ...tlsFlags(server), "-bearer", token, ...more]);
}

function assertRefused({ code, message }: Issued): void {
  assert.deepEqual({ code, message }, REFUSED);
}

/** Nothing that the server printed holds a secret. */
function assertNoSecrets(server: SignetServer, tokens: readonly MadeToken[]): void {
  const printed = server.stdout() + server.stderr();
  for (const { secret } of tokens) assert.ok(!printed.includes(secret), "a secret is in the log");
}

/** The log is written a little later than the answer. */
async function untilLogged(server: SignetServer, from: number, what: RegExp): Promise<void> {
  const gaveUpAt = performance.now() + 10_000;
  while (!what.test(server.stdout().slice(from))) {
    assert.ok(performance.now() < gaveUpAt, `not logged: ${what}: ${server.stdout().slice(from)}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

testWithPeers("a machine joins with a token, once, and renews with its certificate", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet({ args: DEBUG });
  const token = await makeToken(server);
  const out = `${server.cwd}/vm`;
  await t.step("a bad CSR does not spend the token", async () => {
    for (const bad of ["bad/p224.pem", "bad/../good/p256_sha256.pem.missing"]) {
      const path = bad.endsWith("missing") ? `${server.cwd}/empty.pem` : `${CSRS}${bad}`;
      if (bad.endsWith("missing")) await Deno.writeTextFile(path, "");
      const { code } = await issue(peers.caclient, server, token.text, ["-csr", path]);
      assert.equal(code, "InvalidArgument");
    }
    const late = await issue(peers.caclient, server, token.text, ["-ttl", "100000h"]);
    assert.equal(late.code, "InvalidArgument");
    assert.deepEqual((await listTokens(server))[0]?.used, 0);
  });
  await t.step("the first key gets the token's identity", async () => {
    const joined = await issue(peers.caclient, server, token.text, ["-out", out]);
    assert.equal(joined.code, "OK", joined.message);
    assert.ok(joined.verdict?.verified, joined.verdict?.error);
    assert.deepEqual(joined.verdict?.uris, [DEMO_IDENTITY]);
  });
  await t.step("another key is refused at once", async () => {
    assertRefused(await issue(peers.caclient, server, token.text));
  });
  await t.step("the certificate renews without the token", async () => {
    const renewed = await runSignet([
      ...["cert", "request", "--server", server.addr("secureGrpc"), "--serverName", "localhost"],
      ...["--out", out],
    ], { cwd: server.cwd });
    assert.equal(renewed.code, 0, renewed.stderr);
  });
  await t.step("list and metrics tell", async () => {
    const [listed] = await listTokens(server);
    assert.deepEqual([listed?.id, listed?.state, listed?.used], [token.id, "used", 1]);
    const metrics = await (await fetch(`http://${server.addr("http")}/metrics`)).text();
    assert.match(metrics, /^signet_join_token_uses_total\{result="accepted"\} 1$/m);
    assert.match(metrics, /^signet_join_token_uses_total\{result="used"\} 1$/m);
  });
  await t.step("the log has the reason and the token's ID, not its secret", async () => {
    await untilLogged(server, 0, new RegExp(`join token ${token.id}: it was used by another key`));
    assert.match(server.stdout(), new RegExp(`Signing certificate.*with join token ${token.id}`));
    assertNoSecrets(server, [token]);
  });
});

testWithPeers(
  "a lost answer locks nobody out: the same key may ask again, also of a restarted server",
  ["caclient"],
  async (_t, peers) => {
    await using first = await startSignet();
    const token = await makeToken(first);
    const ask = (server: SignetServer, csr: string) =>
      issue(peers.caclient, server, token.text, ["-csr", csr]);
    for (let n = 0; n < 2; n++) assert.equal((await ask(first, CSR)).code, "OK");
    assertRefused(await ask(first, OTHER_CSR));
    await first.kill();
    await using second = await startSignet({ cwd: first.cwd });
    assertRefused(await ask(second, OTHER_CSR));
    assert.equal((await ask(second, CSR)).code, "OK");
    for (const server of [first, second]) assertNoSecrets(server, [token]);
  },
);

testWithPeers("of many machines at once one wins a token, and N a token of N uses", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet();
  for (const uses of [1, 3]) {
    await t.step(`${uses} of 8`, async () => {
      const token = await makeToken(server, ["--uses", String(uses)]);
      const all = Array.from({ length: 8 }, () => issue(peers.caclient, server, token.text));
      const codes = (await Promise.all(all)).map(({ code }) => code);
      assert.equal(codes.filter((code) => code === "OK").length, uses, codes.join());
      assert.equal(codes.filter((code) => code === REFUSED.code).length, 8 - uses, codes.join());
    });
  }
});

testWithPeers("a revoked token is refused by a running server when the command has ended", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet();
  await t.step("a fresh one", async () => {
    const { id, text } = await makeToken(server);
    const ran = await tokenCommand(server, ["revoke", id]);
    assert.equal(ran.code, 0, ran.stderr);
    assert.match(ran.stdout, /no server takes it from now on/);
    assertRefused(await issue(peers.caclient, server, text));
  });
  await t.step("one that its key might have used again", async () => {
    const { id, text } = await makeToken(server);
    const ask = () => issue(peers.caclient, server, text, ["-csr", CSR]);
    assert.equal((await ask()).code, "OK");
    const ran = await tokenCommand(server, ["revoke", id, "--output", "json"]);
    assert.equal(JSON.parse(ran.stdout).state, "revoked");
    assertRefused(await ask());
  });
});

testWithPeers("bad tokens end alike on every way, and their reasons stand in the log alone", [
  "caclient",
], async (t, peers) => {
  await using server = await startSignet({ args: DEBUG });
  const good = await makeToken(server);
  const brief = await makeToken(server, ["--ttl", "1s"]);
  const wrong = `sjt_${good.id}_${"0".repeat(64)}`;
  await new Promise((resolve) => setTimeout(resolve, 1_100));
  const rows: Readonly<Record<string, readonly [string, RegExp]>> = {
    "expired": [brief.text, /it has expired/],
    "wrong secret": [wrong, /its secret is wrong/],
    "unknown": [`sjt_${"0".repeat(16)}_${good.secret}`, /there is no such token/],
    "malformed": [good.text.slice(0, -1), /it is not sjt_/],
    "one more character": [`${good.text}0`, /it is not sjt_/],
    "8 kB": [`sjt_${"0".repeat(8_000)}`, /it is not sjt_/],
    "empty": ["", /no join token is presented/],
  };
  for (const [name, [token, reason]] of Object.entries(rows)) {
    await t.step(name, async () => {
      const before = server.stdout().length;
      assertRefused(await issue(peers.caclient, server, token));
      await untilLogged(server, before, reason);
    });
  }
  await t.step("a megabyte is cut off below the service", async () => {
    const path = `${server.cwd}/megabyte`;
    await Deno.writeTextFile(path, `sjt_${"0".repeat(1 << 20)}`);
    const { code } = await issue(peers.caclient, server, "", ["-bearer-file", path]);
    assert.notEqual(code, "OK");
  });
  await t.step("the plaintext port has no CA", async () => {
    const flags = ["-addr", server.addr("grpc"), "-plaintext", "-bearer", good.text];
    const { code } = await caclient<Issued>(peers.caclient, ["issue", ...flags]);
    assert.equal(code, "Unimplemented");
  });
  await t.step("after all that the good one is good", async () => {
    assert.equal((await issue(peers.caclient, server, good.text)).code, "OK");
  });
  assertNoSecrets(server, [good, brief]);
});

Deno.test("signet token refuses what no server would take", async (t) => {
  await using server = await startSignet();
  const rows: Readonly<Record<string, readonly [readonly string[], RegExp]>> = {
    "no identity": [["create"], /--identity is missing/],
    "another trust domain": [
      ["create", "--identity", "spiffe://other/ns/a/sa/b"],
      /is of trust domain other, the mesh's is cluster\.local/,
    ],
    "no SPIFFE ID": [["create", "--identity", "a"], /--identity: /],
    "no workload": [["create", "--identity", "spiffe://cluster.local/x"], /--identity: /],
    "an empty account": [
      ["create", "--identity", "spiffe://cluster.local/ns/a/sa/"],
      /--identity: /,
    ],
    "no use": [["create", "--identity", DEMO_IDENTITY, "--uses", "0"], /--uses: /],
    "a year": [["create", "--identity", DEMO_IDENTITY, "--ttl", "8760h"], /--ttl: /],
    "a whole token as ID": [
      ["revoke", `sjt_0123456789abcdef_${"1".repeat(64)}`],
      /ID should be the 16 hexadecimal digits/,
    ],
  };
  for (const [name, [args, message]] of Object.entries(rows)) {
    await t.step(name, async () => {
      const ran = await tokenCommand(server, args);
      assert.equal(ran.code, 2, ran.stdout);
      assert.match(ran.stderr, message);
      assert.equal(ran.stderr.trimEnd().split("\n").length, 1, "one line");
      assert.ok(!ran.stderr.includes("1".repeat(64)));
    });
  }
  await t.step("an ID that no token has is no fault of the command line", async () => {
    const ran = await tokenCommand(server, ["revoke", "0123456789abcdef"]);
    assert.equal(ran.code, 1);
    assert.match(
      ran.stderr,
      /^signet: Cannot revoke join token 0123456789abcdef: there is none .*; signet token list shows those that are\n$/,
    );
  });
  await t.step("a state directory where no server ran", async () => {
    const ran = await runSignet(["token", "list", "--stateDir", `${server.cwd}/none`]);
    assert.equal(ran.code, 1);
    assert.match(ran.stderr, /start the server once, or name its --stateDir/);
  });
  assert.deepEqual(await listTokens(server), []);
});
