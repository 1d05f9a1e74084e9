import assert from "node:assert/strict";
import { formatHelp, VERSION } from "signet/config/mod.ts";
import { discoveryOptions, optionsMarkdown } from "../../../lib/config/help.ts";
import { OPTIONS } from "../../../lib/config/table.ts";
import { OPTIONS_WITHOUT_EFFECT } from "../../../lib/config/table_later.ts";

const ALL = [...Object.values(OPTIONS), ...OPTIONS_WITHOUT_EFFECT];

Deno.test("Every option has a flag or a variable, a help text, and a default that its own parser takes", async (t) => {
  for (const option of ALL) {
    await t.step(option.flag ?? option.variable ?? "?", () => {
      assert.ok(option.flag !== undefined || option.variable !== undefined);
      assert.match(option.help, /^\S.*\S$/);
      // The default of a switch may depend on where signet runs.
      if (option.isSwitch && option.fallback === "") return;
      option.parse(option.fallback);
    });
  }
});

Deno.test("No two options share a flag, an alias, a letter or a variable", () => {
  const names = ALL.flatMap(({ flag, aliases = [], short, variable }) => [
    ...[flag, ...aliases].filter((name) => name !== undefined).map((name) => `--${name}`),
    ...(short === undefined ? [] : [`-${short}`]),
    ...(variable === undefined ? [] : [variable]),
  ]);
  const repeated = names.filter((name, at) => names.indexOf(name) !== at);
  assert.deepEqual(repeated, []);
});

Deno.test("Help lists every option of the server", () => {
  const text = formatHelp({ usage: "signet discovery", text: "x", options: discoveryOptions() });
  for (const { flag, variable } of ALL) {
    const name = flag === undefined ? variable! : `--${flag}`;
    assert.ok(text.includes(name), name);
  }
});

Deno.test("Help of a command without options, or with examples, has those parts alone", () => {
  assert.equal(
    formatHelp({ usage: "a b", text: "What it does.", options: {} }),
    "Usage: a b\n\nWhat it does.\n",
  );
  const examples = [{ what: "does it", line: "a b c" }];
  const text = formatHelp({ usage: "a b", text: "x", options: {}, examples });
  assert.match(text, /\nExamples:\n {2}a b c\n {6}does it\n$/);
});

Deno.test("The README's table has a row for each option with effect, with bars escaped", () => {
  const rows = optionsMarkdown().split("\n").filter((line) => line.startsWith("| "));
  assert.equal(rows.length, 2 + Object.keys(OPTIONS).length);
  for (const row of rows) assert.equal(row.replaceAll("\\|", "").split("|").length, 7, row);
});

Deno.test("VERSION is deno.json's", async () => {
  const text = await Deno.readTextFile(new URL("../../../deno.json", import.meta.url));
  assert.equal(JSON.parse(text).version, VERSION);
});
