// deno-lint-ignore-file no-console -- a script prints
/**
 * `dist/signet`: one executable. The program is bundled first, so that node_modules is not embedded; permissions and V8 flags are baked in.
 *
 * `DENORT_BIN` names the runtime to append to; it is used only when its SHA-256 is the pinned one. Without it Deno downloads its own.
 *
 * Usage: `scripts/deno task compile`
 */
import { build } from "esbuild";
import { permissionFlags } from "./permissions.ts";

const BUNDLE = "dist/signet.js";
const EXECUTABLE = "dist/signet";
/** denort 2.7.14 for x86-64 Linux. */
const DENORT_SHA256 = "44fa11ae44592891a07ecc3967cdb091ae316a947d60929415d26dedbb8f55b7";
/**
 * A small young generation, and an old one that is collected when it has grown by 60 percent: after load 117 MB are resident instead of
 * 150 to 200, at the same CPU a certificate. Neither is a cap, which an operator could not lift.
 */
const V8_FLAGS = "--max-semi-space-size=1,--heap-growing-percent=60";

async function main(): Promise<void> {
  await Deno.mkdir("dist", { recursive: true });
  await checkRuntime();
  await bundle();
  await run(Deno.execPath(), [
    "compile",
    "--quiet",
    "--no-config",
    "--no-check",
    `--v8-flags=${V8_FLAGS}`,
    ...permissionFlags(),
    "--output",
    EXECUTABLE,
    BUNDLE,
  ]);
  await Deno.writeTextFile("dist/permissions.txt", `${permissionFlags().join("\n")}\n`);
  const digest = await sha256(EXECUTABLE);
  await Deno.writeTextFile(`${EXECUTABLE}.sha256`, `${digest}  signet\n`);
  console.log(`${EXECUTABLE} ${(await Deno.stat(EXECUTABLE)).size} bytes, SHA-256 ${digest}`);
}

async function checkRuntime(): Promise<void> {
  const path = Deno.env.get("DENORT_BIN");
  if (!path) return;
  const digest = await sha256(path);
  if (digest === DENORT_SHA256) return;
  throw new TypeError(
    `Cannot use DENORT_BIN ${path}: its SHA-256 is ${digest}, should be ${DENORT_SHA256}`,
  );
}

async function bundle(): Promise<void> {
  const revision = (await capture("git", ["rev-parse", "HEAD"])).trim() || "unknown";
  const isClean = (await capture("git", ["status", "--porcelain"])).trim() === "";
  await build({
    entryPoints: ["main.ts"],
    outfile: BUNDLE,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    logLevel: "warning",
    banner: {
      js:
        'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    define: {
      SIGNET_GIT_REVISION: JSON.stringify(revision),
      SIGNET_BUILD_STATUS: JSON.stringify(isClean ? "Clean" : "Modified"),
    },
  });
}

/** What a program prints; nothing when it fails or is not there. */
async function capture(program: string, args: readonly string[]): Promise<string> {
  try {
    const { success, stdout } = await new Deno.Command(program, { args: [...args], stderr: "null" })
      .output();
    return success ? new TextDecoder().decode(stdout) : "";
  } catch {
    return "";
  }
}

async function run(program: string, args: readonly string[]): Promise<void> {
  const { code } = await new Deno.Command(program, { args: [...args], stdin: "null" }).spawn()
    .status;
  if (code !== 0) {
    throw new TypeError(`Cannot compile: ${program} ${args[0]} ended with exit code ${code}`);
  }
}

async function sha256(path: string): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", await Deno.readFile(path))).toHex();
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  try {
    await main();
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    console.error(thrown.message);
    Deno.exit(1);
  }
}
