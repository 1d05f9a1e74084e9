import assert from "node:assert/strict";
import { mayWrite, parentOf } from "../../../lib/commands/check/file.ts";

Deno.test("mayWrite says no only when the mode says so for the owner or for everybody else", () => {
  const rows: readonly (readonly [mode: number, uid: number, user: number, may: boolean])[] = [
    [0o755, 7, 7, true],
    [0o555, 7, 7, false],
    [0o577, 7, 7, false],
    [0o755, 0, 7, false],
    [0o775, 0, 7, true],
    [0o757, 0, 7, true],
    [0o000, 7, 0, true],
  ];
  for (const [mode, uid, user, may] of rows) {
    assert.equal(mayWrite({ mode, uid }, user), may, `${mode.toString(8)} of ${uid} for ${user}`);
  }
});

Deno.test("parentOf goes up to . and /", () => {
  const rows = { "a/b": "a", "./a/b/": "./a", "a": ".", "/a": "/", "/a/b": "/a", "/": "/" };
  for (const [path, parent] of Object.entries(rows)) assert.equal(parentOf(path), parent, path);
});
