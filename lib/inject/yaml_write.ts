/** YAML of a value for templates (`toYaml`): keys in order, lists at the column of their key, as Go's library writes it. */
import { type Draft, isDraft } from "./document.ts";
import { compareBytes } from "./go_json.ts";
import { resolvePlain } from "./yaml_scalar.ts";

/** Texts that need no quotes anywhere. */
const PLAIN_REGEXP = /^[A-Za-z0-9_/.][\w./:-]*$/;

/** The document's text, which ends in a line break. */
export function writeYaml(value: unknown): string {
  return isInline(value) ? `${inline(value)}\n` : `${linesOf(value).join("\n")}\n`;
}

function linesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.flatMap(itemLines) : mapLines(value as Draft);
}

function mapLines(map: Draft): readonly string[] {
  return Object.keys(map).sort(compareBytes).flatMap((name) => {
    const value = map[name];
    const key = `${inline(name)}:`;
    if (isInline(value)) return [`${key} ${inline(value)}`];
    const lines = linesOf(value);
    return [key, ...Array.isArray(value) ? lines : lines.map((line) => `  ${line}`)];
  });
}

function itemLines(item: unknown): readonly string[] {
  if (isInline(item)) return [`- ${inline(item)}`];
  const [first, ...others] = linesOf(item);
  return [`- ${first}`, ...others.map((line) => `  ${line}`)];
}

function isInline(value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0;
  return !isDraft(value) || Object.keys(value).length === 0;
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return "[]";
  if (isDraft(value)) return "{}";
  if (typeof value !== "string") return JSON.stringify(value ?? null);
  const isPlain = PLAIN_REGEXP.test(value) && !value.endsWith(":") && resolvePlain(value) === value;
  return isPlain ? value : JSON.stringify(value);
}
