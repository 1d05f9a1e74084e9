/** What shells may offer, as plain rows from the table of commands. */
import type { Command, Operand } from "../port.ts";

/** What a flag or an operand takes: a file, one of some words, something else, or nothing (a switch). */
export type Value =
  | { readonly kind: "file" }
  | { readonly kind: "words"; readonly words: readonly string[] }
  | { readonly kind: "text" }
  | { readonly kind: "none" };

/** One flag of a command. */
export interface FlagRow {
  /** `--out`. */
  readonly flag: string;
  /** `-n`, where there is one. */
  readonly short: string | undefined;
  /** What it does, one line. */
  readonly help: string;
  /** What it takes. */
  readonly value: Value;
}

/** One command. */
export interface CommandRow {
  /** `cert request`. */
  readonly name: string;
  /** One line. */
  readonly summary: string;
  /** Its flags, `--help` last. */
  readonly flags: readonly FlagRow[];
  /** Its first operand; `undefined` when it takes none. */
  readonly operand: Value | undefined;
}

/** The rows of all commands; flags without effect are left out. */
export function completionRows(commands: readonly Command[]): readonly CommandRow[] {
  return commands.map(({ name, summary, options, operands = [] }) => ({
    name,
    summary,
    flags: [
      ...Object.values(options).flatMap(({ flag, short, help, kind, choices, isSwitch, effect }) =>
        flag === undefined || (effect ?? "used") !== "used" ? [] : [{
          flag: `--${flag}`,
          short: short === undefined ? undefined : `-${short}`,
          help,
          value: valueOf({ kind, choices, isSwitch }),
        }]
      ),
      { flag: "--help", short: "-h", help: "what the command does", value: { kind: "none" } },
    ],
    operand: operands[0] === undefined ? undefined : operandValue(operands[0]),
  }));
}

function valueOf(
  { kind, choices, isSwitch }: {
    readonly kind: string;
    readonly choices: readonly string[] | undefined;
    readonly isSwitch: boolean | undefined;
  },
): Value {
  if (isSwitch) return { kind: "none" };
  if (choices !== undefined) return { kind: "words", words: choices };
  return { kind: kind === "path" ? "file" : "text" };
}

function operandValue({ kind }: Operand): Value {
  return typeof kind === "string" ? { kind } : { kind: "words", words: kind };
}

/** First words of commands, each once, with the summary of the one that it is, or of those that begin so. */
export function firstWords(rows: readonly CommandRow[]): readonly (readonly [string, string])[] {
  const words = new Map<string, string>();
  for (const { name, summary } of rows) {
    const [first = "", second] = name.split(" ");
    const before = words.get(first);
    if (second === undefined) words.set(first, summary);
    else words.set(first, before === undefined ? second : `${before}, ${second}`);
  }
  return [...words];
}

/** Second words of the commands that begin with `first`. */
export function secondWords(
  rows: readonly CommandRow[],
  first: string,
): readonly (readonly [string, string])[] {
  return rows.flatMap(({ name, summary }) => {
    const [word, second] = name.split(" ");
    return word === first && second !== undefined ? [[second, summary] as const] : [];
  });
}

/** First words that need a second one. */
export function groupWords(rows: readonly CommandRow[]): readonly string[] {
  return [...new Set(rows.flatMap(({ name }) => name.includes(" ") ? [name.split(" ")[0]!] : []))];
}

/** For `sh`, `bash` and `zsh`: the text in single quotes. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}
