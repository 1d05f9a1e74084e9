/** What one option is, and the kinds of values: each parses its own text, so that a default, a variable and a flag obey one rule. */
import { parseGoDuration, quote } from "../base/mod.ts";

/** Thrown by a parser: what the value should be. The caller knows the option's name. */
export class BadValue extends Error {
  /** Always `"BadValue"`. */
  override readonly name = "BadValue";
}

/** What an option does in this version. */
export type Effect =
  /** It is honoured. */
  | "used"
  /** istiod has it, and signet accepts it without effect so far. */
  | "later"
  /** An old istiod had it; it never will have an effect. */
  | "ignored";

/** How an option is written and what it means. */
export interface OptionSpec {
  /** The flag without its dashes. */
  readonly flag?: string;
  /** Other spellings of the flag. */
  readonly aliases?: readonly string[];
  /** One-letter flag. */
  readonly short?: string;
  /** The environment variable. */
  readonly variable?: string;
  /** The default, as it would be typed. */
  readonly fallback: string;
  /** One line for people. */
  readonly help: string;
  /** Default: `used`. */
  readonly effect?: Effect;
}

/** One option with the parser of its kind. */
export interface Option<T> extends OptionSpec {
  /** What kind of text it takes, as help shows it. */
  readonly kind: string;
  /** The words that it takes, when those are all. */
  readonly choices?: readonly string[];
  /** True when the flag needs no value. */
  readonly isSwitch?: boolean;
  /** True when a bad value of the variable is a fault, which of istiod's others it is not: the default would mean something else. */
  readonly isStrict?: boolean;
  /** True when the flag may be given several times; the texts are joined by commas. */
  readonly isRepeatable?: boolean;
  /** Text to value; throws {@linkcode BadValue}. */
  parse(text: string): T;
}

/** A text that is taken as it is. */
export function textOption(spec: OptionSpec): Option<string> {
  return { ...spec, kind: "text", parse: (text) => text };
}

/** A path. Relative ones are relative to the working directory. */
export function pathOption(spec: OptionSpec): Option<string> {
  return { ...spec, kind: "path", parse: (text) => text };
}

/** Texts with commas between them; blanks around each are cut and empty ones left out. */
export function listOption(spec: OptionSpec): Option<readonly string[]> {
  return { ...spec, kind: "list", isRepeatable: true, parse: splitList };
}

/** Splits at commas, without the blanks. */
export function splitList(text: string): readonly string[] {
  return text.split(",").map((part) => part.trim()).filter((part) => part !== "");
}

const TRUE = ["1", "t", "T", "TRUE", "true", "True"];
const FALSE = ["0", "f", "F", "FALSE", "false", "False"];

/** Go's spellings of a boolean. */
export function boolOption(spec: OptionSpec): Option<boolean> {
  return {
    ...spec,
    kind: "bool",
    isSwitch: true,
    parse(text) {
      if (TRUE.includes(text)) return true;
      if (FALSE.includes(text)) return false;
      throw new BadValue("should be true or false");
    },
  };
}

/** A whole number between two bounds, both included. */
export function intOption(
  spec: OptionSpec,
  { min, max }: { readonly min: number; readonly max: number },
): Option<number> {
  return {
    ...spec,
    kind: "number",
    parse(text) {
      const value = /^[+-]?\d{1,15}$/.test(text) ? Number(text) : NaN;
      if (value >= min && value <= max) return value;
      throw new BadValue(`should be a whole number from ${min} to ${max}`);
    },
  };
}

/** A number, with a fraction if need be, above 0 and up to a bound. */
export function rateOption(spec: OptionSpec, { max }: { readonly max: number }): Option<number> {
  return {
    ...spec,
    kind: "number",
    parse(text) {
      const value = /^\d{1,15}(\.\d{1,15})?$/.test(text) ? Number(text) : NaN;
      if (value > 0 && value <= max) return value;
      throw new BadValue(`should be a number above 0, at most ${max}`);
    },
  };
}

/** A duration in Go's notation, in milliseconds, between two bounds. */
export function durationOption(
  spec: OptionSpec,
  { minMs, maxMs = Infinity }: { readonly minMs: number; readonly maxMs?: number },
): Option<number> {
  return {
    ...spec,
    kind: "duration",
    parse(text) {
      const ms = parseGoDuration(text);
      if (ms === undefined) throw new BadValue("should be a duration such as 10s, 1h30m or 100ms");
      if (ms < minMs) throw new BadValue(`should be at least ${minMs} ms`);
      if (ms > maxMs) throw new BadValue(`should be at most ${maxMs} ms`);
      return ms;
    },
  };
}

/** A share from 0 to 1. */
export function ratioOption(spec: OptionSpec): Option<number> {
  return {
    ...spec,
    kind: "share",
    parse(text) {
      const value = /^\d{1,3}(\.\d{1,15})?$/.test(text) ? Number(text) : NaN;
      if (value >= 0 && value <= 1) return value;
      throw new BadValue("should be a share from 0 to 1");
    },
  };
}

/** One of a few words. */
export function choiceOption<const T extends string>(
  spec: OptionSpec,
  choices: readonly T[],
): Option<T> {
  return {
    ...spec,
    kind: choices.join("|"),
    choices,
    parse(text) {
      const found = choices.find((choice) => choice === text);
      if (found !== undefined) return found;
      throw new BadValue(`should be one of ${choices.map((choice) => quote(choice)).join(", ")}`);
    },
  };
}
