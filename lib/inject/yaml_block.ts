/**
 * The YAML that templates render, in one pass: block mappings and sequences, literal blocks, flow collections, quoted and plain scalars of
 * one line, comments. Of anything else it says that it is outside, never what it might mean; `yaml.ts` then reads the text another way.
 *
 * Why it exists: a rendered sidecar has some 250 lines, on which the `yaml` package spends more than all the rest of an injection.
 */
import { type Draft, emptyDraft, MAX_DEPTH } from "./document.ts";
import { FlowReader, isBlank, Outside } from "./yaml_flow.ts";
import { resolvePlain } from "./yaml_scalar.ts";

/** Says that a text is not of the usual forms. */
export const OUTSIDE: unique symbol = Symbol("outside of the usual forms");

/** The value of a document, or {@linkcode OUTSIDE}. */
export function parseBlockYaml(text: string): unknown {
  try {
    return new BlockReader(text).document();
  } catch (thrown) {
    if (thrown instanceof Outside) return OUTSIDE;
    throw thrown;
  }
}

interface Line {
  /** Column of the first character that counts. */
  indent: number;
  /** Its place in the text. */
  start: number;
  /** The end of the line. */
  readonly end: number;
}

/** What may not begin a plain scalar or means more than is read here. */
const INDICATORS = new Set([..."&*!%@`>|?#,]}"]);
const MARKERS_REGEXP = /(?:^|\n)(?:---|\.\.\.|%)/;

class BlockReader {
  readonly #text: string;
  /** The line that is next; `undefined` at the end. */
  #line: Line | undefined;

  constructor(text: string) {
    this.#text = text;
    if (MARKERS_REGEXP.test(text) || text.includes("\r") || text.startsWith("\ufeff")) {
      throw new Outside();
    }
    this.#line = this.#nextLine(0);
  }

  document(): unknown {
    if (this.#line === undefined) return null;
    const value = this.#node(this.#line.indent, 0);
    if (this.#line !== undefined) throw new Outside();
    return value;
  }

  /** The next line that holds anything, from the beginning of a line on. */
  #nextLine(from: number): Line | undefined {
    const text = this.#text;
    for (let at = from; at < text.length;) {
      let start = at;
      while (text.charCodeAt(start) === 0x20) start++;
      const newline = text.indexOf("\n", start);
      const end = newline < 0 ? text.length : newline;
      if (start < end && text[start] !== "#") {
        // A tab does not indent, and what begins with one is rare.
        if (text[start] === "\t") throw new Outside();
        return { indent: start - at, start, end };
      }
      at = end + 1;
    }
    return undefined;
  }

  #skipLine(end: number): void {
    this.#line = this.#nextLine(end + 1);
  }

