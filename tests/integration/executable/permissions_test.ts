import assert from "node:assert/strict";

import { compileBundle } from "../../../scripts/compile.ts";
import { permissionFlags } from "../../../scripts/permissions.ts";
import { bakedPermissions } from "../../support/executable.ts";
import { run, tempDir } from "../../support/process.ts";
import { runsExecutable } from "../../support/server.ts";

const only = { ignore: !runsExecutable() };
const executable = () => Deno.env.get("SIGNET_EXECUTABLE") ?? "";

/** `--allow-env=A,B` as the words A and B; without `=` none. */
function wordsOf(flag: string): readonly string[] | undefined {
  const found = permissionFlags().find((text) => text.replace(/=.*/, "") === flag);
  if (found === undefined) return undefined;
  return found.includes("=") ? found.replace(/^[^=]*=/, "").split(",").sort() : [];
}

Deno.test(
  "the executable carries the permissions of scripts/permissions.ts and no others",
  only,
  async () => {
    const baked = await bakedPermissions(executable());
    assert.equal(baked.prompt, false);
    for (const name of ["env", "ffi", "net", "read", "run", "sys", "write"] as const) {
      const allowed = baked[`allow_${name}`];
      assert.deepEqual(allowed && [...allowed].sort(), wordsOf(`--allow-${name}`) ?? null, name);
    }
    assert.equal(baked.allow_run, null);
    for (const path of baked.allow_ffi ?? []) assert.match(path, /^\/(usr\/)?lib/);
  },
);

/** Tries what it should not be able to do, and prints what happened, by name. */
const PROBE = `
const outcome = {};
const attempt = async (name, body) => {
  try { await body(); outcome[name] = "allowed"; } catch (thrown) { outcome[name] = thrown.name; }
};
await attempt("a program", () => new Deno.Command("/bin/true").output());
await attempt("a program by its name", () => new Deno.Command("true").output());
await attempt("a library in the working directory", () => Deno.dlopen("./libcrypto.so.3", {}));
await attempt("a library by its name", () => Deno.dlopen("libcrypto.so.3", {}));
await attempt("a library of the machine", () => Deno.dlopen("/lib/x86_64-linux-gnu/libc.so.6", {}));
await attempt("a variable outside of the list", () => Deno.env.get("LD_PRELOAD"));
await attempt("all variables", () => Deno.env.toObject());
await attempt("a variable to write", () => Deno.env.set("HOME", "x"));
await attempt("the system's release", () => Deno.osRelease());
await attempt("the user", () => Deno.uid());
await attempt("the process list", () => Deno.kill(Deno.ppid, "SIGCONT"));
await attempt("code of the network", () => import(["https:", "//deno.land/x/a.ts"].join("")));
await attempt("a variable of the list", () => Deno.env.get("SIGNET_STATE_DIR"));
await attempt("the machine's name", () => Deno.hostname());
console.log(JSON.stringify(outcome));
`;

const DENIED = "NotCapable";

Deno.test(
  "with those permissions no program starts, no planted library loads, no other variable is read",
  only,
  async () => {
    await using dir = await tempDir();
    await Deno.writeTextFile(`${dir.path}/probe.js`, PROBE);
    await compileBundle(`${dir.path}/probe.js`, `${dir.path}/probe`);
    await Deno.writeTextFile(`${dir.path}/libcrypto.so.3`, "");
    const { stdout, stderr } = await run(`${dir.path}/probe`, [], { cwd: dir.path });
    const { "code of the network": code, ...outcome } = JSON.parse(stdout || "{}");
    assert.notEqual(code, "allowed", stderr);
    assert.deepEqual(outcome, {
      "a program": DENIED,
      "a program by its name": DENIED,
      "a library in the working directory": DENIED,
      "a library by its name": DENIED,
      "a library of the machine": DENIED,
      "a variable outside of the list": DENIED,
      "all variables": DENIED,
      "a variable to write": DENIED,
      "the system's release": DENIED,
      "the process list": DENIED,
      "a variable of the list": "allowed",
      "the machine's name": "allowed",
      // `signet check` says what this user may not write, without trying.
      "the user": "allowed",
    }, stderr);
  },
);
