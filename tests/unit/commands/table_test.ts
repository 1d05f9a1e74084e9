import assert from "node:assert/strict";
import { COMMAND_GROUPS, COMMANDS } from "signet/commands/mod.ts";
import { formatCommandHelp, formatOverview } from "../../../lib/commands/help.ts";

Deno.test("COMMANDS holds every name once, each of one or two words", () => {
  const names = COMMANDS.map(({ name }) => name);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+( [a-z]+)?$/);
});

Deno.test("COMMANDS: no command's name hides the longer name of another", () => {
  for (const [at, { name }] of COMMANDS.entries()) {
    const before = COMMANDS.slice(0, at).find((other) => name.startsWith(`${other.name} `));
    assert.equal(before, undefined, `${before?.name} is found before ${name}`);
  }
});

Deno.test("COMMANDS: each has a summary, a usage that begins with its name, and an example of itself", async (t) => {
  for (const { name, summary, usage, text, examples, operands = [], options } of COMMANDS) {
    await t.step(name, () => {
      assert.match(summary, /^[^\n]{5,80}$/);
      assert.ok(usage.startsWith(name), usage);
      assert.notEqual(text, "");
      assert.ok(examples.length > 0);
      for (const { line, what } of examples) {
        assert.match(line, new RegExp(`(^|\\| |<\\()signet ${name}\\b`));
        assert.notEqual(what, "");
      }
      for (const operand of operands) assert.ok(usage.includes(operand.name), operand.name);
      for (const option of Object.values(options)) assert.notEqual(option.help, "");
    });
  }
});

Deno.test("COMMANDS: every flag of an example exists", () => {
  for (const { name, examples, options } of COMMANDS) {
    const flags = Object.values(options).flatMap(({ flag, aliases = [] }) => [flag, ...aliases]);
    for (const { line } of examples) {
      for (const [, flag] of line.matchAll(/ --([A-Za-z_-]+)/g)) {
        assert.ok(flags.includes(flag), `signet ${name}: --${flag} in ${line}`);
      }
    }
  }
});

Deno.test("formatOverview() lists every command under the heading of its group, and the exit codes", () => {
  const text = formatOverview(COMMANDS);
  for (const { name, summary } of COMMANDS) {
    assert.match(text, new RegExp(`^  ${name} +${summary.replaceAll(/[.*+?()]/g, "\\$&")}$`, "m"));
  }
  const used = new Set(COMMANDS.map(({ group }) => group));
  for (const group of used) assert.ok(text.includes(`\n${COMMAND_GROUPS[group]}:\n`), group);
  for (const code of ["0", "1", "2"]) assert.match(text, new RegExp(`^  ${code}  `, "m"));
});

Deno.test("formatOverview() of a first word lists its commands alone", () => {
  const text = formatOverview(COMMANDS, "cert ");
  assert.match(text, /^Usage: signet cert COMMAND/m);
  assert.match(text, /^ {2}cert request/m);
  assert.doesNotMatch(text, /^ {2}discovery/m);
});

Deno.test("formatCommandHelp() shows usage, examples and every flag that has an effect", () => {
  for (const command of COMMANDS) {
    const text = formatCommandHelp(command);
    assert.ok(text.startsWith(`Usage: signet ${command.usage}\n`));
    for (const { line } of command.examples) assert.ok(text.includes(line));
    for (const { flag } of Object.values(command.ownOptions ?? command.options)) {
      if (flag !== undefined) assert.match(text, new RegExp(`--${flag}\\b`));
    }
  }
});

Deno.test("formatCommandHelp() of a command that takes the server's flags says where those are", () => {
  const sharing = COMMANDS.filter(({ ownOptions }) => ownOptions !== undefined);
  assert.deepEqual(sharing.map(({ name }) => name).sort(), ["check", "explain"]);
  for (const command of sharing) {
    const text = formatCommandHelp(command);
    assert.match(text, /signet discovery --help lists them/);
    assert.doesNotMatch(text, /--secureGRPCAddr string|--keepaliveInterval/);
    assert.ok(text.split("\n").length < 40, "a page");
  }
});
