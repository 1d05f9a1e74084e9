/** Functions on texts. */
import { fault } from "../failure.ts";
import { formatValue } from "../go_format.ts";
import { quoteText } from "../go_quote.ts";
import { emptyMap, goTyped, type TemplateFunction, typeName } from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { octetLength, sliceOctets } from "../utf8.ts";
import { checkItems, checkLength, joinTexts, numberOf, textOf, textsOf } from "./arguments.ts";
import {
  isSpace,
  lowerCharacter,
  lowerText,
  octetCharacters,
  sliceText,
  splitText,
  trimSpace,
  upperCharacter,
  upperText,
} from "./go_text.ts";
import { abbreviate, swapCase, wrapText } from "./words.ts";

/** A function of texts alone. */
function ofTexts(params: string, made: (...texts: string[]) => unknown): TemplateFunction {
  return goFunction(params, (...args) => made(...args as string[]));
}

const one = (made: (text: string) => string) => ofTexts("string", made);
const two = (made: (a: string, b: string) => unknown) => ofTexts("string, string", made);

const trimAll = two((characters, text) => trimCharacters(text, characters));

/** By their names in templates. */
export const TEXT_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  hello: goFunction("", () => "Hello!"),
  trim: one(trimSpace),
  upper: one(upperText),
  lower: one(lowerText),
  title: one(titleText),
  untitle: one(untitle),
  nospace: one(withoutSpace),
  initials: one(initials),
  swapcase: one(swapCase),
  trimAll,
  trimall: trimAll,
  trimSuffix: two((end, text) =>
    text.endsWith(end) ? text.slice(0, text.length - end.length) : text
  ),
  trimPrefix: two((start, text) => text.startsWith(start) ? text.slice(start.length) : text),
  contains: two((part, text) => text.includes(part)),
  hasPrefix: two((start, text) => text.startsWith(start)),
  hasSuffix: two((end, text) => text.endsWith(end)),
  replace: ofTexts("string, string, string", replaceText),
  repeat: goFunction("int, string", (count, text) => repeat(text as string, numberOf(count))),
  substr: goFunction(
    "int, int, string",
    (from, to, text) => substring(numberOf(from), numberOf(to), text as string),
  ),
  trunc: goFunction("int, string", (length, text) => truncate(numberOf(length), text as string)),
  abbrev: goFunction(
    "int, string",
    (width, text) => numberOf(width) < 4 ? text : abbreviate(text as string, 0, numberOf(width)),
  ),
  abbrevboth: goFunction("int, int, string", (left, right, text) => {
    const [offset, width] = [numberOf(left), numberOf(right)];
    if (width < 4 || offset > 0 && width < 7) return text;
    return abbreviate(text as string, offset, width);
  }),
  wrap: goFunction(
    "int, string",
    (width, text) => wrapText(text as string, numberOf(width), "", false),
  ),
  wrapWith: goFunction(
    "int, string, string",
    (width, end, text) => wrapText(text as string, numberOf(width), end as string, true),
  ),
  quote: goFunction("...any", (...values) => quoted(values, (value) => quoteText(textOf(value)))),
  squote: goFunction("...any", (...values) => quoted(values, (value) => `'${formatValue(value)}'`)),
  cat: goFunction("...any", (...values) => joinTexts(present(values).map(formatValue), " ")),
  indent: goFunction("int, string", (spaces, text) => indent(numberOf(spaces), text as string)),
  nindent: goFunction(
    "int, string",
    (spaces, text) => `\n${indent(numberOf(spaces), text as string)}`,
  ),
  plural: goFunction(
    "string, string, int",
    (single, many, count) => numberOf(count) === 1 ? single : many,
  ),
  toString: goFunction("any", textOf),
  // A list of texts is given back as it is, nil too.
  toStrings: goFunction(
    "any",
    (value) => typeName(value) === "[]string" ? value : goTyped(textsOf(value), "[]string"),
  ),
  join: goFunction("string, any", (mark, value) => joinTexts(textsOf(value), mark as string)),
  split: two((mark, text) => numbered(splitText(text, mark))),
  splitn: goFunction(
    "string, int, string",
    (mark, count, text) => numbered(splitText(text as string, mark as string, numberOf(count))),
  ),
  splitList: two((mark, text) => goTyped(counted(splitText(text, mark)), "[]string")),
  fail: one((words) => {
    throw fault(words);
  }),
};

