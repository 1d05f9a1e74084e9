// deno-lint-ignore-file no-console -- a program prints
/**
 * Measures everything of the README's table in one run, each beside its baseline, and writes the table.
 *
 * Usage: `scripts/deno task bench [--istiod] [--full] [--only NAME,...] [--save]`
 *
 * `--istiod` adds istiod as the baseline (it is built the first time, which takes a quarter of an hour on two cores); `--full` makes the
 * memory rows as long as their targets say; `--only` measures the named sections and writes nothing; `--save` also keeps the results as
 * those of this version, which `scripts/deno task bench:compare` holds later runs against. `dist/signet` must have been compiled.
 */
import { cpus } from "node:os";
import denoConfig from "../../deno.json" with { type: "json" };
import { LATEST, RESULTS, type Results, resultsPath } from "./results.ts";
import { cellsOf, type Row } from "./row.ts";
import { SECTIONS } from "./sections.ts";
import { formatTable, replaceTable } from "./table.ts";

const EXECUTABLE = "dist/signet";

async function main(args: readonly string[]): Promise<void> {
  const only = args.flatMap((arg, at) => args[at - 1] === "--only" ? arg.split(",") : []);
  const unknown = only.filter((name) => SECTIONS.every((section) => section.name !== name));
  if (unknown.length > 0) {
    const names = SECTIONS.map(({ name }) => name).join(", ");
    throw new TypeError(`Cannot measure ${unknown.join(", ")}: the sections are ${names}`);
  }
  const context = {
    executable: await findExecutable(),
    istiod: args.includes("--istiod"),
    full: args.includes("--full"),
  };
  const rows: Row[] = [];
  for (const { name, measure } of SECTIONS) {
    if (only.length > 0 && !only.includes(name)) continue;
    for (const row of await measure(context)) {
      console.log(cellsOf(row).join(" | "));
      rows.push(row);
    }
  }
  if (only.length > 0) return;
  const [processor] = cpus();
  const machine = `${cpus().length} x ${processor?.model ?? "unknown"}, Deno ${Deno.version.deno}`;
  await write({ version: denoConfig.version, machine, rows }, args.includes("--save"));
}

async function findExecutable(): Promise<string> {
  try {
    return await Deno.realPath(EXECUTABLE);
  } catch {
    throw new TypeError(`Cannot measure: ${EXECUTABLE} is missing: scripts/deno task compile`);
  }
}

async function write(results: Results, save: boolean): Promise<void> {
  const table = replaceTable(await Deno.readTextFile("README.md"), formatTable(results));
  await Deno.writeTextFile("README.md", table);
  const json = `${JSON.stringify(results, null, 2)}\n`;
  await Deno.writeTextFile(LATEST, json);
  if (!save) return;
  await Deno.mkdir(RESULTS, { recursive: true });
  await Deno.writeTextFile(resultsPath(results.version), json);
}

if (import.meta.main) {
  Deno.chdir(new URL("../..", import.meta.url));
  try {
    await main(Deno.args);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    console.error(thrown.message);
    Deno.exit(1);
  }
}
