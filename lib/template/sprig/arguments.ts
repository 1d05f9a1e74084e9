/** What many of sprig's functions do with their arguments: count, list, turn into text. */
import { fault } from "../failure.ts";
import { formatValue } from "../go_format.ts";
import { GoInt, GoNil, kindOf, underlying } from "../go_values.ts";
import { MAX_MADE_CHARS, MAX_MADE_ITEMS } from "../limits.ts";

/** The number of an argument whose parameter is an integer. */
export function numberOf(value: unknown): number {
  return value instanceof GoInt ? Number(value.value) : 0;
}

/** The kind of a value as Go's reflection names it. */
export function kindName(value: unknown): string {
  const below = underlying(value);
  return below instanceof GoInt ? below.type : kindOf(value);
}

/** What Go says when a function looks into nil. */
export function nilDereference(): Error {
  return fault("runtime error: invalid memory address or nil pointer dereference");
}

/** The members of a list; `wrong` words the complaint about anything else. */
export function listOf(value: unknown, wrong: (kind: string) => string): readonly unknown[] {
  if (value === undefined || value === null) throw nilDereference();
  const below = underlying(value);
  if (Array.isArray(below)) return below;
  if (below instanceof GoNil && below.type.startsWith("[]")) return [];
  throw fault(wrong(kindName(value)));
}

/** A value as sprig turns it into text. */
export function textOf(value: unknown): string {
  return typeof value === "string" ? value : formatValue(value);
}

/** The texts of a list's members, without those that are nil; anything else is a list of itself. */
export function textsOf(value: unknown): string[] {
  if (value === undefined || value === null) return [];
  const below = underlying(value);
  if (below instanceof GoNil && below.type.startsWith("[]")) return [];
  if (!Array.isArray(below)) return [textOf(value)];
  return below.filter((member) => member !== null && member !== undefined).map(textOf);
}

/** Refuses a text that a function is about to make when it is too long. */
export function checkLength(characters: number): void {
  if (characters > MAX_MADE_CHARS) throw fault(`makes more than ${MAX_MADE_CHARS} characters`);
}

/** Refuses a list that a function is about to make when it is too long. */
export function checkItems(items: number): void {
  if (items > MAX_MADE_ITEMS) throw fault(`makes more than ${MAX_MADE_ITEMS} items`);
}

/** Texts joined, if not too long. */
export function joinTexts(texts: readonly string[], separator: string): string {
  let length = separator.length * texts.length;
  for (const text of texts) length += text.length;
  checkLength(length);
  return texts.join(separator);
}

/** True for what sprig calls empty: nil, false, zero and what has no members. */
export function isEmpty(value: unknown): boolean {
  const below = underlying(value);
  switch (typeof below) {
    case "boolean":
      return !below;
    case "string":
      return below === "";
    case "number":
      return below === 0;
    default:
      break;
  }
  if (below === undefined || below === null || below instanceof GoNil) return true;
  if (Array.isArray(below)) return below.length === 0;
  if (below instanceof GoInt) return below.value === 0n;
  return kindOf(below) === "map" && Object.keys(below).length === 0;
}
