import assert from "node:assert/strict";

import { compareResults, type Results } from "../../bench/results.ts";
import { cellsOf, type Row, verdictOf } from "../../bench/row.ts";
import { formatTable, replaceTable } from "../../bench/table.ts";

const KEPT: Row = {
  id: "grpc.kept",
  what: "Server CPU",
  unit: "us",
  signet: 100,
  baseline: { value: 200, what: "istiod" },
  target: { of: "ratio", bound: 0.5 },
};
const ECHO: Row = {
  id: "http2.echo",
  what: "Echoes",
  unit: "a second",
  signet: 80_000,
  baseline: { value: 20_000, what: "node:http2" },
  target: { of: "ratio", bound: 4, atLeast: true },
};
const START: Row = {
  id: "start",
  what: "Start",
  unit: "ms",
  signet: 250,
  baseline: { value: 60, what: "empty" },
  target: { of: "difference", bound: 200 },
};
const MEMORY: Row = {
  id: "memory",
  what: "Memory",
  unit: "MB",
  signet: 120,
  target: { of: "value", bound: 130 },
};
const GROWTH: Row = { id: "growth", what: "Growth", unit: "%", signet: -1 };

function run(...rows: readonly Row[]): Results {
  return { version: "0.0.0", machine: "a machine", rows };
}

Deno.test("verdictOf() holds the ratio, the difference or the figure against its bound", () => {
  const verdicts = [
    KEPT,
    { ...KEPT, signet: 110 },
    ECHO,
    { ...ECHO, signet: 60_000 },
    START,
    { ...START, signet: 280 },
    MEMORY,
    { ...MEMORY, signet: 143 },
    GROWTH,
    { ...KEPT, baseline: undefined },
  ].map(verdictOf);
  assert.deepEqual(verdicts, [
    "met",
    "missed by 10 %",
    "met",
    "missed by 25 %",
    "met",
    "missed by 10 %",
    "met",
    "missed by 10 %",
    "-",
    "-",
  ]);
});

Deno.test("cellsOf() shows a figure with its unit, its baseline and how they stand to each other", () => {
  assert.deepEqual(cellsOf(KEPT).slice(1, 5), ["100 us", "200 us: istiod", "0.50", "at most 0.5"]);
  assert.deepEqual(cellsOf(START).slice(1, 5), [
    "250 ms",
    "60 ms: empty",
    "+190 ms",
    "at most +200 ms",
  ]);
  assert.deepEqual(cellsOf({ ...MEMORY, signet: undefined }).slice(1), [
    "-",
    "-",
    "-",
    "at most 130 MB",
    "-",
  ]);
});

Deno.test("compareResults() fails what is more than a tenth worse, in the direction that is worse", () => {
  const before = run(KEPT, ECHO, MEMORY, GROWTH);
  const failed = (...rows: readonly Row[]) =>
    compareResults(before, run(...rows)).filter((row) => row.failed).map((row) => row.id);
  assert.deepEqual(failed(KEPT, ECHO, MEMORY, GROWTH), []);
  assert.deepEqual(failed({ ...KEPT, signet: 109 }, { ...ECHO, signet: 73_000 }), []);
  assert.deepEqual(failed({ ...KEPT, signet: 111 }), ["grpc.kept"]);
  assert.deepEqual(failed({ ...ECHO, signet: 72_000 }), ["http2.echo"]);
  assert.deepEqual(failed({ ...ECHO, signet: 160_000 }, { ...KEPT, signet: 20 }), []);
  assert.deepEqual(failed({ ...MEMORY, signet: 140 }), ["memory"]);
  assert.deepEqual(failed({ ...GROWTH, signet: 12 }), ["growth"]);
});

Deno.test("compareResults() keeps ratios when the machine is slower, and leaves out what only one run has", () => {
  const slower = { ...KEPT, signet: 300, baseline: { value: 600, what: "istiod" } };
  assert.deepEqual(
    compareResults(run(KEPT, MEMORY), run(slower, ECHO)).map(({ id, worse }) => [id, worse]),
    [
      ["grpc.kept", 0],
    ],
  );
  const alone = { ...KEPT, baseline: undefined };
  assert.deepEqual(compareResults(run(alone), run(alone)), []);
});

Deno.test("formatTable() names what was missed, and replaceTable() changes nothing else of a README", () => {
  const table = formatTable(run(KEPT, { ...MEMORY, signet: 143 }));
  assert.match(table, /Missed in this run: Memory \(missed by 10 %\)\./);
  const readme = "before\n<!-- bench: begin -->\nlast run\n<!-- bench: end -->\nafter\n";
  const written = replaceTable(readme, table);
  assert.ok(written.startsWith("before\n<!-- bench: begin -->\n\nOne run on a machine."));
  assert.ok(written.endsWith("\n\n<!-- bench: end -->\nafter\n") && !written.includes("last run"));
  assert.equal(replaceTable(written, table), written);
  assert.throws(() => replaceTable("no markers", table), TypeError);
});
