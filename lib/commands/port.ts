/** What a command sees of the world and of the other commands. */
import type { Clock } from "../base/mod.ts";
import type { Config, Environment, OptionTable } from "../config/mod.ts";
import type { RunningServer } from "./serving.ts";
import type { System } from "./system.ts";

/** What the program is made of besides its commands. */
export interface Program {
  /** Starts a server. */
  readonly start: (config: Config, system: System) => Promise<RunningServer>;
  /** The outside world of a server. */
  readonly system: System;
}

/** What a command may use. */
export interface CommandHost {
  /** Time. */
  readonly clock: Clock;
  /** The environment. */
  readonly env: Environment;
  /** How a server is started. */
  readonly program: Program;
  /** Every command, for those that tell of the others. */
  readonly commands: readonly Command[];
  /** Writes lines to standard output. */
  print(...lines: readonly string[]): void;
  /** Writes lines to standard error. */
  warn(...lines: readonly string[]): void;
}

/** Groups of commands, in the order of help and of the manual, with their headings. */
export const COMMAND_GROUPS = {
  server: "The server",
  ca: "The certificate authority",
  certificates: "Certificates",
  tokens: "Join tokens",
  dns: "Names",
  tools: "Tools",
} as const;

/** Name of a group. */
export type CommandGroup = keyof typeof COMMAND_GROUPS;

/** A command line that works, for help and the manual. */
export interface Example {
  /** What it does, in a few words. */
  readonly what: string;
  /** The line as it is typed, `signet` included. */
  readonly line: string;
}

/** An argument that is no flag. */
export interface Operand {
  /** As help writes it: `FILE`. */
  readonly name: string;
  /** What a shell may offer for it: files, nothing, or one of these words. */
  readonly kind: "file" | "text" | readonly string[];
  /** True when the command works without it. */
  readonly isOptional?: boolean;
}

/** One verb. Everything but `run` is data: help, completion and the manual are made from it. */
export interface Command {
  /** Words on the command line: `cert request`. */
  readonly name: string;
  /** Where it stands in the list of commands. */
  readonly group: CommandGroup;
  /** One line for the list of commands. */
  readonly summary: string;
  /** The name and what may follow it, for help. */
  readonly usage: string;
  /** More for help. */
  readonly text: string;
  /** Its options. */
  readonly options: OptionTable;
  /** Those that are not the server's, when it takes the server's too: help lists these, and says where the others are. */
  readonly ownOptions?: OptionTable;
  /** Its arguments that are no flags, in order. Default: none. */
  readonly operands?: readonly Operand[];
  /** At least one line that works. */
  readonly examples: readonly Example[];
  /** Runs it; returns the exit code. @throws {SignetError} for whatever the user should read. */
  run(args: readonly string[], host: CommandHost): Promise<number>;
}