function counted(parts: string[]): string[] {
  checkItems(parts.length);
  return parts;
}

/** `_0`, `_1`, ... */
function numbered(parts: string[]): Record<string, unknown> {
  const map = emptyMap();
  counted(parts).forEach((part, at) => map[`_${at}`] = part);
  return goTyped(map, "map[string]string");
}

function present(values: readonly unknown[]): readonly unknown[] {
  return values.filter((value) => value !== null && value !== undefined);
}

function quoted(values: readonly unknown[], quote: (value: unknown) => string): string {
  return joinTexts(present(values).map(quote), " ");
}

function indent(spaces: number, text: string): string {
  const padding = repeat(" ", spaces);
  return padding + replaceText("\n", `\n${padding}`, text);
}

function repeat(text: string, count: number): string {
  if (count < 0) throw fault("strings: negative Repeat count");
  checkLength(text.length * count);
  return text.repeat(count);
}

function replaceText(old: string, by: string, text: string): string {
  const parts = old === "" ? ["", ...text, ""] : text.split(old);
  return joinTexts(old === "" && text === "" ? ["", ""] : parts, by);
}

/** Cuts characters of the set off both ends. */
function trimCharacters(text: string, set: string): string {
  const characters = [...text];
  const cut = new Set(set);
  const isCut = (at: number) => cut.has(characters[at] ?? "");
  let [from, to] = [0, characters.length];
  while (from < to && isCut(from)) from++;
  while (to > from && isCut(to - 1)) to--;
  return characters.slice(from, to).join("");
}

function truncate(length: number, text: string): string {
  const octets = octetLength(text);
  if (length < 0 && octets + length > 0) return sliceOctets(text, octets + length, octets);
  return length >= 0 && octets > length ? sliceOctets(text, 0, length) : text;
}

function substring(from: number, to: number, text: string): string {
  if (from < 0) return sliceText(text, undefined, to);
  if (to < 0 || to > octetLength(text)) return sliceText(text, from, undefined);
  return sliceText(text, from, to);
}

/** Capital letters where words begin; an apostrophe begins one, as in Go's `strings.Title`. */
function titleText(text: string): string {
  let before = " ";
  return Array.from(text, (character) => {
    const isStart = isWordBreak(before);
    before = character;
    return isStart ? upperCharacter(character) : character;
  }).join("");
}

function isWordBreak(character: string): boolean {
  if (character.charCodeAt(0) < 0x80) return !/[0-9A-Za-z_]/.test(character);
  return !/[\p{L}\p{Nd}]/u.test(character) && isSpace(character);
}

/** Small letters where words begin. */
function untitle(text: string): string {
  let isStart = true;
  return Array.from(text, (character) => {
    if (isSpace(character)) isStart = true;
    else if (isStart) {
      isStart = false;
      return lowerCharacter(character);
    }
    return character;
  }).join("");
}

/** Go's code takes each octet for a character here: a text beyond ASCII comes out spoilt when it had white space. */
function withoutSpace(text: string): string {
  const octets = octetCharacters(text);
  const kept = Array.from(octets).filter((octet) => !isSpace(octet)).join("");
  return kept.length === octets.length ? text : kept;
}

function initials(text: string): string {
  return Array.from(octetCharacters(text)).filter((octet, at, all) =>
    !isSpace(octet) && (at === 0 || isSpace(all[at - 1] ?? ""))
  ).join("");
}
