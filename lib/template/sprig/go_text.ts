/** What Go's `strings` does where JavaScript's own differs: white space, case, cutting by octets. */
import { fault } from "../failure.ts";
import { octetLength, octetsOf, sliceOctets, textOfOctets } from "../utf8.ts";

const SPACE = "\\t\\n\\v\\f\\r \\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000";
const SPACE_REGEXP = new RegExp(`^[${SPACE}]$`);

/** True for white space of Unicode, as Go's `unicode.IsSpace`. */
export function isSpace(character: string): boolean {
  return SPACE_REGEXP.test(character);
}

/** Cuts white space off both ends. */
export function trimSpace(text: string): string {
  let [from, to] = [0, text.length];
  while (from < to && isSpace(text[from] ?? "")) from++;
  while (to > from && isSpace(text[to - 1] ?? "")) to--;
  return text.slice(from, to);
}

/** A character in upper case; one that would become several stays. */
export function upperCharacter(character: string): string {
  const upper = character.toUpperCase();
  return [...upper].length === 1 ? upper : character;
}

/** A character in lower case; one that would become several stays. */
export function lowerCharacter(character: string): string {
  if (character === "\u0130") return "i";
  const lower = character.toLowerCase();
  return [...lower].length === 1 ? lower : character;
}

const ASCII_REGEXP = /^\p{ASCII}*$/u;

/** A text in upper case, character by character. */
export function upperText(text: string): string {
  return ASCII_REGEXP.test(text) ? text.toUpperCase() : Array.from(text, upperCharacter).join("");
}

/** A text in lower case, character by character. */
export function lowerText(text: string): string {
  return ASCII_REGEXP.test(text) ? text.toLowerCase() : Array.from(text, lowerCharacter).join("");
}

/** `text[from:to]`, which Go counts in octets and refuses outside of the text. */
export function sliceText(text: string, from: number | undefined, to: number | undefined): string {
  const length = octetLength(text);
  const refuse = (what: string) => fault(`runtime error: slice bounds out of range ${what}`);
  if (to !== undefined && to > length) throw refuse(`[:${to}] with length ${length}`);
  if (to !== undefined && to < 0) throw refuse(`[:${to}]`);
  if (from !== undefined && from < 0) throw refuse(`[${from}:]`);
  const end = to ?? length;
  if (from !== undefined && from > end) throw refuse(`[${from}:${end}]`);
  return sliceOctets(text, from ?? 0, end);
}

/** Works on a text's octets, each a character, where Go's code does so. */
export function byOctets(text: string, work: (octets: string) => string): string {
  if (ASCII_REGEXP.test(text)) return work(text);
  const worked = work(octetCharacters(text));
  return textOfOctets(Uint8Array.from(worked, (character) => character.charCodeAt(0)));
}

/** A text with each octet as a character. */
export function octetCharacters(text: string): string {
  if (ASCII_REGEXP.test(text)) return text;
  return Array.from(octetsOf(text), (octet) => String.fromCharCode(octet)).join("");
}

/** `strings.SplitN`; a negative count asks for all. */
export function splitText(text: string, separator: string, count = -1): string[] {
  if (count === 0) return [];
  const parts = separator === "" ? [...text] : text.split(separator);
  if (count < 0 || parts.length <= count) return parts;
  return [...parts.slice(0, count - 1), parts.slice(count - 1).join(separator)];
}
