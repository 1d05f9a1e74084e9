import assert from "node:assert/strict";

import { COMMANDS } from "signet/commands/mod.ts";
import type { Ran } from "../../support/process.ts";
import {
  runsExecutable,
  runSignet,
  type SignetServer,
  spawnSignet,
  startSignet,
} from "../../support/server.ts";

/** What Deno says when a permission is missing, by its class or by its message. */
const NOT_CAPABLE_REGEXP = /NotCapable|Requires \w+ access|run again with the --allow-/;
/** Commands that go on until they are told to stop are stopped after this long. */
const LONG_MS = 10_000;

function assertCapable(what: string, { stdout, stderr }: Pick<Ran, "stdout" | "stderr">): void {
  assert.doesNotMatch(stdout + stderr, NOT_CAPABLE_REGEXP, what);
}

/** An example as it is typed on this server's machine: its ports, its state directory. */
function argumentsFor(
  line: string,
  server: SignetServer,
  options: readonly string[],
): readonly string[] {
  const words = line.split(" ").slice(1).map((word) =>
    word === "localhost:15012" ? `localhost:${server.ports.secureGrpc}` : word
  );
  if (options.includes("stateDir")) words.push("--stateDir", server.stateDir);
  if (options.includes("addr")) words.push("--addr", server.addr("monitoring"));
  return words;
}

/** From source the tests give more than the executable has. */
const only = { ignore: !runsExecutable() };

Deno.test(
  "every command runs with the permissions that it has: its help, its examples and without arguments",
  only,
  async (t) => {
    await using server = await startSignet();
    assert.ok(COMMANDS.length >= 5);
    for (const { name, options, examples } of COMMANDS) {
      const words = name.split(" ");
      const flags = Object.values(options).flatMap(({ flag }) => flag ?? []);
      await t.step(`signet ${name}`, async () => {
        const help = await runSignet([...words, "--help"], { cwd: server.cwd });
        assert.equal(help.code, 0, help.stderr);
        assert.match(help.stdout, /^Usage: /);
        assertCapable(`${name} --help`, help);
        if (name === "discovery") return; // it is running
        assertCapable(name, await runSignet(words, { cwd: server.cwd, timeoutMs: LONG_MS }));
        for (const { line } of examples) {
          const args = argumentsFor(line, server, flags);
          const ran = await runSignet(args, { cwd: server.cwd, timeoutMs: LONG_MS });
          assertCapable(line, ran);
        }
      });
    }
    assertCapable("the server", { stdout: server.stdout(), stderr: server.stderr() });
    assert.equal(await server.stop(), 0);
    assertCapable("the server's end", { stdout: server.stdout(), stderr: server.stderr() });
  },
);

Deno.test("signet alone is the server, with the same permissions", only, async () => {
  await using server = await spawnSignet({ command: [], args: ["--log_output_level", "debug"] });
  const gaveUpAt = performance.now() + 60_000;
  while (!server.stdout().includes("signet is ready") && performance.now() < gaveUpAt) {
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.match(server.stdout(), /signet is ready/, server.stderr());
  assert.equal(await server.stop(), 0);
  assertCapable("signet", { stdout: server.stdout(), stderr: server.stderr() });
});
