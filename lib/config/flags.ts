/**
 * A command line against a list of options: tokens by `node:util`, the rule for unknown flags our own.
 *
 * istiod ignores flags that it does not know, so that manifests of other versions start; signet does so where `unknown` is `warn`, unless
 * the flag is within two edits of one that exists: that is a typing mistake, and ignoring it would hide it.
 */
import { parseArgs, type ParseArgsConfig } from "node:util";
import { quote } from "../base/mod.ts";
import { closestWord } from "./edit_distance.ts";
import type { Option } from "./option.ts";

/** Options by the name of their value. */
export type OptionTable = Readonly<Record<string, Option<unknown>>>;

/** What a command line said. */
export interface ParsedFlags {
  /** Text of each flag that was given, by the key of its option. */
  readonly texts: ReadonlyMap<string, string>;
  /** Arguments that are no flags. */
  readonly positionals: readonly string[];
  /** Unknown flags that were left out of account, each once. */
  readonly unknown: readonly string[];
  /** What is wrong, one sentence each. */
  readonly faults: readonly string[];
  /** True when `--help` or `-h` was given. */
  readonly help: boolean;
}

type ParseArgsOptions = NonNullable<ParseArgsConfig["options"]>;

/** Reads a command line. Nothing is thrown: faults are collected, so that all are told at once. */
export function parseFlags(
  args: readonly string[],
  table: OptionTable,
  { unknown }: { readonly unknown: "warn" | "fault" },
): ParsedFlags {
  const keys = keysByFlag(table);
  const { tokens } = parseArgs({
    args: [...args],
    options: parseArgsOptions(keys, table),
    strict: false,
    allowPositionals: true,
    tokens: true,
  });
  const reading = new Reading(table, keys, unknown);
  for (const token of tokens) {
    if (token.kind === "option") reading.flag(token.name, token.rawName, token.value);
    else if (token.kind === "positional") reading.positional(token.index, token.value, args);
  }
  return reading;
}

function keysByFlag(table: OptionTable): ReadonlyMap<string, string> {
  const entries = Object.entries(table).flatMap(([key, { flag, aliases = [], short }]) =>
    [flag, ...aliases, short].filter((name) => name !== undefined).map((name) =>
      [name, key] as const
    )
  );
  return new Map(entries);
}

function parseArgsOptions(keys: ReadonlyMap<string, string>, table: OptionTable): ParseArgsOptions {
  const options: ParseArgsOptions = { help: { type: "boolean", short: "h" } };
  for (const [name, key] of keys) {
    const option = table[key]!;
    if (name === option.short) continue;
    options[name] = {
      type: option.isSwitch ? "boolean" : "string",
      ...(name === option.flag && option.short !== undefined ? { short: option.short } : {}),
    };
  }
  return options;
}

class Reading implements ParsedFlags {
  readonly texts = new Map<string, string>();
  readonly positionals: string[] = [];
  readonly unknown: string[] = [];
  readonly faults: string[] = [];
  help = false;
  readonly #table: OptionTable;
  readonly #keys: ReadonlyMap<string, string>;
  readonly #rule: "warn" | "fault";

  constructor(table: OptionTable, keys: ReadonlyMap<string, string>, rule: "warn" | "fault") {
    this.#table = table;
    this.#keys = keys;
    this.#rule = rule;
  }

  flag(name: string, rawName: string, value: string | undefined): void {
    if (name === "help") {
      this.help = true;
      return;
    }
    const key = this.#keys.get(name);
    if (key === undefined) this.#unknownFlag(name, rawName);
    else this.#knownFlag(key, rawName, value);
  }

  /** A word after an unknown flag is taken for its value, as istiod does; any other is an argument. */
  positional(index: number, value: string, args: readonly string[]): void {
    const before = args[index - 1] ?? "";
    const flag = /^--([^=]+)$/.exec(before)?.[1];
    if (flag !== undefined && this.unknown.includes(`--${flag}`)) return;
    this.positionals.push(value);
  }

  #knownFlag(key: string, rawName: string, value: string | undefined): void {
    const option = this.#table[key]!;
    if (value === undefined && !option.isSwitch) {
      this.faults.push(`${rawName}: it needs a value`);
      return;
    }
    const text = value ?? "true";
    const before = option.isRepeatable ? this.texts.get(key) : undefined;
    this.texts.set(key, before === undefined ? text : `${before},${text}`);
  }

  #unknownFlag(name: string, rawName: string): void {
    const meant = name.length > 2 ? closestWord(name, this.#keys.keys()) : undefined;
    if (meant !== undefined) {
      this.faults.push(`unknown flag ${quote(rawName)}: did you mean --${meant}?`);
    } else if (this.#rule === "fault") {
      this.faults.push(`unknown flag ${quote(rawName)}: see --help`);
    } else if (!this.unknown.includes(rawName)) this.unknown.push(rawName);
  }
}
