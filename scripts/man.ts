// deno-lint-ignore-file no-console -- a script prints
/**
 * `dist/signet.1`, the manual page.
 *
 * Usage: `scripts/deno task man`, then `man -l dist/signet.1`
 */
import { COMMANDS } from "../lib/commands/mod.ts";
import { VERSION } from "../lib/config/mod.ts";
import { formatManPage } from "./man_page.ts";

const PATH = "dist/signet.1";

/** The day of the last commit; today outside of a clone. */
async function day(): Promise<string> {
  const { success, stdout } = await new Deno.Command("git", {
    args: ["log", "-1", "--format=%cs"],
    stderr: "null",
  }).output();
  return success ? new TextDecoder().decode(stdout).trim() : new Date().toISOString().slice(0, 10);
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  await Deno.mkdir("dist", { recursive: true });
  const page = formatManPage({ commands: COMMANDS, version: VERSION, date: await day() });
  await Deno.writeTextFile(PATH, page);
  console.log(`${PATH} ${page.length} bytes`);
}
