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

/** What breaks a rule, by the rule; `undefined` breaks none. */
const SOURCES: readonly (readonly [string, string, string | undefined])[] = [
  ["/x/lib/x509/a.ts", 'export * from "../ca/mod.ts";', "rooms"],
  ["/x/lib/x509/a.ts", 'await import("../ca/mod.ts");', "rooms"],
  ["/x/lib/ca/helpers.ts", "export const a = 1;", "names"],
  ["/x/lib/misc/a.ts", "export const a = 1;", "names"],
  ["/x/lib/ca/a.ts", "export default 1;", "names"],
  ["/x/lib/ca/a.ts", 'throw new Error("X");', "errors-have-codes"],
  ["/x/lib/ca/a.ts", 'throw Error("X");', "errors-have-codes"],
  ["/x/lib/ca/a.ts", "class A extends Error {}", "errors-have-codes"],
  ["/x/lib/base/errors.ts", "class SignetError extends Error {}", undefined],
  ["/x/tests/a.ts", 'throw new Error("x");', undefined],
  ["/x/lib/ca/a.ts", 'new SignetError("ca.not_ready", "cannot sign");', "message-form"],
  ["/x/lib/ca/a.ts", 'new SignetError("ca.not_ready", "Cannot sign.");', "message-form"],
  ["/x/lib/ca/a.ts", 'new SignetError("ca.not_ready", `Cannot sign ${a}.`);', "message-form"],
  ["/x/lib/ca/a.ts", 'new RangeError("bad");', "message-form"],
  ["/x/lib/ca/a.ts", 'new SignetError("ca.not_ready", "Cannot sign: no key");', undefined],
  ["/x/lib/ca/a.ts", 'new SignetError("ca.not_ready", `${a} is missing`);', undefined],
  ["/x/lib/ca/profile.ts", 'new SignetError("ca.ttl_error", "requested TTL");', undefined],
  ["/x/lib/http2/a.ts", "const at = Date.now();", "handed-in"],
  ["/x/lib/store/file.ts", "const at = performance.now();", "handed-in"],
  ["/x/lib/ca/a.ts", "const at = new Date();", "handed-in"],
  ["/x/lib/ca/a.ts", "crypto.getRandomValues(a);", "handed-in"],
  ["/x/lib/ca/a.ts", "const at = new Date(nowMs);", undefined],
  ["/x/lib/base/clock.ts", "const at = Date.now();", undefined],
  ["/x/lib/http2/file.ts", 'import "node:net";', "io-files"],
  ["/x/lib/http2/a.ts", "queueMicrotask(f);", "io-files"],
  ["/x/lib/grpc/a.ts", "queueMicrotask(f);", undefined],
  ["/x/lib/store/a.ts", 'await Deno.readTextFile("x");', "io-files"],
  ["/x/lib/store/a.ts", 'await fetch("x");', "io-files"],
  ["/x/lib/store/a.ts", "setTimeout(f, 1);", "io-files"],
  ["/x/lib/store/file.ts", 'await Deno.readTextFile("x");', undefined],
  ["/x/lib/store/a.ts", "throw new Deno.errors.NotFound();", undefined],
  ["/x/lib/store/a.ts", 'import type { Socket } from "node:net";', undefined],
  ["/x/lib/ca/a.ts", "\n".repeat(400) + "f();", "file-length"],
  ["/x/lib/ca/a.ts", "/** Long on purpose: a table. */" + "\n".repeat(400) + "f();", undefined],
  ["/x/tests/a.ts", "\n".repeat(400) + "f();", "file-length"],
  ["/x/lib/ca/a.ts", `function f() {${"\n".repeat(80)}}`, "function-length"],
  ["/x/lib/ca/a.ts", `const f = () => {${"\n".repeat(80)}};`, "function-length"],
  ["/x/lib/ca/a.ts", `/** Long on purpose: x */\nfunction f() {${"\n".repeat(80)}}`, undefined],
  ["/x/lib/ca/a.ts", `/** Does f. */\nfunction f() {${"\n".repeat(79)}}`, undefined],
];

Deno.test("the plugin reports what breaks its rules, and nothing else", async (t) => {
  for (const [file, source, rule] of SOURCES) {
    await t.step(`${file}: ${source.replaceAll("\n", "").slice(0, 60)}`, () => {
      assert.deepEqual(complaints(file, source), rule === undefined ? [] : [`signet/${rule}`]);
    });
  }
});
