/** A walk along a template's tokens, and the errors of its syntax. */
import { SignetError } from "../base/mod.ts";
import { type Token, type TokenKind, tokenText } from "./lexer.ts";

/** Where a parser stands among tokens. */
export class TokenCursor {
  /** The token that comes next. */
  at = 0;
  /** The line of the action's left delimiter, 0 outside. */
  actionLine = 0;
  readonly #name: string;
  readonly #tokens: readonly Token[];
  /** The last token that was looked at: errors name its line. */
  #furthest = 0;

  /** Begins at the first token of the template of that name. */
  constructor(name: string, tokens: readonly Token[]) {
    this.#name = name;
    this.#tokens = tokens;
  }

  #token(at: number): Token {
    this.#furthest = Math.max(this.#furthest, Math.min(at, this.#tokens.length - 1));
    return this.#tokens[at] ?? this.#tokens.at(-1) as Token;
  }

  /** The next token. */
  peek(): Token {
    return this.#token(this.at);
  }

  /** Takes the next token. */
  next(): Token {
    return this.#token(this.at++);
  }

  /** Takes the next token that is no space. */
  nextNonSpace(): Token {
    for (;;) {
      const token = this.next();
      if (token.kind !== "space") return token;
    }
  }

  /** The next token that is no space; spaces before it are taken. */
  peekNonSpace(): Token {
    const token = this.nextNonSpace();
    this.at--;
    return token;
  }

  /** Ends the parsing. */
  fail(what: string): never {
    const line = this.#tokens[this.#furthest]?.line ?? 1;
    throw badSyntax(`template: ${this.#name}:${line}: ${what}`, this.#name, line);
  }

  /** Ends the parsing at a token that may not stand there. */
  unexpected(token: Token, context: string): never {
    if (token.kind !== "error") this.fail(`unexpected ${tokenText(token)} in ${context}`);
    const started = this.actionLine;
    if (started === 0 || started === token.line) this.fail(token.text);
    const where = token.text.endsWith(" action") ? "started at" : "in action started at";
    this.fail(`${token.text} ${where} ${this.#name}:${started}`);
  }

  /** Takes the next token that is no space, if it is of one of the kinds. */
  expect(kinds: readonly TokenKind[], context: string): Token {
    const token = this.nextNonSpace();
    return kinds.includes(token.kind) ? token : this.unexpected(token, context);
  }
}

/** Words are Go's, which begin in lower case. */
function badSyntax(words: string, template: string, line: number): SignetError {
  return new SignetError("template.bad_syntax", words, { fields: { template, line } });
}
