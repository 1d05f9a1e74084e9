/** What is missed in the table of docs/dns.md, by how much, and why: the reasons are what profiles of the server under dnsperf have shown. */
import type { DnsRow } from "./table.ts";

/** Why rows are missed: those whose names begin so. */
interface Reason {
  readonly rows: readonly string[];
  readonly what: string;
  readonly why: string;
}

const QUERIES = [
  "All connections share one thread, dnsperf has most of the other core, and a CPU second goes",
  "where that thread spends it: 44 % in the runtime's native code (TLS, its bridge to JavaScript),",
  "29 % in the kernel's sockets, 11 % in memory allocation, 15 % in all JavaScript, that of",
  "`node:tls` included. A server on `node:tls` that answers without looking, with answers of the same",
  "size, is about 15 % faster, and with 100 connections reaches 1.4 times CoreDNS' queries a second.",
  "What a query costs depends on how many queries one read brings: four on",
  "average with 1,000 in flight, one where the server is idle in between.",
].join(" ");

const REASONS: readonly Reason[] = [
  { rows: ["local", "padded"], what: "Queries", why: QUERIES },
  {
    rows: ["cached"],
    what: "Cached forwarded names",
    why:
      "They cost what local names cost, as the same kept octets are said again, and a look into " +
      "the cache once a second for each name.",
  },
  {
    rows: ["half"],
    what: "Half load",
    why:
      "One thread answers all connections: a query waits for those that came before it. Each server " +
      "is asked at half of its own pace, so a faster one has more to do.",
  },
  {
    rows: ["handshakes"],
    what: "Handshakes",
    why:
      "A bare `node:tls` server with the same settings costs as much CPU a handshake as CoreDNS, and " +
      "signet about a sixth more. 34 % of the main thread's time is the handshake itself; signet's own code " +
      "takes 8 %, garbage 7 %, and the rest is what the runtime does to make two sockets and end them. It reads " +
      "key, certificate and roots anew for each connection.",
  },
  {
    rows: ["first", "idle"],
    what: "A connection by itself",
    why: "This was met on an idle machine; on a busy one the client waits for its turn.",
  },
];

/** The misses as Markdown, with figures that have no target but are behind CoreDNS'. */
export function formatMisses(rows: readonly DnsRow[]): string {
  const lines: string[] = [];
  for (const { rows: begins, what, why } of REASONS) {
    const missed = rows.filter(({ id }) => begins.some((begin) => id.startsWith(begin)))
      .flatMap((row) => missOf(row) ?? []);
    if (missed.length > 0) lines.push(`- **${what}** (${missed.join("; ")}). ${why}`);
  }
  return lines.length === 0
    ? "Every target is met, and no figure is behind CoreDNS'."
    : ["What is missed, or behind CoreDNS, and why:", "", ...lines].join("\n");
}

/** What a row misses, in words; `undefined` when it misses nothing. */
function missOf({ what, unit, signet, coredns, bar }: DnsRow): string | undefined {
  if (signet === undefined) return undefined;
  const ratio = coredns === undefined ? undefined : signet / coredns;
  const percent = (share: number) => `${(share * 100).toFixed(0)} %`;
  if (bar !== undefined && "below" in bar) {
    return signet < bar.below ? undefined : `${what}: missed by ${percent(signet / bar.below - 1)}`;
  }
  if (ratio === undefined) return undefined;
  if (bar !== undefined) {
    return ratio >= bar.times ? undefined : `${what}: missed by ${percent(1 - ratio / bar.times)}`;
  }
  const behind = unit === "count" ? 1 - ratio : ratio - 1;
  return behind <= 0 ? undefined : `${what}: ${percent(behind)} behind CoreDNS`;
}
