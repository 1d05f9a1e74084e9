/** From texts to values: flag, then variable, then default, each through the option's own parser. */
import { quote, unreachable } from "../base/mod.ts";
import type { OptionTable, ParsedFlags } from "./flags.ts";
import { BadValue, type Option } from "./option.ts";

/** The environment that was handed in. */
export type Environment = Readonly<Record<string, string>>;

/** Where a text came from. */
export type Source = "flag" | "variable" | "default";

/** One option's value with its text. */
export interface ResolvedValue {
  /** The value. */
  readonly value: unknown;
  /** The text it was parsed from. */
  readonly text: string;
  /** Where the text came from. */
  readonly source: Source;
}

/** Every option's value, with what is wrong and what is worth a warning. */
export interface ResolvedValues {
  /** By the key of the option. */
  readonly values: ReadonlyMap<string, ResolvedValue>;
  /** One sentence each. */
  readonly faults: readonly string[];
  /** One sentence each. */
  readonly warnings: readonly string[];
}

/**
 * Resolves every option of a table.
 *
 * A bad flag is a fault. A bad value of one of istiod's variables is a warning and the default, as in istiod; of signet's own
 * (`SIGNET_...`) it is a fault.
 */
export function resolveValues(
  table: OptionTable,
  flags: ParsedFlags,
  env: Environment,
): ResolvedValues {
  const values = new Map<string, ResolvedValue>();
  const faults = [...flags.faults];
  const warnings: string[] = [];
  for (const [key, option] of Object.entries(table)) {
    const { text, source } = textOf(option, flags.texts.get(key), env);
    const parsed = tryParse(option, text, source);
    if (!("wrong" in parsed)) {
      values.set(key, { value: parsed.value, text, source });
      continue;
    }
    if (source === "default") {
      throw new TypeError(`The default of ${key} is wrong: ${parsed.wrong}`);
    }
    const sentence = `${nameOf(option, source)}: ${quote(text)} ${parsed.wrong}`;
    const isFault = source === "flag" || option.isStrict || option.variable!.startsWith("SIGNET_");
    if (isFault) faults.push(sentence);
    else warnings.push(`${sentence}; the default ${quote(option.fallback)} is used`);
    const value = tryParse(option, option.fallback, "default");
    values.set(key, {
      value: "value" in value ? value.value : undefined,
      text: option.fallback,
      source: "default",
    });
  }
  return { values, faults, warnings };
}

function textOf(
  option: Option<unknown>,
  flag: string | undefined,
  env: Environment,
): { readonly text: string; readonly source: Source } {
  if (flag !== undefined) return { text: flag, source: "flag" };
  const variable = option.variable === undefined ? undefined : env[option.variable];
  if (variable !== undefined) return { text: variable, source: "variable" };
  return { text: option.fallback, source: "default" };
}

/** An empty default of a switch means that the value depends on where signet runs: it stays undefined. */
function tryParse(
  option: Option<unknown>,
  text: string,
  source: Source,
): { readonly value: unknown } | { readonly wrong: string } {
  if (source === "default" && option.isSwitch && text === "") return { value: undefined };
  try {
    return { value: option.parse(text) };
  } catch (thrown) {
    if (thrown instanceof BadValue) return { wrong: thrown.message };
    throw thrown;
  }
}

/** How people know the option, by where its value came from. */
export function nameOf(option: Option<unknown>, source: Source): string {
  switch (source) {
    case "flag":
      return `--${option.flag}`;
    case "variable":
      return option.variable!;
    case "default":
      return option.flag === undefined ? option.variable! : `--${option.flag}`;
    default:
      return unreachable(source);
  }
}
