/** From a template's text to tokens, as Go's `text/template/parse` cuts them, trim markers applied. */

import { isPrintable, quoteText } from "./go_quote.ts";

/** What a token is. Keywords are tokens of their own kind. */
export type TokenKind =
  | "error"
  | "eof"
  | "text"
  | "left"
  | "right"
  | "space"
  | "assign"
  | "declare"
  | "pipe"
  | "("
  | ")"
  | "char"
  | "bool"
  | "number"
  | "complex"
  | "character"
  | "string"
  | "raw"
  | "field"
  | "variable"
  | "identifier"
  | Keyword;

const KEYWORDS = [
  ...["block", "break", "continue", "define", "else", "end", "if", "range", "nil", "template"],
  ...["with", "."],
] as const;

/** Words with a meaning of their own, and the dot. */
export type Keyword = (typeof KEYWORDS)[number];

/** A token. */
export interface Token {
  /** What it is. */
  readonly kind: TokenKind;
  /** Where it begins, in UTF-16 units. */
  readonly pos: number;
  /** Its text; of an error, what is wrong. */
  readonly text: string;
  /** The line on which it begins, from 1. */
  readonly line: number;
}

/** A token as Go's errors show it. */
export function tokenText(token: Token): string {
  if (token.kind === "eof") return "EOF";
  if ((KEYWORDS as readonly string[]).includes(token.kind)) return `<${token.text}>`;
  const octets = new TextEncoder().encode(token.text).length;
  if (octets <= 10) return quoteText(token.text);
  return `${quoteText([...token.text].slice(0, 10).join(""))}...`;
}

const LETTER_REGEXP = /[\p{L}\p{Nd}_]/u;
const WORD_REGEXP = /[\p{L}\p{Nd}_]*/uy;
const SPACES_REGEXP = /[ \t\r\n]*/y;
const END_SPACES_REGEXP = /[ \t\r\n]$/;
const PRINTABLE_ASCII_REGEXP = /^[ -~]$/;

interface Lexer {
  readonly text: string;
  readonly tokens: Token[];
  pos: number;
  /** Newlines were counted up to here. */
  counted: number;
  line: number;
  parens: number;
  /** False where `break` and `continue` are names of functions. */
  readonly isLoopWord: (word: string) => boolean;
}

/** The tokens of a text; the last one is `eof` or an error. */
export function tokensOf(text: string, isFunction: (name: string) => boolean): readonly Token[] {
  const lexer: Lexer = {
    ...{ text, tokens: [], pos: 0, counted: 0, line: 1, parens: 0 },
    isLoopWord: (word) => !isFunction(word),
  };
  while (lexText(lexer) && lexAction(lexer));
  return lexer.tokens;
}

function lineAt(lexer: Lexer, pos: number): number {
  for (; lexer.counted < pos; lexer.counted++) {
    if (lexer.text.charCodeAt(lexer.counted) === 10) lexer.line++;
  }
  return lexer.line;
}

/** Adds the token from `from` to `to` and goes on there. */
function emit(lexer: Lexer, kind: TokenKind, from: number, to: number): true {
  const line = lineAt(lexer, from);
  lexer.tokens.push({ kind, pos: from, text: lexer.text.slice(from, to), line });
  lexer.pos = to;
  return true;
}

/** Adds an error; nothing comes after it. */
function refuse(lexer: Lexer, from: number, text: string): false {
  lexer.tokens.push({ kind: "error", pos: from, text, line: lineAt(lexer, from) });
  return false;
}

function isSpace(character: string | undefined): boolean {
  return character === " " || character === "\t" || character === "\r" || character === "\n";
}

/** Text up to the next action, and its left delimiter; comments are skipped. False at the end. */
function lexText(lexer: Lexer): boolean {
  const { text } = lexer;
  for (;;) {
    const from = lexer.pos;
    const open = text.indexOf("{{", from);
    if (open < 0) {
      if (from < text.length) emit(lexer, "text", from, text.length);
      emit(lexer, "eof", text.length, text.length);
      return false;
    }
    const trims = text[open + 2] === "-" && isSpace(text[open + 3]);
    let end = open;
    while (trims && end > from && END_SPACES_REGEXP.test(text[end - 1] ?? "")) end--;
    if (end > from) emit(lexer, "text", from, end);
    const inside = open + 2 + (trims ? 2 : 0);
    if (!text.startsWith("/*", inside)) {
      emit(lexer, "left", open, open + 2);
      lexer.pos = inside;
      lexer.parens = 0;
      return true;
    }
    if (!skipComment(lexer, inside)) return false;
  }
}

