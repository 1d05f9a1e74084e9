import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { choiceOption, textOption } from "signet/config/mod.ts";
import { readCommandLine } from "../../../lib/commands/arguments.ts";
import { describeFailure } from "../../../lib/commands/errors.ts";
import type { Operand } from "../../../lib/commands/port.ts";

const OPTIONS = {
  out: textOption({ flag: "out", fallback: "", help: "a folder" }),
  keyKind: choiceOption({ flag: "key-kind", fallback: "a", help: "a kind" }, ["a", "b"]),
};
const OPERANDS: readonly Operand[] = [
  { name: "FILE", kind: "file" },
  { name: "BODY", kind: "text", isOptional: true },
];
const host = { env: {}, warn: () => undefined };

function read(args: readonly string[]) {
  const command = { name: "try it", operands: OPERANDS };
  return readCommandLine(command, args, { host, options: OPTIONS, required: ["out"] });
}

Deno.test("readCommandLine() gives values by key and arguments in order", () => {
  const { values, positionals } = read(["--out", "x", "a.pem", "--key-kind=b", "body"]);
  assert.deepEqual(values, { out: "x", keyKind: "b" });
  assert.deepEqual(positionals, ["a.pem", "body"]);
});

Deno.test("readCommandLine() names every fault, and how to mend it, in one line with exit code 2", async (t) => {
  const table: readonly (readonly [string, readonly string[], readonly RegExp[]])[] = [
    ["nothing given", [], [/--out is missing/, /FILE is missing/]],
    ["too many arguments", ["--out", "x", "a", "b", "c"], [/unexpected argument "c"/]],
    ["misspelt flag", ["--uot", "x", "a"], [/unknown flag "--uot": did you mean --out\?/]],
    ["unknown flag", ["--frobnicate", "--out", "x", "a"], [/unknown flag "--frobnicate"/]],
    ["flag without value", ["a", "--out"], [/--out: it needs a value/]],
    ["bad choice", ["a", "--out", "x", "--key-kind", "c"], [/should be one of "a", "b"/]],
    ["line breaks in a value", ["a", "--out", "x", "--key-kind", "c\nd"], [/"c\\nd"/]],
  ];
  for (const [name, args, messages] of table) {
    await t.step(name, () => {
      assert.throws(() => read(args), (thrown) => {
        assert.ok(isSignetError(thrown, "commands.usage"), String(thrown));
        const { line, code } = describeFailure(thrown);
        assert.equal(code, 2);
        assert.doesNotMatch(line, /\n/);
        assert.match(line, /see signet try it --help$/);
        for (const message of messages) assert.match(line, message);
        return true;
      });
    });
  }
});
