/** Reading the command line of every command but the server's: nothing unknown is ignored. */
import { type OptionTable, parseFlags, resolveValues } from "../config/mod.ts";
import { usageError } from "./errors.ts";
import type { Command, CommandHost } from "./port.ts";

/** A command line that was understood. */
export interface CommandLine<T extends OptionTable> {
  /** Values by the key of the option. */
  readonly values: { readonly [K in keyof T]: ReturnType<T[K]["parse"]> };
  /** Arguments that are no flags. */
  readonly positionals: readonly string[];
}

/** What reading a command line needs beside the command. */
export interface CommandLineOptions<T extends OptionTable> {
  /** For the environment and for warnings. */
  readonly host: Pick<CommandHost, "env" | "warn">;
  /** The command's options once more, with the types of their values. */
  readonly options: T;
  /** Keys of options that must not be empty. Default: none. */
  readonly required?: readonly (keyof T & string)[];
}

/**
 * Reads a command line; the command's operands say how many arguments it takes.
 *
 * @throws {SignetError} `commands.usage` with every fault.
 */
export function readCommandLine<T extends OptionTable>(
  { name, operands = [] }: Pick<Command, "name" | "operands">,
  args: readonly string[],
  { host, options, required = [] }: CommandLineOptions<T>,
): CommandLine<T> {
  const flags = parseFlags(args, options, { unknown: "fault" });
  const { values, faults: badValues, warnings } = resolveValues(options, flags, host.env);
  const faults = [...badValues];
  for (const key of required) {
    const flag = `--${options[key]!.flag}`;
    const text = values.get(key)?.text ?? "";
    if (text === "" && !badValues.some((fault) => fault.startsWith(flag))) {
      faults.push(`${flag} is missing`);
    }
  }
  const { positionals } = flags;
  const missing = operands.slice(positionals.length).filter(({ isOptional }) => !isOptional);
  for (const operand of missing) faults.push(`${operand.name} is missing`);
  for (const extra of positionals.slice(operands.length, operands.length + 1)) {
    faults.push(`unexpected argument ${JSON.stringify(extra)}`);
  }
  if (faults.length > 0) throw usageError([...faults, `see signet ${name} --help`], name);
  host.warn(...warnings);
  const entries = [...values].map(([key, { value }]) => [key, value] as const);
  return { values: Object.fromEntries(entries) as CommandLine<T>["values"], positionals };
}
