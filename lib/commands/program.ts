/** From the arguments of the process to a command and its exit code. */
import { type Clock, systemClock } from "../base/mod.ts";
import { type Config, formatHelp, variableNames, VERSION, versionText } from "../config/mod.ts";
import { certRequestCommand } from "./cert_request.ts";
import { discoveryCommand } from "./discovery.ts";
import { describeFailure, EXIT, usageError } from "./errors.ts";
import { issueCommand } from "./issue.ts";
import type { Command, CommandHost } from "./port.ts";
import { requestCommand } from "./request.ts";
import type { RunningServer } from "./serving.ts";
import type { System } from "./system.ts";

/** What the program is made of besides its commands. */
export interface Program {
  /** Starts a server. */
  readonly start: (config: Config, system: System) => Promise<RunningServer>;
  /** The outside world of a server. */
  readonly system: System;
}

const versionCommand: Command = {
  name: "version",
  summary: "print the version",
  usage: "version",
  text: "Prints <version>-<git revision>-<status>.",
  options: {},
  async run(args, host) {
    if (args.length > 0) {
      throw usageError([`unexpected argument ${JSON.stringify(args[0])}`], "version");
    }
    host.print(versionText());
    return await Promise.resolve(EXIT.done);
  },
};

/** Runs the program; never throws. Returns the exit code. */
export async function runProgram(args: readonly string[], program: Program): Promise<number> {
  const host = realHost(systemClock());
  try {
    return await dispatch(args, host, [
      discoveryCommand(program),
      issueCommand,
      certRequestCommand,
      requestCommand,
      versionCommand,
    ]);
  } catch (thrown) {
    const { line, code } = describeFailure(thrown);
    host.warn(line);
    return code;
  }
}

/** The first words name the command; without any, or with flags at once, it is the server. */
async function dispatch(
  args: readonly string[],
  host: CommandHost,
  commands: readonly Command[],
): Promise<number> {
  const [first] = args;
  if (
    first === undefined || (first.startsWith("-") && !["--help", "-h", "--version"].includes(first))
  ) {
    return await commands[0]!.run(args, host);
  }
  if (first === "--version") return await versionCommand.run(args.slice(1), host);
  if (first === "--help" || first === "-h" || first === "help") {
    host.print(overview(commands));
    return EXIT.done;
  }
  const command = commands.find(({ name }) =>
    name.split(" ").every((word, at) => args[at] === word)
  );
  if (command === undefined) {
    throw usageError([
      `there is no such command; commands are ${commands.map(({ name }) => name).join(", ")}`,
    ], first);
  }
  const rest = args.slice(command.name.split(" ").length);
  if (rest.includes("--help") || rest.includes("-h")) {
    host.print(
      formatHelp({ usage: `signet ${command.usage}`, text: command.text, options: command.options })
        .trimEnd(),
    );
    return EXIT.done;
  }
  return await command.run(rest, host);
}

function overview(commands: readonly Command[]): string {
  const width = Math.max(...commands.map(({ name }) => name.length));
  return [
    `signet ${VERSION}: a workload certificate authority that speaks istiod's protocol`,
    "",
    "Usage: signet [COMMAND] [FLAGS]",
    "",
    ...commands.map(({ name, summary }) => `  ${name.padEnd(width)}  ${summary}`),
    "",
    "signet alone is signet discovery. Each command has --help.",
    "Exit codes: 0 done, 1 failed, 2 the command line or configuration is wrong.",
  ].join("\n");
}

function realHost(clock: Clock): CommandHost {
  const write = (target: { writeSync(bytes: Uint8Array): number }, lines: readonly string[]) => {
    let rest: Uint8Array = new TextEncoder().encode(lines.map((line) => `${line}\n`).join(""));
    while (rest.length > 0) rest = rest.subarray(target.writeSync(rest));
  };
  return {
    clock,
    env: readEnvironment(),
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
