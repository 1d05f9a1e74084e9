// deno-lint-ignore-file no-console -- a script prints
/**
 * Holds the last benchmark run against saved results and fails when a ratio is more than a tenth worse.
 *
 * Usage: `scripts/deno task bench:compare [SAVED.json] [NEW.json]`. By default the saved results are those of this version, and the new ones
 * those that `scripts/deno task bench` left in `dist`.
 */
import denoConfig from "../deno.json" with { type: "json" };
import { compareResults, LATEST, type Results, resultsPath } from "../tests/bench/results.ts";

async function read(path: string): Promise<Results> {
  try {
    return JSON.parse(await Deno.readTextFile(path)) as Results;
  } catch (cause) {
    throw new TypeError(`Cannot compare: ${path} is not there or not JSON`, { cause });
  }
}

async function main(args: readonly string[]): Promise<boolean> {
  const [saved = resultsPath(denoConfig.version), latest = LATEST] = args;
  const comparisons = compareResults(await read(saved), await read(latest));
  if (comparisons.length === 0) throw new TypeError("Cannot compare: no row stands in both");
  for (const { id, before, now, worse, failed } of comparisons) {
    const change = `${Math.abs(worse * 100).toFixed(0)} % ${worse > 0 ? "worse" : "better"}`;
    console.log(
      `${failed ? "FAILED" : "ok"} ${id}: ${before.toFixed(2)}, now ${now.toFixed(2)} (${change})`,
    );
  }
  return comparisons.every(({ failed }) => !failed);
}

if (import.meta.main) {
  Deno.chdir(new URL("..", import.meta.url));
  try {
    Deno.exit(await main(Deno.args) ? 0 : 1);
  } catch (thrown) {
    if (!(thrown instanceof TypeError)) throw thrown;
    console.error(thrown.message);
    Deno.exit(1);
  }
}
