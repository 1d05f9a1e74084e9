/** The table of docs/dns.md: a figure of each server, signet's over CoreDNS', what was wanted, and why it was missed. */
import { formatMisses } from "./misses.ts";
import type { ServerName } from "./servers.ts";

const PAGE = "docs/dns.md";
const BEGIN = "<!-- bench:dns: begin -->";
const END = "<!-- bench:dns: end -->";

/** One figure. */
export interface DnsRow extends Readonly<Record<ServerName, number | undefined>> {
  /** Its name, for `--only`. */
  readonly id: string;
  /** What was measured. */
  readonly what: string;
  /** What it counts. */
  readonly unit: "count" | "ms" | "kB";
  /** At least so many times CoreDNS' figure, or less than so much. */
  readonly bar?: { readonly times: number } | { readonly below: number } | undefined;
}

/** The whole table, as Markdown, with the misses below. */
export function formatDnsTable(rows: readonly DnsRow[], machine: string): string {
  const header = ["what", "signet", "CoreDNS 1.15.0", "unbound", "signet : CoreDNS", "target", ""];
  const line = (cells: readonly string[]) => `| ${cells.join(" | ")} |`;
  return [
    `One run on ${machine}; servers and dnsperf share the cores.`,
    "",
    line(header),
    line(header.map((_, at) => at === 0 || at > 4 ? "---" : "--:")),
    ...rows.map((row) => line(cellsOf(row))),
    "",
    formatMisses(rows),
  ].join("\n");
}

function cellsOf(row: DnsRow): readonly string[] {
  const { what, signet, coredns, unbound, unit, bar } = row;
  const figure = (value: number | undefined) => {
    if (value === undefined) return "-";
    return unit === "count"
      ? Math.round(value).toLocaleString("en-US")
      : `${value.toFixed(unit === "ms" ? 2 : 1)} ${unit}`;
  };
  const ratio = signet === undefined || coredns === undefined ? undefined : signet / coredns;
  const target = bar === undefined
    ? ""
    : "times" in bar
    ? `at least ${bar.times}`
    : `below ${bar.below} ${unit}`;
  return [
    what,
    ...[signet, coredns, unbound].map(figure),
    ratio?.toFixed(2) ?? "-",
    target,
    verdictOf(row, ratio),
  ];
}

function verdictOf({ signet, bar }: DnsRow, ratio: number | undefined): string {
  if (bar === undefined || signet === undefined) return "";
  const missedBy = "times" in bar
    ? ratio === undefined ? undefined : (bar.times - ratio) / bar.times
    : (signet - bar.below) / bar.below;
  if (missedBy === undefined) return "";
  return missedBy <= 0 ? "met" : `missed by ${(missedBy * 100).toFixed(0)} %`;
}

/**
 * Puts the table between the markers of the page, in the form that `deno fmt` gives it.
 *
 * @throws {TypeError} when the markers are not there, or the page cannot be formatted.
 */
export async function writeDnsTable(table: string): Promise<void> {
  const page = await Deno.readTextFile(PAGE);
  const [from, to] = [page.indexOf(BEGIN), page.indexOf(END)];
  if (from < 0 || to < from) {
    throw new TypeError(`Cannot write table: ${PAGE} should hold ${BEGIN} and ${END}`);
  }
  const text = `${page.slice(0, from)}${BEGIN}\n\n${table}\n\n${page.slice(to)}`;
  await Deno.writeTextFile(PAGE, text);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", PAGE],
  }).output();
  if (code !== 0) {
    throw new TypeError(`Cannot format ${PAGE}: ${new TextDecoder().decode(stderr)}`);
  }
}