function skipComment(lexer: Lexer, from: number): boolean {
  const close = lexer.text.indexOf("*/", from + 2);
  if (close < 0) return refuse(lexer, from, "unclosed comment");
  const right = rightDelimiter(lexer, close + 2);
  if (right === undefined) return refuse(lexer, from, "comment ends before closing delimiter");
  lexer.pos = right.after;
  return true;
}

/** The right delimiter at `at`: where it begins, and where text goes on; undefined when there is none. */
function rightDelimiter(
  { text }: Lexer,
  at: number,
): { readonly begin: number; readonly after: number } | undefined {
  if (isSpace(text[at]) && text.startsWith("-}}", at + 1)) {
    SPACES_REGEXP.lastIndex = at + 4;
    SPACES_REGEXP.test(text);
    return { begin: at + 2, after: SPACES_REGEXP.lastIndex };
  }
  return text.startsWith("}}", at) ? { begin: at, after: at + 2 } : undefined;
}

/** The tokens of an action, up to and with its right delimiter. False after an error. */
function lexAction(lexer: Lexer): boolean {
  for (;;) {
    const right = rightDelimiter(lexer, lexer.pos);
    if (right !== undefined) {
      if (lexer.parens > 0) return refuse(lexer, lexer.pos, "unclosed left paren");
      emit(lexer, "right", right.begin, right.begin + 2);
      lexer.pos = right.after;
      return true;
    }
    if (!lexInside(lexer)) return false;
  }
}

/** One token inside an action. */
function lexInside(lexer: Lexer): boolean {
  const { text, pos } = lexer;
  const first = text[pos];
  if (first === undefined) return refuse(lexer, pos, "unclosed action");
  if (isSpace(first)) return lexSpace(lexer);
  switch (first) {
    case "=":
      return emit(lexer, "assign", pos, pos + 1);
    case ":":
      if (text[pos + 1] !== "=") return refuse(lexer, pos, "expected :=");
      return emit(lexer, "declare", pos, pos + 2);
    case "|":
      return emit(lexer, "pipe", pos, pos + 1);
    case '"':
      return lexQuoted(lexer, '"', "string", "unterminated quoted string");
    case "'":
      return lexQuoted(lexer, "'", "character", "unterminated character constant");
    case "`":
      return lexRaw(lexer);
    case "(":
      lexer.parens++;
      return emit(lexer, "(", pos, pos + 1);
    case ")":
      lexer.parens--;
      if (lexer.parens < 0) return refuse(lexer, pos, "unexpected right paren");
      return emit(lexer, ")", pos, pos + 1);
    default:
      return lexWord(lexer, first);
  }
}

/** Spaces; the last one belongs to the delimiter when it is trimmed: ` -}}`. */
function lexSpace(lexer: Lexer): boolean {
  SPACES_REGEXP.lastIndex = lexer.pos;
  SPACES_REGEXP.test(lexer.text);
  const end = SPACES_REGEXP.lastIndex;
  const isTrimmed = lexer.text.startsWith("-}}", end);
  if (isTrimmed && end - lexer.pos === 1) return true;
  return emit(lexer, "space", lexer.pos, isTrimmed ? end - 1 : end);
}

/** Field, variable, number, identifier or a lone character. */
function lexWord(lexer: Lexer, first: string): boolean {
  const { text, pos } = lexer;
  if (first === "$") return lexName(lexer, "variable", "variable");
  if (first === "." && pos + 1 < text.length && !/[0-9]/.test(text[pos + 1] ?? "")) {
    return lexName(lexer, "field", ".");
  }
  if (/[.+\-0-9]/.test(first)) return lexNumber(lexer);
  const character = String.fromCodePoint(text.codePointAt(pos) ?? 0);
  if (LETTER_REGEXP.test(character)) return lexIdentifier(lexer);
  if (PRINTABLE_ASCII_REGEXP.test(first)) return emit(lexer, "char", pos, pos + 1);
  return refuse(lexer, pos, `unrecognized character in action: ${unicodeName(character)}`);
}

