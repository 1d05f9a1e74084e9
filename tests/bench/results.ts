/** Saved results: written by the benchmark, read by `scripts/bench_compare.ts`. */
import { ratioOf, type Row } from "./row.ts";

/** One whole run. */
export interface Results {
  /** The version of signet. */
  readonly version: string;
  /** The machine and the runtime, for people. */
  readonly machine: string;
  /** What was measured. */
  readonly rows: readonly Row[];
}

/** Where the last run is kept, to be compared. */
export const LATEST = "dist/bench.json";

/** How much worse a row may be than the saved one: machines and moments differ. */
export const TOLERANCE = 0.1;

/** One row that stands in two results. */
export interface Comparison {
  /** The row's `id`. */
  readonly id: string;
  /** The saved figure: the ratio to the baseline, or the figure itself where there is none. */
  readonly before: number;
  /** The same of the new run. */
  readonly now: number;
  /** How much worse the new run is, as a part of the saved figure; negative when it is better. */
  readonly worse: number;
  /** True when it is worse than {@linkcode TOLERANCE} allows. */
  readonly failed: boolean;
}

/** The folder of saved results. */
export const RESULTS = "tests/bench/results";

/** Where the results of a version are kept. */
export function resultsPath(version: string): string {
  return `${RESULTS}/${version}.json`;
}

/** Compares the rows that both runs have, in the order of the new one. */
export function compareResults(before: Results, now: Results): readonly Comparison[] {
  return now.rows.flatMap((row) => {
    const saved = before.rows.find(({ id }) => id === row.id);
    const [then, today] = [saved && comparedOf(saved), comparedOf(row)];
    if (then === undefined || today === undefined) return [];
    const worse = higherIsBetter(row) ? then / today - 1 : today / then - 1;
    return [{ id: row.id, before: then, now: today, worse, failed: worse > TOLERANCE }];
  });
}

/** Ratios are kept, as machines differ; memory, which differs little, has no baseline; growth counts from 100 %. */
function comparedOf(row: Row): number | undefined {
  const { signet, unit, baseline } = row;
  if (baseline !== undefined) return ratioOf(row);
  // Without a baseline, times tell of the machine.
  if (signet === undefined || (unit !== "MB" && unit !== "%")) return undefined;
  return unit === "%" ? 1 + signet / 100 : signet;
}

function higherIsBetter({ unit }: Row): boolean {
  return unit === "a second";
}
