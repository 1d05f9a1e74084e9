/** `snakecase`, `kebabcase` and `camelcase`, by the words that the library behind sprig finds in a text. */
import type { TemplateFunction } from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { isSpace, lowerCharacter, lowerText, upperCharacter } from "./go_text.ts";

const UPPER_REGEXP = /\p{Lu}/u;
const LETTER_REGEXP = /\p{L}/u;
const HAN_REGEXP = /\p{Script=Han}/u;
const NUMBER_REGEXP = /\p{N}/u;
const PUNCTUATION_REGEXP = /\p{P}/u;

const isUpper = (character: string) => UPPER_REGEXP.test(character);
const isNumber = (character: string) => NUMBER_REGEXP.test(character);
const isConnector = (character: string) =>
  character === "-" || character === "_" || isSpace(character);
const isPunctuation = (character: string) => PUNCTUATION_REGEXP.test(character);
/** Letters of words; Han characters are none. */
const isAlphabet = (character: string) =>
  LETTER_REGEXP.test(character) && !HAN_REGEXP.test(character);
const isSmall = (character: string) => isAlphabet(character) && !isUpper(character);

type WordKind = "connector" | "punctuation" | "upper" | "letters" | "number" | "other";

interface Word {
  readonly kind: WordKind;
  readonly text: string;
}

/** By their names in templates. */
export const CASE_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  snakecase: goFunction("string", (text) => joinWords(text as string, "_")),
  kebabcase: goFunction("string", (text) => joinWords(text as string, "-")),
  camelcase: goFunction("string", (text) => pascalCase(text as string)),
};

/** How many characters from `at` on are alike. */
function runFrom(
  characters: readonly string[],
  at: number,
  isAlike: (character: string) => boolean,
): number {
  let end = at;
  while (end < characters.length && isAlike(characters[end] ?? "")) end++;
  return end;
}

function wordAt(characters: readonly string[], at: number): { kind: WordKind; end: number } {
  const first = characters[at] ?? "";
  if (isConnector(first)) {
    return { kind: "connector", end: runFrom(characters, at, isConnector) };
  }
  if (isPunctuation(first)) {
    return { kind: "punctuation", end: runFrom(characters, at, isPunctuation) };
  }
  if (isUpper(first)) {
    const capitals = runFrom(characters, at, isUpper);
    if (capitals === at + 1) return { kind: "upper", end: runFrom(characters, capitals, isSmall) };
    // The last capital of several begins the next word when small letters follow: HTTP, Status.
    const next = characters[capitals] ?? "";
    return { kind: "upper", end: isSmall(next) ? capitals - 1 : capitals };
  }
  if (isSmall(first)) return { kind: "letters", end: runFrom(characters, at, isSmall) };
  if (isNumber(first)) return { kind: "number", end: runFrom(characters, at, isNumber) };
  const isOther = (character: string) =>
    !(isConnector(character) || isAlphabet(character) || isNumber(character) ||
      isPunctuation(character));
  return { kind: "other", end: runFrom(characters, at, isOther) };
}

function wordsOf(text: string): readonly Word[] {
  const characters = [...text];
  const words: Word[] = [];
  for (let at = 0; at < characters.length;) {
    const { kind, end } = wordAt(characters, at);
    words.push({ kind, text: characters.slice(at, Math.max(end, at + 1)).join("") });
    at = Math.max(end, at + 1);
  }
  return words;
}

/** Words in small letters; numbers belong to the letters around them where the library has it so. */
function joinWords(text: string, connector: string): string {
  const words = wordsOf(text);
  let [joined, at] = ["", 0];
  const put = (word: Word) => joined += asWord(word, connector);
  const isBreak = (word: Word | undefined) =>
    word !== undefined && word.kind !== "punctuation" && word.kind !== "connector";
  /** Letters and numbers in a row are one word. */
  const takeRow = () => {
    for (; words[at]?.kind === "letters" || words[at]?.kind === "number"; at++) {
      put(words[at] as Word);
    }
    if (isBreak(words[at])) joined += connector;
  };
  while (at < words.length) {
    const word = words[at++] as Word;
    put(word);
    const next = words[at];
    if (next === undefined || word.kind === "connector" || word.kind === "punctuation") continue;
    if (word.kind === "number") takeRow();
    else if (next.kind !== "number") {
      if (isBreak(next)) joined += connector;
    } else if (at + 1 < words.length) {
      at++;
      const after = words[at];
      if (after?.kind === "letters") {
        joined += connector;
        put(next);
        takeRow();
      } else {
        put(next);
        if (isBreak(after)) joined += connector;
      }
    }
  }
  return joined;
}

function asWord({ kind, text }: Word, connector: string): string {
  if (kind === "connector") return connector.repeat([...text].length);
  return kind === "upper" ? lowerText(text) : text;
}

/** Words that connectors part, each with a capital; a word all in capitals keeps the first alone. */
function pascalCase(text: string): string {
  const characters = [...text];
  const start = runFrom(characters, 0, isConnector);
  let made = characters.slice(0, start).join("");
  // A text of connectors alone ends in one too many.
  if (start === characters.length) return made + (characters.at(-1) ?? "");
  let current = upperCharacter(characters[start] ?? "");
  let isCapitals = isUpper(characters[start] ?? "");
  for (const character of characters.slice(start + 1)) {
    const before = current;
    current = character;
    if (isConnector(current) && isConnector(before)) {
      made += before;
      continue;
    }
    if (isConnector(before)) {
      isCapitals = isUpper(current);
      current = upperCharacter(current);
      continue;
    }
    if (isCapitals) {
      if (isUpper(current)) current = lowerCharacter(current);
      else isCapitals = false;
    }
    made += before;
  }
  return made + current;
}