/** `U+0021 '!'`. */
function unicodeName(character: string): string {
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase().padStart(4, "0");
  return `U+${code}${isPrintable(character) ? ` '${character}'` : ""}`;
}

/** Where the letters and digits from `from` end. */
function wordEnd(lexer: Lexer, from: number): number {
  WORD_REGEXP.lastIndex = from;
  WORD_REGEXP.test(lexer.text);
  return WORD_REGEXP.lastIndex;
}

/** True where a name may end. */
function isTerminator({ text }: Lexer, at: number): boolean {
  const next = text[at];
  return next === undefined || isSpace(next) || ".,|:)(".includes(next) ||
    text.startsWith("}}", at);
}

function badCharacter(lexer: Lexer, at: number): false {
  const character = String.fromCodePoint(lexer.text.codePointAt(at) ?? 0);
  return refuse(lexer, lexer.pos, `bad character ${unicodeName(character)}`);
}

/** A name after its `.` or `$`; alone it is `lone`. */
function lexName(lexer: Lexer, kind: TokenKind, lone: TokenKind): boolean {
  const { pos } = lexer;
  if (isTerminator(lexer, pos + 1)) return emit(lexer, lone, pos, pos + 1);
  const end = wordEnd(lexer, pos + 1);
  if (!isTerminator(lexer, end)) return badCharacter(lexer, end);
  return emit(lexer, kind, pos, end);
}

function lexIdentifier(lexer: Lexer): boolean {
  const { text, pos } = lexer;
  const end = wordEnd(lexer, pos);
  if (!isTerminator(lexer, end)) return badCharacter(lexer, end);
  const word = text.slice(pos, end);
  if (word === "true" || word === "false") return emit(lexer, "bool", pos, end);
  const keyword = KEYWORDS.find((one) => one === word);
  const isLoop = word === "break" || word === "continue";
  const isName = keyword === undefined || isLoop && !lexer.isLoopWord(word);
  return emit(lexer, isName ? "identifier" : keyword, pos, end);
}

/** A quoted text or character on one line. */
function lexQuoted(lexer: Lexer, mark: string, kind: TokenKind, wrong: string): boolean {
  const { text, pos } = lexer;
  for (let at = pos + 1;; at++) {
    const next = text[at];
    if (next === mark) return emit(lexer, kind, pos, at + 1);
    const escaped = next === "\\" ? text[++at] : next;
    if (escaped === undefined || escaped === "\n") return refuse(lexer, pos, wrong);
  }
}

function lexRaw(lexer: Lexer): boolean {
  const end = lexer.text.indexOf("`", lexer.pos + 1);
  if (end < 0) return refuse(lexer, lexer.pos, "unterminated raw quoted string");
  return emit(lexer, "raw", lexer.pos, end + 1);
}

const NUMBER_REGEXP = new RegExp(
  "[+-]?(?:0[xX][0-9a-fA-F_]*(?:\\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?" +
    "|0[oO][0-7_]*(?:\\.[0-7_]*)?|0[bB][01_]*(?:\\.[01_]*)?" +
    "|[0-9_]*(?:\\.[0-9_]*)?(?:[eE][+-]?[0-9_]*)?)i?",
  "y",
);

/** Where the number from `from` ends; undefined when letters follow it. */
function numberEnd({ text }: Lexer, from: number): { readonly end: number; readonly ok: boolean } {
  NUMBER_REGEXP.lastIndex = from;
  NUMBER_REGEXP.test(text);
  const end = NUMBER_REGEXP.lastIndex;
  const next = text.codePointAt(end);
  const character = next === undefined ? "" : String.fromCodePoint(next);
  return LETTER_REGEXP.test(character)
    ? { end: end + character.length, ok: false }
    : { end, ok: true };
}

/** A number; one that is malformed inside is refused by the parser. */
function lexNumber(lexer: Lexer): boolean {
  const { text, pos } = lexer;
  const bad = (end: number) =>
    refuse(lexer, pos, `bad number syntax: ${quoteText(text.slice(pos, end))}`);
  const { end, ok } = numberEnd(lexer, pos);
  if (!ok) return bad(end);
  if (!/[+-]/.test(text[end] ?? "")) return emit(lexer, "number", pos, end);
  const imaginary = numberEnd(lexer, end);
  if (!imaginary.ok || text[imaginary.end - 1] !== "i") return bad(imaginary.end);
  return emit(lexer, "complex", pos, imaginary.end);
}
