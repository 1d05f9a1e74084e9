/** Flow collections of YAML, which JSON is one form of: `{ a: "b", c: [d] }` over any number of lines. See `yaml_block.ts`. */
import { type Draft, emptyDraft, MAX_DEPTH } from "./document.ts";
import { resolvePlain } from "./yaml_scalar.ts";

/** Thrown, within these two files alone, at what is not read here. It is no error: the text is then read another way. */
export class Outside {}

/** True where a line, or a part of it, ends or a blank stands. */
export function isBlank(text: string, at: number, end: number): boolean {
  return at >= end || text.charCodeAt(at) === 0x20;
}

const PLAIN_END_REGEXP = /[,[\]{}\n\t]|: |:$|:\n|:,|:\}|:\]| #/g;
const FORBIDDEN_START = new Set([..."&*!%@`>|?#,]}:-"]);

/** Reads one collection from its bracket on. */
export class FlowReader {
  readonly #text: string;
  /** The place behind what was read. */
  at: number;

  /** Begins at a place. */
  constructor(text: string, at: number) {
    this.#text = text;
    this.at = at;
  }

  /** The value that begins here. */
  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Outside();
    const first = this.#text[this.at];
    if (first === "{") return this.#object(depth);
    if (first === "[") return this.#list(depth);
    if (first === '"' || first === "'") return this.#quoted(first);
    return resolvePlain(this.#plain());
  }

  #object(depth: number): Draft {
    const object = emptyDraft();
    this.at++;
    for (;;) {
      this.#skipBlanks();
      const first = this.#text[this.at];
      if (first === "}") {
        this.at++;
        return object;
      }
      const isQuoted = first === '"' || first === "'";
      const name = isQuoted ? this.#quoted(first) : this.#plain();
      if (!isQuoted && (name === "<<" || typeof resolvePlain(name) !== "string")) {
        throw new Outside();
      }
      this.#skipBlanks();
      if (this.#text[this.at] !== ":") throw new Outside();
      this.at++;
      this.#skipBlanks();
      const next = this.#text[this.at];
      object[name] = next === "," || next === "}" ? null : this.value(depth + 1);
      this.#separate("}");
    }
  }

  #list(depth: number): unknown[] {
    const items: unknown[] = [];
    this.at++;
    for (;;) {
      this.#skipBlanks();
      if (this.#text[this.at] === "]") {
        this.at++;
        return items;
      }
      items.push(this.value(depth + 1));
      this.#skipBlanks();
      if (this.#text[this.at] === ":") throw new Outside(); // a pair without braces
      this.#separate("]");
    }
  }

  #separate(close: string): void {
    this.#skipBlanks();
    const next = this.#text[this.at];
    if (next === ",") this.at++;
    else if (next !== close) throw new Outside();
  }

  #skipBlanks(): void {
    const text = this.#text;
    for (;; this.at++) {
      const code = text.charCodeAt(this.at);
      if (code === 0x20 || code === 0x0a) continue;
      if (code !== 0x23) return;
      const before = text[this.at - 1];
      if (before !== " " && before !== "\n") throw new Outside();
      const newline = text.indexOf("\n", this.at);
      if (newline < 0) throw new Outside();
      this.at = newline;
    }
  }

  #quoted(quote: string): string {
    const text = this.#text;
    const start = this.at + 1;
    let isEscaped = false;
    for (let at = start; at < text.length; at++) {
      const found = text[at];
      if (found === "\n") break;
      if (found === "\\" && quote === '"') {
        isEscaped = true;
        at++;
      } else if (found === quote) {
        if (quote === "'" && text[at + 1] === "'") {
          isEscaped = true;
          at++;
          continue;
        }
        this.at = at + 1;
        return unescaped(text.slice(start, at), quote, isEscaped);
      }
    }
    throw new Outside();
  }

  #plain(): string {
    const text = this.#text;
    if (FORBIDDEN_START.has(text[this.at] ?? ",")) {
      // A sign before a number is the only one of these that is usual.
      if (!/^-[0-9.]/.test(text.slice(this.at, this.at + 2))) throw new Outside();
    }
    PLAIN_END_REGEXP.lastIndex = this.at;
    const found = PLAIN_END_REGEXP.exec(text);
    if (found === null || found[0] === "\t" || found[0] === "[" || found[0] === "{") {
      throw new Outside();
    }
    const plain = text.slice(this.at, found.index).trimEnd();
    this.at = found.index;
    if (found[0] === "\n") {
      // It may go on in the next line; only a separator there says that it does not.
      this.#skipBlanks();
      if (!/^[,\]}]/.test(text.slice(this.at, this.at + 1))) throw new Outside();
    }
    return plain;
  }
}

function unescaped(body: string, quote: string, isEscaped: boolean): string {
  if (!isEscaped) return body;
  if (quote === "'") return body.replaceAll("''", "'");
  try {
    return JSON.parse(`"${body}"`);
  } catch {
    throw new Outside(); // an escape that JSON does not know
  }
}
