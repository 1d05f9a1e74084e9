/**
 * What commands print: lines for people, one JSON document for programs, both from the same values.
 *
 * Texts that come from files or from the network pass through {@linkcode safeText}, so that they cannot steer a terminal.
 */
import { choiceOption } from "../config/mod.ts";
import type { CommandHost } from "./port.ts";

/** `--output`. */
export const outputOption = choiceOption({
  flag: "output",
  fallback: "text",
  help: "text for people, json for programs",
}, ["text", "json"]);

/** How a result is printed. */
export type OutputFormat = "text" | "json";

/** A value of JSON. */
export type Json = string | number | boolean | null | readonly Json[] | {
  readonly [field: string]: Json;
};

/** A result in both forms. */
export interface Output {
  /** For programs. Field names are stable. */
  readonly document: Json;
  /** For people. */
  readonly lines: readonly string[];
}

/** Prints a result in the form that was asked for. */
export function printOutput(
  host: Pick<CommandHost, "print">,
  format: OutputFormat,
  { document, lines }: Output,
): void {
  if (format === "json") host.print(JSON.stringify(document, undefined, 2));
  else host.print(...lines);
}

/** One column of a table for people. */
export interface Column<Row> {
  /** Its heading. */
  readonly title: string;
  /** The text of a cell. */
  text(row: Row): string;
}

/** Rows under headings, columns aligned, two blanks between them. */
export function formatTable<Row>(
  rows: readonly Row[],
  columns: readonly Column<Row>[],
): readonly string[] {
  const cells = [
    columns.map(({ title }) => title),
    ...rows.map((row) => columns.map(({ text }) => safeText(text(row)))),
  ];
  const widths = columns.map((_, at) => Math.max(...cells.map((line) => line[at]!.length)));
  return cells.map((line) => line.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd());
}

/** A name with its values, one a line; an empty list leaves the name out. */
export type Field = readonly [name: string, ...values: readonly string[]];

/** Names and values, one a line, values aligned; further values of a name stand below the first. */
export function formatFields(
  fields: readonly Field[],
  options: { readonly indent?: number } = {},
): readonly string[] {
  const shown = fields.filter(([, ...values]) => values.length > 0);
  const width = Math.max(0, ...shown.map(([name]) => name.length));
  const margin = " ".repeat(options.indent ?? 0);
  return shown.flatMap(([name, ...values]) =>
    values.map((value, at) =>
      `${margin}${(at === 0 ? name : "").padEnd(width)}  ${safeText(value)}`.trimEnd()
    )
  );
}

/** Control characters, and those that turn the direction of a line. */
// deno-lint-ignore no-control-regex -- what must not reach a terminal as it is
const UNSAFE_REGEXP = /[\u0000-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;

/** The text with every character that a terminal would obey written as `?`. */
export function safeText(text: string): string {
  return text.replace(UNSAFE_REGEXP, "?");
}
