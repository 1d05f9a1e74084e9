/** What a command sees of the world and of the other commands. */
import type { Clock } from "../base/mod.ts";
import type { Environment, OptionTable } from "../config/mod.ts";

/** What a command may use. */
export interface CommandHost {
  /** Time. */
  readonly clock: Clock;
  /** The environment. */
  readonly env: Environment;
  /** Writes lines to standard output. */
  print(...lines: readonly string[]): void;
  /** Writes lines to standard error. */
  warn(...lines: readonly string[]): void;
}

/** One verb. */
export interface Command {
  /** Words on the command line: `cert request`. */
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What may follow the name, for help. */
  readonly usage: string;
  /** More for help. */
  readonly text: string;
  /** Its options. */
  readonly options: OptionTable;
  /** Runs it; returns the exit code. @throws {SignetError} for whatever the user should read. */
  run(args: readonly string[], host: CommandHost): Promise<number>;
}