  /** A node that begins the current line, at `indent`. */
  #node(indent: number, depth: number): unknown {
    if (depth > MAX_DEPTH) throw new Outside();
    const line = this.#line!;
    if (this.#isItem(line)) return this.#sequence(indent, depth);
    if (this.#keyEnd(line.start, line.end) >= 0) return this.#mapping(indent, depth);
    return this.#value(line.start, line.end, indent - 1, depth);
  }

  #isItem({ start, end }: Line): boolean {
    if (this.#text[start] !== "-") return false;
    return start + 1 === end || this.#text[start + 1] === " ";
  }

  #sequence(indent: number, depth: number): unknown[] {
    const items: unknown[] = [];
    for (;;) {
      const line = this.#line;
      if (line === undefined || line.indent < indent) return items;
      if (line.indent > indent) throw new Outside();
      if (!this.#isItem(line)) return items;
      let start = line.start + 1;
      while (this.#text[start] === " ") start++;
      if (start >= line.end || this.#text[start] === "#") {
        this.#skipLine(line.end);
        const next: Line | undefined = this.#line;
        const isDeeper = next !== undefined && next.indent > indent;
        items.push(isDeeper ? this.#node(next.indent, depth + 1) : null);
        continue;
      }
      // What follows the dash stands as if it began a line there.
      line.indent += start - line.start;
      line.start = start;
      if (this.#isItem(line) || this.#keyEnd(start, line.end) >= 0) {
        items.push(this.#node(line.indent, depth + 1));
      } else items.push(this.#value(start, line.end, indent, depth + 1));
    }
  }

  #mapping(indent: number, depth: number): Draft {
    const object = emptyDraft();
    for (;;) {
      const line = this.#line;
      if (line === undefined || line.indent < indent) return object;
      if (line.indent > indent || this.#isItem(line)) throw new Outside();
      const colon = this.#keyEnd(line.start, line.end);
      if (colon < 0) throw new Outside();
      const name = this.#key(line.start, colon);
      let start = colon + 1;
      while (this.#text[start] === " ") start++;
      object[name] = start >= line.end || this.#text[start] === "#"
        ? this.#below(line, indent, depth)
        : this.#value(start, line.end, indent, depth + 1);
      // A sequence may stand at the column of its key, and then ends where the next key begins.
    }
  }

  /** What a key without a value on its line has: the lines below it that are deeper, or a sequence at its own column. */
  #below(line: Line, indent: number, depth: number): unknown {
    this.#skipLine(line.end);
    const next = this.#line;
    if (next === undefined) return null;
    if (next.indent > indent) return this.#node(next.indent, depth + 1);
    return next.indent === indent && this.#isItem(next) ? this.#sequence(indent, depth + 1) : null;
  }

  /** Where the colon of a key is; -1 when the line begins with none. */
  #keyEnd(start: number, end: number): number {
    const text = this.#text;
    const first = text[start]!;
    if (first === '"' || first === "'") {
      const close = closeOfQuote(text, start, end);
      return text[close + 1] === ":" && isBlank(text, close + 2, end) ? close + 1 : -1;
    }
    if (first === "[" || first === "{" || INDICATORS.has(first)) return -1;
    for (let at = start; at < end; at++) {
      const code = text.charCodeAt(at);
      if (code === 0x3a && isBlank(text, at + 1, end)) return at === start ? -1 : at;
      if (code === 0x20 && text.charCodeAt(at + 1) === 0x23) return -1; // a comment
      if (code === 0x09) throw new Outside(); // a tab
    }
    return -1;
  }

  #key(start: number, colon: number): string {
    const text = this.#text;
    if (text[start] === '"' || text[start] === "'") return unquote(text, start, colon - 1);
    const name = text.slice(start, colon).trimEnd();
    // Keys that are no texts, and `<<`, mean more.
    if (name === "<<" || typeof resolvePlain(name) !== "string") throw new Outside();
    return name;
  }

  /** A value that begins on a line: below a parent at `parentIndent`, it ends with the line, its block or its brackets. */
  #value(start: number, end: number, parentIndent: number, depth: number): unknown {
    const text = this.#text;
    const first = text[start]!;
    if (first === "|") return this.#literal(start, end, parentIndent);
    if (first === "[" || first === "{") {
      const flow = new FlowReader(text, start);
      const value = flow.value(depth);
      return this.#afterValue(flow.at, parentIndent, value);
    }
    if (first === '"' || first === "'") {
      const close = closeOfQuote(text, start, end);
      return this.#afterValue(close + 1, parentIndent, unquote(text, start, close));
    }
    const isMark = (first === "-" || first === ":") && isBlank(text, start + 1, end);
    if (INDICATORS.has(first) || isMark) throw new Outside();
    const plainEnd = endOfPlain(text, start, end);
    return this.#afterValue(plainEnd, parentIndent, resolvePlain(text.slice(start, plainEnd)));
  }

  /** Goes on behind a value: nothing but a comment may follow, and no deeper line. */
  #afterValue<T>(at: number, parentIndent: number, value: T): T {
    const text = this.#text;
    const newline = text.indexOf("\n", at);
    const end = newline < 0 ? text.length : newline;
    let rest = at;
    while (rest < end && (text[rest] === " " || text[rest] === "\t")) rest++;
    if (rest < end && (text[rest] !== "#" || rest === at)) throw new Outside();
    this.#skipLine(end);
    if (this.#line !== undefined && this.#line.indent > parentIndent) {
      // Only a line of a sequence at the key's column may come here, and that is not deeper.
      throw new Outside();
    }
    return value;
  }

  /** A literal block: `|`, `|-` or `|+`, at the column of its first line. */
  #literal(start: number, end: number, parentIndent: number): string {
    const text = this.#text;
    const header = text.slice(start, end).trimEnd();
    if (header !== "|" && header !== "|-" && header !== "|+") throw new Outside();
    const lines: string[] = [];
    let column = -1;
    let at = end + 1;
    while (at < text.length) {
      const newline = text.indexOf("\n", at);
      const lineEnd = newline < 0 ? text.length : newline;
      let first = at;
      while (text.charCodeAt(first) === 0x20) first++;
      if (first < lineEnd) {
        if (column < 0) {
          if (first - at <= parentIndent) break;
          column = first - at;
          if (lines.some((line) => line !== "")) throw new Outside();
        } else if (first - at < column) break;
        lines.push(text.slice(at + column, lineEnd));
      } else {lines.push(
          column < 0
            ? text.slice(at, lineEnd)
            : text.slice(Math.min(at + column, lineEnd), lineEnd),
        );}
      at = lineEnd + 1;
    }
    this.#line = this.#nextLine(at);
    if (column < 0) throw new Outside();
    return chomp(lines, header, text);
  }
}

/** The lines of a literal block, ended as its header asks for. */
function chomp(lines: string[], header: string, text: string): string {
  let last = lines.length;
  while (last > 0 && lines[last - 1] === "") last--;
  const body = lines.slice(0, last).join("\n");
  if (header === "|-") return body;
  // A text that ends in the block's last line has no line break to keep.
  if (last === lines.length && !text.endsWith("\n") && text.endsWith(lines[last - 1]!)) {
    throw new Outside();
  }
  return body + (header === "|" ? "\n" : "\n".repeat(lines.length - last + 1));
}

/** Where a quoted scalar of one line closes. */
function closeOfQuote(text: string, start: number, end: number): number {
  const quote = text[start]!;
  for (let at = start + 1; at < end; at++) {
    const found = text[at];
    if (found === "\\" && quote === '"') at++;
    else if (found === quote) {
      if (quote === '"' || text[at + 1] !== quote) return at;
      at++;
    }
  }
  throw new Outside();
}

/** A quoted scalar's text, from its first quote to its last. */
function unquote(text: string, start: number, close: number): string {
  const body = text.slice(start + 1, close);
  if (text[start] === "'") return body.replaceAll("''", "'");
  if (!body.includes("\\")) return body;
  try {
    return JSON.parse(`"${body}"`);
  } catch {
    throw new Outside(); // an escape that JSON does not know
  }
}

/** Where a plain scalar of one line ends, before blanks and a comment. */
function endOfPlain(text: string, start: number, end: number): number {
  let stop = start;
  for (let at = start; at < end; at++) {
    switch (text.charCodeAt(at)) {
      case 0x09: // a tab
        throw new Outside();
      case 0x20:
        if (text.charCodeAt(at + 1) === 0x23) return stop; // a comment
        break;
      case 0x3a: // a colon
        if (isBlank(text, at + 1, end)) throw new Outside();
        stop = at + 1;
        break;
      default:
        stop = at + 1;
    }
  }
  return stop;
}
