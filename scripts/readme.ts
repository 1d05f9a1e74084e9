// deno-lint-ignore-file no-console -- a script prints
/**
 * Writes the README's table of options from the table in `lib/config`; `--check` only says whether it is up to date.
 *
 * Usage: `scripts/deno task readme [--check]`
 */
import { optionsMarkdown } from "../lib/config/mod.ts";

const TABLE_REGEXP = /(<!-- flags: begin -->\n)[\s\S]*?(<!-- flags: end -->)/;

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  const before = await Deno.readTextFile("README.md");
  const after = before.replace(
    TABLE_REGEXP,
    (_all, begin, end) => `${begin}\n${optionsMarkdown()}\n\n${end}`,
  );
  if (Deno.args.includes("--check")) {
    if (before !== after) {
      console.error("README.md is not up to date: run scripts/deno task readme");
      Deno.exit(1);
    }
  } else await Deno.writeTextFile("README.md", after);
}
