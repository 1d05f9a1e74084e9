import assert from "node:assert/strict";

import { tempDir } from "../../support/process.ts";
import { runSignet, type SignetServer, spawnSignet, startSignet } from "../../support/server.ts";

const USAGE = 2;
const FAILURE = 1;

/** Waits for a server that must not start, and gives the one line that says why. */
async function refusal(server: SignetServer, code: number): Promise<string> {
  assert.equal(await server.exited, code, server.stdout() + server.stderr());
  const said = server.stderr().trim().split("\n").filter((line) => !line.startsWith("{"));
  assert.equal(said.length, 1, `one line, not:\n${server.stderr()}`);
  assert.doesNotMatch(said[0] ?? "", /\.ts:\d+|\bat \w+ \(/, "no stack");
  return said[0] ?? "";
}

Deno.test("a second server on a state directory exits with one line", async () => {
  await using dir = await tempDir();
  await using first = await startSignet({ cwd: dir.path });
  await using second = await spawnSignet({ cwd: dir.path });
  const line = await refusal(second, FAILURE);
  assert.ok(line.includes(first.stateDir), line);
  assert.equal(await first.stop(), 0, "the first is unharmed");
});

Deno.test("a port that is taken ends the start with one line that names it", async (t) => {
  for (const listener of ["secureGrpc", "grpc", "http", "monitoring"] as const) {
    await t.step(listener, async () => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      await using server = await spawnSignet({ ports: { [listener]: taken.addr.port } });
      const line = await refusal(server, FAILURE);
      assert.ok(line.includes(String(taken.addr.port)), line);
    });
  }
});

const BAD_VALUES: Readonly<Record<string, readonly string[]>> = {
  "a port that is no number": ["--secureGRPCAddr", "127.0.0.1:http"],
  "a port above 65535": ["--secureGRPCAddr", "127.0.0.1:65536"],
  "a duration without a unit": ["--shutdownDuration", "10"],
  "a negative connection age": ["--keepaliveMaxServerConnectionAge", "-1s"],
  "a TLS version too old": ["--tls-min-version", "1.1"],
  "a cipher suite nobody knows": ["--tls-cipher-suites", "TLS_NONE"],
  "a cipher suite that cannot be enforced": [
    "--tls-cipher-suites",
    "TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256",
  ],
  "an unknown log level": ["--log_output_level", "default:loud"],
  "a misspelt flag of signet's own": ["--stateDri", "x"],
  "a misspelt flag of istiod's": ["--secureGRPCAdr", "127.0.0.1:0"],
  "a certificate without its key": ["--tlsCertFile", "cert.pem"],
  "a key without its certificate": ["--tlsKeyFile", "key.pem"],
};

Deno.test("a bad value of a known flag ends the start with one line and exit code 2", async (t) => {
  for (const [name, args] of Object.entries(BAD_VALUES)) {
    await t.step(name, async () => {
      await using server = await spawnSignet({ args });
      const line = await refusal(server, USAGE);
      assert.ok(line.includes(args[0]?.replace(/^--/, "") ?? ""), line);
    });
  }
});

Deno.test("two bad values are both named", async () => {
  await using server = await spawnSignet({
    args: ["--tls-min-version", "1.1", "--shutdownDuration", "soon"],
  });
  assert.equal(await server.exited, USAGE);
  assert.match(server.stderr(), /tls-min-version/);
  assert.match(server.stderr(), /shutdownDuration/);
});

Deno.test("a file that cannot be read ends the start with one line that names it", async () => {
  const missing = ["--tlsCertFile", "/no/such/cert.pem", "--tlsKeyFile", "/no/such/key.pem"];
  await using server = await spawnSignet({ args: missing });
  const line = await refusal(server, FAILURE);
  assert.match(line, /\/no\/such\/(cert|key)\.pem/);
});

Deno.test("unknown flags of other versions are warned about and ignored under discovery", async () => {
  const args = [
    "--consulserverURL",
    "http://localhost",
    "--someFutureFlag=1",
    "--anotherFutureSwitch",
  ];
  await using server = await startSignet({ args });
  const printed = server.stdout() + server.stderr();
  assert.equal(printed.match(/someFutureFlag/g)?.length, 1, "once");
  assert.match(printed, /anotherFutureSwitch/);
});

Deno.test("a state directory of a later version is left alone", async () => {
  await using dir = await tempDir();
  await using first = await startSignet({ cwd: dir.path });
  await first.stop();
  const names: string[] = [];
  for await (const entry of Deno.readDir(first.stateDir)) names.push(entry.name);
  const version = names.find((name) => /version/i.test(name));
  assert.ok(version, `a version file in ${names.join(", ")}`);
  await Deno.writeTextFile(`${first.stateDir}/${version}`, "999\n");
  await using second = await spawnSignet({ cwd: dir.path });
  assert.match(await refusal(second, FAILURE), /version/);
});

const USAGE_ERRORS: readonly (readonly string[])[] = [
  ["no-such-command"],
  ["issue"],
  ["issue", "--identity", "not-a-spiffe-id", "--out", "x"],
  ["issue", "--no-such-flag", "1"],
  ["cert"],
  ["request"],
  ["version", "--no-such-flag"],
];

Deno.test("wrong use of a command exits 2, with nothing on standard output", async (t) => {
  for (const args of USAGE_ERRORS) {
    await t.step(`signet ${args.join(" ")}`, async () => {
      await using dir = await tempDir();
      const { code, stdout, stderr } = await runSignet(args, { cwd: dir.path });
      assert.deepEqual([code, stdout], [USAGE, ""], stderr);
      assert.notEqual(stderr, "");
    });
  }
});

Deno.test("--help of each command exits 0 and explains", async (t) => {
  for (
    const command of [[], ["discovery"], ["issue"], ["cert", "request"], ["request"], ["version"]]
  ) {
    await t.step(`signet ${[...command, "--help"].join(" ")}`, async () => {
      const { code, stdout, stderr } = await runSignet([...command, "--help"]);
      assert.equal(code, 0, stderr);
      assert.match(stdout, /usage/i);
    });
  }
});
