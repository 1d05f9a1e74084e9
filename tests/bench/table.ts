/** The README's table: rows as Markdown between two markers, with what was missed beneath. */
import type { Results } from "./results.ts";
import { cellsOf, verdictOf } from "./row.ts";

const BEGIN = "<!-- bench: begin -->";
const END = "<!-- bench: end -->";
const HEADER = ["what", "signet", "baseline", "ratio", "target", "verdict"];

/** The table of a run, with its machine above and its misses below. */
export function formatTable({ machine, rows }: Results): string {
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  const missed = rows.filter((row) => verdictOf(row).startsWith("missed"));
  const verdict = missed.length === 0
    ? "Every target of this run is met."
    : `Missed in this run: ${
      missed.map((row) => `${row.what} (${verdictOf(row)})`).join("; ")
    }. Why is told below.`;
  return [
    `One run on ${machine}.`,
    "",
    line(HEADER),
    line(HEADER.map(() => "---")),
    ...rows.map((row) => line(cellsOf(row))),
    "",
    verdict,
  ].join("\n");
}

/**
 * Puts the table between the markers of a README.
 *
 * @throws {TypeError} when the markers are not there.
 */
export function replaceTable(readme: string, table: string): string {
  const [from, to] = [readme.indexOf(BEGIN), readme.indexOf(END)];
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write table: README.md should hold ${BEGIN} and ${END}`);
  }
  return `${readme.slice(0, from)}${BEGIN}\n\n${table}\n\n${readme.slice(to)}`;
}
