/** Help texts and the README's table, from the table of options. */
import { documentedOptions } from "./discovery.ts";
import type { OptionTable } from "./flags.ts";
import type { Option } from "./option.ts";

/** A command as help shows it. */
export interface CommandHelp {
  /** The line after `Usage:`. */
  readonly usage: string;
  /** What it does, some lines. */
  readonly text: string;
  /** Its options. */
  readonly options: OptionTable;
  /** Lines that work, with what each does. Default: none. */
  readonly examples?: readonly { readonly what: string; readonly line: string }[];
}

/** The whole text of `--help`. */
export function formatHelp({ usage, text, options, examples = [] }: CommandHelp): string {
  const rows = Object.values(options);
  const flags = rows.filter((row) => row.flag !== undefined && hasEffect(row)).map(helpLines);
  const variables = rows.filter((row) => row.flag === undefined && hasEffect(row)).map(helpLines);
  const quiet = rows.filter((row) => !hasEffect(row)).map(displayName);
  return [
    `Usage: ${usage}`,
    `\n${text}`,
    examples.length > 0 ? `\nExamples:\n${examples.map(exampleLines).join("\n")}` : "",
    flags.length > 0 ? `\nFlags:\n${flags.join("\n")}` : "",
    variables.length > 0 ? `\nVariables:\n${variables.join("\n")}` : "",
    quiet.length > 0 ? `\nAccepted, without effect in this version:\n  ${wrap(quiet)}` : "",
  ].filter((part) => part !== "").join("\n") + "\n";
}

/** Every option of the server, for its help. */
export function discoveryOptions(): OptionTable {
  return Object.fromEntries(documentedOptions().map((option) => [displayName(option), option]));
}

function exampleLines({ what, line }: { readonly what: string; readonly line: string }): string {
  return `  ${line}\n      ${what}`;
}

function hasEffect(option: Option<unknown>): boolean {
  return (option.effect ?? "used") === "used";
}

function displayName({ flag, variable }: Option<unknown>): string {
  return flag === undefined ? variable! : `--${flag}`;
}

function helpLines(option: Option<unknown>): string {
  const short = option.short === undefined ? "" : `-${option.short}, `;
  const value = option.isSwitch ? "" : ` ${option.kind}`;
  const beside = option.flag !== undefined && option.variable !== undefined
    ? `; ${option.variable}`
    : "";
  const fallback = option.fallback === "" ? "" : `; default ${option.fallback}`;
  return `  ${short}${displayName(option)}${value}\n      ${option.help}${beside}${fallback}`;
}

const LINE_CHARS = 100;

function wrap(words: readonly string[]): string {
  let text = "";
  let column = 0;
  for (const word of words) {
    if (column > 0 && column + word.length + 1 > LINE_CHARS) {
      text += "\n  ";
      column = 0;
    }
    text += (column > 0 ? " " : "") + word;
    column += word.length + 1;
  }
  return text;
}

/** The README's table of options, in Markdown. */
export function optionsMarkdown(): string {
  const options = documentedOptions();
  const rows = options.filter(hasEffect).map(({ flag, short, variable, fallback, kind, help }) => {
    const flags = flag === undefined
      ? ""
      : `\`--${flag}\`${short === undefined ? "" : `, \`-${short}\``}`;
    return `| ${flags} | ${code(variable)} | ${code(fallback)} | ${cell(kind)} | ${cell(help)} |`;
  });
  const named = (effect: string) =>
    options.filter((option) => option.effect === effect).map((option) =>
      `\`${displayName(option)}\``
    ).join(", ");
  return [
    "| flag | variable | default | kind | what |",
    "| --- | --- | --- | --- | --- |",
    ...rows,
    "",
    `Accepted, checked, and without effect in this version (the start log says so): ${
      named("later")
    }.`,
    "",
    `Accepted for manifests of old istiods and never of effect: ${named("ignored")}.`,
  ].join("\n");
}

function code(text: string | undefined): string {
  return text === undefined || text === "" ? "" : `\`${text}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
