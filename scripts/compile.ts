// deno-lint-ignore-file no-console -- a script prints
/**
 * `dist/signet`: one executable. The program is bundled first, so that node_modules is not embedded; permissions and V8 flags are baked in.
 *
 * `DENORT_BIN` names the runtime to append to; it is used only when its SHA-256 is the pinned one. Without it Deno downloads its own.
 *
 * Beside it: its SHA-256, the permissions that are baked in, and the list of what is inside (CycloneDX).
 *
 * Usage: `scripts/deno task compile`
 */
import { builtinModules } from "node:module";
import { build } from "esbuild";
import { VERSION } from "../lib/config/mod.ts";
import { permissionFlags } from "./permissions.ts";
import { type BundledPackage, makeSbom } from "./sbom.ts";

/** Node's modules that dependencies import by their bare names. */
const NODE_MODULES = builtinModules.filter((name) => /^[a-z]\w*$/.test(name));
const BUNDLE = "dist/signet.js";
const EXECUTABLE = "dist/signet";
/** denort 2.7.14 for x86-64 Linux. */
const DENORT_SHA256 = "44fa11ae44592891a07ecc3967cdb091ae316a947d60929415d26dedbb8f55b7";
/**
 * A small young generation, and an old one that is collected when it has grown by 60 percent: after load 120 MB are resident instead of
 * 150 to 200. Half of that young generation costs a fifth more CPU a certificate, as what is in flight is moved to the old one.
 * Neither is a cap, which an operator could not lift. Garbage is collected by several threads, although one thread costs 3 to 4 percent less
 * CPU: with one, resident memory under load is 140 to 220 MB by chance, with several it stays at 140.
 */
const V8_FLAGS = "--max-semi-space-size=2,--heap-growing-percent=60";

async function main(): Promise<void> {
  await Deno.mkdir("dist", { recursive: true });
  for (const stale of [BUNDLE, EXECUTABLE]) await Deno.remove(stale).catch(ignoreMissing);
  await checkRuntime();
  const inputs = await bundle();
  await compileBundle(BUNDLE, EXECUTABLE);
  await Deno.writeTextFile("dist/permissions.txt", `${permissionFlags().join("\n")}\n`);
  const digest = await sha256(EXECUTABLE);
  await Deno.writeTextFile(`${EXECUTABLE}.sha256`, `${digest}  signet\n`);
  const sbom = makeSbom({
    version: VERSION,
    executableSha256: digest,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    inputs,
    lock: await Deno.readTextFile("deno.lock"),
    licenseOf,
  });
  await Deno.writeTextFile(`${EXECUTABLE}.cdx.json`, `${JSON.stringify(sbom, undefined, 2)}\n`);
  console.log(`${EXECUTABLE} ${(await Deno.stat(EXECUTABLE)).size} bytes, SHA-256 ${digest}`);
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}

/** One executable of a bundle, with what signet may do and the runtime's settings baked in. */
export async function compileBundle(bundle: string, output: string): Promise<void> {
  await run(Deno.execPath(), [
    ...["compile", "--quiet", "--no-config", "--no-check", `--v8-flags=${V8_FLAGS}`],
    ...permissionFlags(),
    ...["--output", output, bundle],
  ]);
}

/** What a package's own description says, from node_modules. */
function licenseOf({ name, version }: BundledPackage): string | undefined {
  const folder = `node_modules/.deno/${name.replace("/", "+")}@${version}`;
  const copies = [...Deno.readDirSync("node_modules/.deno")].map((entry) => entry.name);
  const found = copies.find((copy) => `node_modules/.deno/${copy}`.startsWith(folder));
  const path = `node_modules/.deno/${found}/node_modules/${name}/package.json`;
  return (JSON.parse(Deno.readTextFileSync(path)) as { license?: string }).license;
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

/** Makes the bundle; returns the files that went into it. */
async function bundle(): Promise<readonly string[]> {
  const revision = (await capture("git", ["rev-parse", "HEAD"])).trim() || "unknown";
  const isClean = (await capture("git", ["status", "--porcelain"])).trim() === "";
  const { metafile } = await build({
    metafile: true,
    entryPoints: ["main.ts"],
    outfile: BUNDLE,
    bundle: true,
    format: "esm",
    platform: "node",
    target: "esnext",
    logLevel: "warning",
    // Dependencies name Node's modules without a prefix, which a bundle without an import map may not.
    alias: Object.fromEntries(NODE_MODULES.map((name) => [name, `node:${name}`])),
    banner: {
      js:
        'import { createRequire } from "node:module"; const require = createRequire(import.meta.url);',
    },
    define: {
      SIGNET_GIT_REVISION: JSON.stringify(revision),
      SIGNET_BUILD_STATUS: JSON.stringify(isClean ? "Clean" : "Modified"),
    },
  });
  return Object.keys(metafile.outputs[BUNDLE]?.inputs ?? {});
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
