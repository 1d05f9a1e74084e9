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

/** How many arguments a command takes, and which options it cannot do without. */
export interface CommandRules {
  /** Fewest arguments. */
  readonly min: number;
  /** Most arguments. */
  readonly max: number;
  /** Keys of options that must not be empty. */
  readonly required: readonly string[];
}

/**
 * Reads a command line.
 *
 * @throws {SignetError} `commands.usage` with every fault.
 */
export function readCommandLine<T extends OptionTable>(
  command: Pick<Command, "name"> & { readonly options: T },
  args: readonly string[],
  { host, rules }: { readonly host: CommandHost; readonly rules: CommandRules },
): CommandLine<T> {
  const flags = parseFlags(args, command.options, { unknown: "fault" });
  const { values, faults: badValues, warnings } = resolveValues(command.options, flags, host.env);
  const faults = [...badValues];
  for (const key of rules.required) {
    const text = values.get(key)?.text ?? "";
    if (text === "" && !badValues.some((fault) => fault.startsWith(`--${key}`))) {
      faults.push(`--${key} is missing`);
    }
  }
  const { positionals } = flags;
  if (positionals.length < rules.min) faults.push("arguments are missing");
  if (positionals.length > rules.max) {
    faults.push(`unexpected argument ${JSON.stringify(positionals[rules.max])}`);
  }
  if (faults.length > 0) {
    throw usageError([...faults, `see signet ${command.name} --help`], command.name);
  }
  host.warn(...warnings);
  const entries = [...values].map(([key, { value }]) => [key, value] as const);
  return { values: Object.fromEntries(entries) as CommandLine<T>["values"], positionals };
}
