import assert from "node:assert/strict";

import plugin, { importFault, MAY_IMPORT } from "../../../scripts/lint_plugin.ts";

const complaints = (filename: string, source: string) =>
  Deno.lint.runPlugin(plugin, filename, source).map(({ id }) => id);

const ROWS: Readonly<Record<string, readonly [string, string, RegExp | undefined]>> = {
  "its own file": ["/x/lib/ca/issue.ts", "./lint.ts", undefined],
  "a lower room by its door": ["/x/lib/ca/issue.ts", "../x509/mod.ts", undefined],
  "a lower room by the window": ["/x/lib/ca/issue.ts", "../x509/csr.ts", /entered by its mod\.ts/],
  "a room above": ["/x/lib/x509/csr.ts", "../ca/mod.ts", /x509 may not import ca/],
  "a sibling edge": ["/x/lib/grpc/listen.ts", "../webhook/mod.ts", /grpc may not import webhook/],
  "from a folder within": ["/x/lib/grpc/services/ca.ts", "../../ca/mod.ts", undefined],
  "generated code in grpc": ["/x/lib/grpc/services/ca.ts", "../../../proto/gen/a_pb.ts", undefined],
  "generated code elsewhere": ["/x/lib/ca/ca.ts", "../../proto/gen/a_pb.ts", /generated code/],
  "a test's helper": ["/x/lib/ca/ca.ts", "../../tests/support/a.ts", /not in lib/],
  "a room without a row": ["/x/lib/misc/a.ts", "../base/mod.ts", /not in the table/],
  "a package": ["/x/lib/ca/ca.ts", "@peculiar/x509", undefined],
};

Deno.test("importFault() holds the table of rooms", async (t) => {
  for (const [name, [file, specifier, expected]] of Object.entries(ROWS)) {
    await t.step(name, () => {
      const fault = importFault(file, specifier);
      if (expected === undefined) assert.equal(fault, undefined);
      else assert.match(fault ?? "", expected);
    });
  }
});

Deno.test("MAY_IMPORT has no cycles, and every room of lib has a row", () => {
  const ready = new Set<string>();
  for (const [room, below] of Object.entries(MAY_IMPORT)) {
    for (const other of below) {
      assert.ok(ready.has(other), `${room} imports ${other}, which stands later`);
    }
    ready.add(room);
  }
  const rooms = [...Deno.readDirSync(new URL("../../../lib", import.meta.url))].map(({ name }) =>
    name
  );
  assert.deepEqual(rooms.sort(), [...ready].sort());
});

Deno.test("the plugin reports what breaks its rules, and nothing else", () => {
  assert.deepEqual(complaints("/x/lib/x509/a.ts", 'export * from "../ca/mod.ts";'), [
    "signet/rooms",
  ]);
  assert.deepEqual(complaints("/x/lib/ca/a.ts", 'throw new Error("x");'), [
    "signet/errors-have-codes",
  ]);
  assert.deepEqual(complaints("/x/lib/http2/a.ts", "const at = Date.now();"), [
    "signet/pure-rooms",
  ]);
  assert.deepEqual(complaints("/x/lib/http2/a.ts", 'import "node:net";'), ["signet/pure-rooms"]);
  assert.deepEqual(complaints("/x/lib/store/a.ts", 'await Deno.readTextFile("x");'), []);
  assert.deepEqual(complaints("/x/tests/a.ts", 'throw new Error("x");'), []);
});
