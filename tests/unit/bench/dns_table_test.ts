/** The table of docs/dns.md: what it says is missed is what is missed. */
import assert from "node:assert/strict";
import { type DnsRow, formatDnsTable } from "../../bench/dns/table.ts";

const ROWS: readonly DnsRow[] = [
  {
    id: "padded10.q",
    what: "a",
    unit: "count",
    signet: 150,
    coredns: 100,
    unbound: 90,
    bar: { times: 1.5 },
  },
  {
    id: "handshakes",
    what: "b",
    unit: "count",
    signet: 200,
    coredns: 100,
    unbound: undefined,
    bar: { times: 1 },
  },
  { id: "first", what: "c", unit: "ms", signet: 0.5, coredns: 0.4, unbound: 40, bar: { below: 1 } },
  { id: "half.p50", what: "d", unit: "ms", signet: 1, coredns: 1, unbound: 2 },
];

function replaced(at: number, signet: number): readonly DnsRow[] {
  return ROWS.map((row, i) => i === at ? { ...row, signet } : row);
}

Deno.test("formatDnsTable() says that all is met when it is", () => {
  const text = formatDnsTable(ROWS, "one machine");
  assert.match(text, /\| a \| 150 \| 100 \| 90 \| 1\.50 \| at least 1\.5 \| met \|/);
  assert.match(text, /Every target is met, and no figure is behind CoreDNS'\.$/);
});

Deno.test("formatDnsTable() names each miss once with how much it is, and its reason", () => {
  const rows = [
    [0, 120, /- \*\*Queries\*\* \(a: missed by 20 %\)\. All connections/],
    [1, 70, /- \*\*Handshakes\*\* \(b: missed by 30 %\)\. A bare/],
    [2, 1.5, /- \*\*A connection by itself\*\* \(c: missed by 50 %\)\. /],
    [3, 1.5, /- \*\*Half load\*\* \(d: 50 % behind CoreDNS\)\. One thread/],
  ] as const;
  for (const [at, signet, expected] of rows) {
    const text = formatDnsTable(replaced(at, signet), "one machine");
    assert.match(text, expected);
    assert.equal([...text.matchAll(/^- \*\*/gm)].length, 1);
  }
});
