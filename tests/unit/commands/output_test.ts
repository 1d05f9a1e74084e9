import assert from "node:assert/strict";
import { formatFields, formatTable, printOutput, safeText } from "../../../lib/commands/output.ts";

Deno.test("formatTable() aligns columns and leaves no blanks at the ends of lines", () => {
  const rows = [{ name: "a", count: 10 }, { name: "longer", count: 2 }];
  const lines = formatTable(rows, [
    { title: "NAME", text: ({ name }) => name },
    { title: "N", text: ({ count }) => String(count) },
  ]);
  assert.deepEqual(lines, ["NAME    N", "a       10", "longer  2"]);
});

Deno.test("formatFields() puts further values below the first and leaves empty names out", () => {
  const lines = formatFields([["one", "1"], ["none"], ["three", "3", "4"]], { indent: 2 });
  assert.deepEqual(lines, ["  one    1", "  three  3", "         4"]);
});

Deno.test("safeText() lets nothing pass that steers a terminal or turns a line around", () => {
  assert.equal(safeText("a\u001b[31mb\r\n\u009bc\u202ed\u2066e\u0007"), "a?[31mb???c?d?e?");
  assert.equal(safeText("Zürich 東京"), "Zürich 東京");
});

Deno.test("formatTable() and formatFields() pass foreign texts through safeText()", () => {
  const evil = "x\u001b]0;owned\u0007";
  const table = formatTable([evil], [{ title: "T", text: (row) => row }]);
  assert.ok(!table.join().includes("\u001b"));
  assert.ok(!formatFields([["name", evil]]).join().includes("\u001b"));
});

Deno.test("printOutput() prints one JSON document, or the lines", () => {
  const printed: string[] = [];
  const host = { print: (...lines: readonly string[]) => void printed.push(...lines) };
  const output = { document: { a: [1, null] }, lines: ["a: 1"] };
  printOutput(host, "json", output);
  assert.deepEqual(JSON.parse(printed.join("\n")), { a: [1, null] });
  printed.length = 0;
  printOutput(host, "text", output);
  assert.deepEqual(printed, ["a: 1"]);
});
