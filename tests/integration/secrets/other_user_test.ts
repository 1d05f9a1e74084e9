// Commands of a user who may not read the state directory's files.
import assert from "node:assert/strict";
import { DEMO_IDENTITY } from "../../support/caclient.ts";
import { run } from "../../support/process.ts";
import { signetCommand, startSignet } from "../../support/server.ts";

/** Runs signet as one who may read what the modes of files allow: root may more, unless it gives that up. */
function runWithoutPower(args: readonly string[]) {
  const { path, prefix } = signetCommand();
  const command = [path, ...prefix, ...args];
  if (Deno.uid() !== 0) return run(path, command.slice(1));
  return run("setpriv", ["--bounding-set=-dac_override,-dac_read_search", ...command]);
}

Deno.test("commands that may not read the state directory say as whom to run them", async (t) => {
  await using server = await startSignet();
  for (const name of ["VERSION", "lock"]) await Deno.chmod(`${server.stateDir}/${name}`, 0);
  const commands = [
    ["issue", "--identity", DEMO_IDENTITY, "--out", `${server.cwd}/out`],
    ["token", "create", "--identity", DEMO_IDENTITY],
    ["ca", "status"],
    ["ca", "rotate"],
  ];
  for (const command of commands) {
    await t.step(command.slice(0, 2).join(" "), async () => {
      const ran = await runWithoutPower([...command, "--stateDir", server.stateDir]);
      assert.equal(ran.code, 1, ran.stdout + ran.stderr);
      assert.match(
        ran.stderr,
        /^signet: Cannot .*(VERSION|lock): Permission denied.*; run it as the user whose files they are/,
      );
      assert.equal(ran.stderr.trimEnd().split("\n").length, 1, ran.stderr);
    });
  }
});
