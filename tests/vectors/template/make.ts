// deno-lint-ignore-file no-console -- a script prints
/** Writes golden.json beside it: what Go's text/template and sprig make of the cases in `tests/support/template/cases`. */
import { ALL_CASES } from "../../support/template/cases/all.ts";
import { renderByGo } from "../../support/template/go_template.ts";
import { findPeer } from "../../support/peers.ts";

const program = findPeer("gotemplate");
if (program === undefined) throw new TypeError("Cannot ask Go: run scripts/deno task peers first");
const answers = await renderByGo(program, ALL_CASES);
const lines = ALL_CASES.map(({ group, template }, at) =>
  JSON.stringify({ group, template, ...answers[at] })
);
await Deno.writeTextFile(new URL("golden.json", import.meta.url), `[\n${lines.join(",\n")}\n]\n`);
console.log(`${lines.length} answers`);
