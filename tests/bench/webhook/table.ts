/** The table of docs/webhook.md: a figure of each server, the share of signet's in istiod's, and what was wanted. */

const PAGE = "docs/webhook.md";
const BEGIN = "<!-- bench:webhook: begin -->";
const END = "<!-- bench:webhook: end -->";

/** One figure of each. */
export interface WebhookRow {
  /** What was measured. */
  readonly what: string;
  /** Signet's. */
  readonly signet: number;
  /** istiod's; `undefined` when it was not measured. */
  readonly istiod?: number | undefined;
  /** Its unit; a count has none. */
  readonly unit: "" | "ms" | "us" | "s";
  /** At least or at most so many times istiod's, or at most so much. */
  readonly bar?:
    | { readonly atLeastTimes: number }
    | { readonly atMostTimes: number }
    | { readonly atMost: number };
}

/** The whole table, as Markdown. */
export function formatWebhookTable(rows: readonly WebhookRow[], machine: string): string {
  const header = ["what", "signet", "istiod 1.31", "signet : istiod", "target", ""];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `One run on ${machine}; each server shares the cores with h2load, or with the API server and etcd.`,
    "",
    line(header),
    line(header.map((_, at) => at === 0 || at > 3 ? "---" : "--:")),
    ...rows.map((row) => line(cellsOf(row))),
  ].join("\n");
}

function cellsOf({ what, signet, istiod, unit, bar }: WebhookRow): readonly string[] {
  const figure = (value: number | undefined) =>
    value === undefined
      ? "-"
      : unit === ""
      ? Math.round(value).toLocaleString("en-US")
      : `${value.toFixed(unit === "us" ? 0 : 2)} ${unit}`;
  const ratio = istiod === undefined ? undefined : signet / istiod;
  const [target, missedBy] = targetOf(bar, signet, ratio);
  const verdict = missedBy === undefined
    ? ""
    : missedBy <= 0
    ? "met"
    : `missed by ${(missedBy * 100).toFixed(0)} %`;
  return [
    what,
    figure(signet),
    figure(istiod),
    ratio?.toFixed(2) ?? "-",
    unit === "" ? target : target.replace("UNIT", unit),
    verdict,
  ];
}

function targetOf(
  bar: WebhookRow["bar"],
  value: number,
  ratio: number | undefined,
): readonly [target: string, missedBy: number | undefined] {
  if (bar === undefined) return ["", undefined];
  if ("atMost" in bar) return [`at most ${bar.atMost} UNIT`, (value - bar.atMost) / bar.atMost];
  if ("atLeastTimes" in bar) {
    const { atLeastTimes: times } = bar;
    return [`at least ${times} times`, ratio === undefined ? undefined : (times - ratio) / times];
  }
  const { atMostTimes: times } = bar;
  return [`at most ${times} times`, ratio === undefined ? undefined : (ratio - times) / times];
}

/**
 * Puts the table between the markers of the page.
 *
 * @throws {TypeError} when the markers are not there.
 */
export async function writeWebhookTable(table: string): Promise<void> {
  const page = await Deno.readTextFile(PAGE);
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write table: ${PAGE} should hold ${BEGIN} and ${END}`);
  }
  const text = `${page.slice(0, from)}${BEGIN}\n\n${table}\n\n${page.slice(to)}`;
  await Deno.writeTextFile(PAGE, text);
}
