import assert from "node:assert/strict";
import { COMMANDS } from "signet/commands/mod.ts";
import { difference, documentedFields, pathsOf } from "../../support/output_page.ts";

Deno.test("docs/output.md has a section for every command that prints JSON, and for no other", async () => {
  const printing = COMMANDS.filter(({ options }) => "output" in options).map(({ name }) => name);
  assert.deepEqual([...(await documentedFields()).keys()].sort(), printing.sort());
});

Deno.test("docs/output.md names each field of a command once", async () => {
  for (const [command, fields] of await documentedFields()) {
    assert.ok(fields.length > 0, command);
    assert.deepEqual(fields.filter((field, at) => fields.indexOf(field) !== at), [], command);
  }
});

Deno.test("difference() tells of fields that the page lacks and of those that nobody prints", () => {
  const printed = new Set(pathsOf({ a: { b: [{ c: 1 }, { c: 2, d: null }] }, e: null, f: [] }));
  assert.deepEqual([...printed], ["a.b[].c", "a.b[].d", "e"]);
  assert.deepEqual(difference(printed, ["a.b[].c", "e.x", "f[]"]), {
    undocumented: ["a.b[].d"],
    unprinted: ["e.x", "f[]"],
  });
});
