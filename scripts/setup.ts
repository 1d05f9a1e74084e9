// deno-lint-ignore-file no-console -- a script prints
/**
 * Makes a fresh clone ready to run: dependencies into `node_modules`, generated code into `proto/gen`. Does nothing when both are there.
 *
 * It imports no package, so that it runs before any is installed.
 *
 * Usage: `scripts/deno task setup`
 */
import { generateProtos } from "./gen_proto.ts";

const STAMP = "node_modules/.signet_setup";
/** What has dependencies of its own: the program, and the making of code from Envoy's API. */
const FOLDERS = [".", "scripts/envoy_api"];

/** Sets up the repository, which is the working directory; says on stderr what takes longer than a moment. */
export async function setUp(): Promise<void> {
  if (await installDependencies()) {
    say("dependencies are installed");
  }
  if (await generateProtos()) say("proto/gen is generated");
}

/** Installs what deno.lock names; returns false when that has been done. */
async function installDependencies(): Promise<boolean> {
  const files = FOLDERS.flatMap((folder) => [`${folder}/deno.json`, `${folder}/deno.lock`]);
  const stamp = (await Promise.all(files.map((path) => Deno.readTextFile(path)))).join("");
  const before = await Deno.readTextFile(STAMP).catch(() => undefined);
  if (before === stamp) return false;
  say(
    "installing dependencies from npm into node_modules (seconds; about a minute on a slow line)",
  );
  for (const folder of FOLDERS) await install(folder);
  await Deno.writeTextFile(STAMP, stamp);
  return true;
}

/** A lockfile that is being changed on this desk is for "deno install", not for the set-up, to change: frozen. */
async function install(folder: string): Promise<void> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["install", "--quiet", "--frozen"],
    cwd: folder,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
    env: { NO_COLOR: "1" },
  }).output();
  if (code !== 0) {
    throw new TypeError(
      `Cannot install dependencies: "deno install --frozen" ended with exit code ${code}\n${
        new TextDecoder().decode(stderr)
      }`,
    );
  }
}

function say(message: string): void {
  console.error(`setup: ${message}`);
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  try {
    await setUp();
  } catch (thrown) {
    say(thrown instanceof Error ? thrown.message : String(thrown));
    Deno.exit(1);
  }
}
