/** Texts and characters in Go's quotes, as `strconv` writes them. */

const PRINTABLE_REGEXP = /^[\p{L}\p{M}\p{N}\p{P}\p{S} ]$/u;
/** Texts that need no escapes: the rule rather than the exception. */
const PLAIN_REGEXP = /^[ !#-[\]-~]*$/;
const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/** True for a character that Go prints as it is. */
export function isPrintable(character: string): boolean {
  return PRINTABLE_REGEXP.test(character);
}

function escapeCharacter(character: string, mark: string, onlyAscii: boolean): string {
  if (character === mark || character === "\\") return `\\${character}`;
  const code = character.codePointAt(0) ?? 0;
  if (code < 0x7f ? code >= 0x20 : !onlyAscii && isPrintable(character)) return character;
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) return short;
  const hex = code.toString(16);
  if (code < 0x20 || code === 0x7f) return `\\x${hex.padStart(2, "0")}`;
  // A lone surrogate is no character.
  if (code >= 0xd800 && code < 0xe000) return onlyAscii ? "\\ufffd" : "\ufffd";
  return code < 0x10000 ? `\\u${hex.padStart(4, "0")}` : `\\U${hex.padStart(8, "0")}`;
}

/** A text in double quotes. */
export function quoteText(text: string, onlyAscii = false): string {
  if (PLAIN_REGEXP.test(text)) return `"${text}"`;
  let quoted = '"';
  for (const character of text) quoted += escapeCharacter(character, '"', onlyAscii);
  return `${quoted}"`;
}

/** A character in single quotes. */
export function quoteCharacter(character: string, onlyAscii = false): string {
  return `'${escapeCharacter(character, "'", onlyAscii)}'`;
}
