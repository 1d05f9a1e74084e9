/** From the arguments of the process to a command and its exit code. */
import { type Clock, systemClock } from "../base/mod.ts";
import { closestWord, variableNames } from "../config/mod.ts";
import { describeFailure, EXIT, usageError } from "./errors.ts";
import { formatCommandHelp, formatOverview } from "./help.ts";
import type { Command, CommandHost, Program } from "./port.ts";
import { COMMANDS } from "./table.ts";
import { versionCommand } from "./version.ts";

/** What others print their version for. */
const VERSION_FLAGS = ["--version", "-v", "-V"];

/** Runs the program; never throws. Returns the exit code. */
export async function runProgram(args: readonly string[], program: Program): Promise<number> {
  const host = realHost(systemClock(), program);
  try {
    return await dispatch(args, host);
  } catch (thrown) {
    const { line, code } = describeFailure(thrown);
    host.warn(line);
    return code;
  }
}

/** The first words name the command; without any, or with flags at once, it is the server. */
async function dispatch(args: readonly string[], host: CommandHost): Promise<number> {
  const [first] = args;
  if (first === "help" || (first !== undefined && isHelp(first))) {
    return printHelp(args.slice(1).filter((word) => !word.startsWith("-")), host);
  }
  if (first !== undefined && VERSION_FLAGS.includes(first)) {
    return await versionCommand.run(args.slice(1), host);
  }
  if (first === undefined || first.startsWith("-")) {
    return await runCommand(host.commands[0]!, args, host);
  }
  const command = findCommand(args, host.commands);
  if (command === undefined) {
    if (wantsHelp(args) && isPrefix(first, host.commands)) return printHelp([first], host);
    throw unknownCommand(args, host.commands);
  }
  return await runCommand(command, args.slice(command.name.split(" ").length), host);
}

async function runCommand(
  command: Command,
  args: readonly string[],
  host: CommandHost,
): Promise<number> {
  if (!wantsHelp(args)) return await command.run(args, host);
  host.print(formatCommandHelp(command));
  return EXIT.done;
}

/** `--help`, and as istiod's flags may be written: `--help=yes`. */
function isHelp(arg: string): boolean {
  return /^(--?help|-h)(=.*)?$/s.test(arg) && !/=(0|f|false)$/i.test(arg);
}

/** After `--` nothing is a flag. */
function wantsHelp(args: readonly string[]): boolean {
  const end = args.indexOf("--");
  return (end < 0 ? args : args.slice(0, end)).some(isHelp);
}

/** `signet help`, `signet help cert`, `signet help cert request`. */
function printHelp(words: readonly string[], host: CommandHost): number {
  const [first] = words;
  const command = findCommand(words, host.commands);
  if (command !== undefined) host.print(formatCommandHelp(command));
  else if (first === undefined) host.print(formatOverview(host.commands));
  else if (isPrefix(first, host.commands)) host.print(formatOverview(host.commands, `${first} `));
  else throw unknownCommand(words, host.commands);
  return EXIT.done;
}

function findCommand(
  words: readonly string[],
  commands: readonly Command[],
): Command | undefined {
  return commands.find(({ name }) => name.split(" ").every((word, at) => words[at] === word));
}

/** True for the first word of commands that have two: `cert`. */
function isPrefix(word: string, commands: readonly Command[]): boolean {
  return commands.some(({ name }) => name.startsWith(`${word} `));
}

function unknownCommand(args: readonly string[], commands: readonly Command[]): Error {
  const [first = "", second] = args;
  if (isPrefix(first, commands)) {
    const names = commands.map(({ name }) => name).filter((name) => name.startsWith(`${first} `));
    const typed = second === undefined || second.startsWith("-") ? first : `${first} ${second}`;
    return usageError([`${suggestion(typed, names)}commands are ${names.join(", ")}`], typed);
  }
  const names = commands.map(({ name }) => name);
  return usageError(
    [`there is no such command; ${suggestion(first, names)}commands are ${names.join(", ")}`],
    first,
  );
}

function suggestion(typed: string, names: readonly string[]): string {
  const meant = closestWord(typed, names);
  return meant === undefined ? "" : `did you mean ${meant}? `;
}

function realHost(clock: Clock, program: Program): CommandHost {
  const write = (target: { writeSync(bytes: Uint8Array): number }, lines: readonly string[]) => {
    let rest: Uint8Array = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    while (rest.length > 0) rest = rest.subarray(target.writeSync(rest));
  };
  return {
    clock,
    env: readEnvironment(),
    program,
    commands: COMMANDS,
    print: (...lines) => write(Deno.stdout, lines),
    warn: (...lines) => write(Deno.stderr, lines),
  };
}

function readEnvironment(): Readonly<Record<string, string>> {
  const entries = variableNames().map((name) => [name, Deno.env.get(name)] as const);
  return Object.fromEntries(
    entries.filter((entry): entry is [string, string] => entry[1] !== undefined),
  );
}
