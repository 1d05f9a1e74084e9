/** From tokens to the trees of a template and of those that it defines, by the rules of Go's `text/template/parse`. */
import {
  characterNumber,
  type NumberLiteral,
  readNumber,
  unquoteCharacter,
  unquoteText,
} from "./go_literals.ts";
import { quoteText } from "./go_quote.ts";
import { type Token, type TokenKind, tokensOf } from "./lexer.ts";
import { TokenCursor } from "./token_cursor.ts";
import type { TemplateLimits } from "./limits.ts";
import {
  type Branch,
  type Command,
  type Invocation,
  type List,
  nodeText,
  type Operand,
  type Pipe,
  type Statement,
} from "./nodes.ts";

/** What the parser must know beside the text. */
export interface ParserOptions {
  /** True for the name of a function. */
  readonly isFunction: (name: string) => boolean;
  /** See {@linkcode TemplateLimits}. */
  readonly limits: TemplateLimits;
}

/** How a list of statements ended. */
type Ending = { readonly kind: "end" | "else"; readonly pos: number };

/** What belongs to one tree: the text itself, or a definition in it. */
interface Scope {
  variables: string[];
  ranges: number;
}

const OPERAND_KINDS: readonly TokenKind[] = [
  ...["bool", "character", "complex", ".", "field", "identifier", "number", "nil", "raw"],
  ...["string", "variable", "("],
] as TokenKind[];

/**
 * The trees of a text by their names; the text's own is under `name`.
 *
 * @throws {SignetError} `template.bad_syntax`, in Go's words.
 */
export function parseTrees(
  name: string,
  text: string,
  options: ParserOptions,
): ReadonlyMap<string, List> {
  return new Parser(name, text, options).parse();
}

class Parser {
  readonly #name: string;
  readonly #cursor: TokenCursor;
  readonly #options: ParserOptions;
  readonly #trees = new Map<string, List>();
  #nesting = 0;
  #scope: Scope = { variables: ["$"], ranges: 0 };

  constructor(name: string, text: string, options: ParserOptions) {
    this.#name = name;
    this.#options = options;
    this.#cursor = new TokenCursor(name, tokensOf(text, options.isFunction));
  }

  parse(): ReadonlyMap<string, List> {
    const list: Statement[] = [];
    while (this.#cursor.peek().kind !== "eof") {
      const statement = this.#definition() ?? this.#statement();
      if (statement === "defined") continue;
      if (isEnding(statement)) this.#cursor.fail(`unexpected {{${statement.kind}}}`);
      list.push(statement);
    }
    this.#add(this.#name, list);
    return this.#trees;
  }

  /** One level deeper, while `parse` runs. */
  #nested<T>(parse: () => T): T {
    if (this.#nesting >= this.#options.limits.maxNesting) {
      this.#cursor.fail(
        `blocks and parentheses nest deeper than ${this.#options.limits.maxNesting}`,
      );
    }
    this.#nesting++;
    const parsed = parse();
    this.#nesting--;
    return parsed;
  }

  #add(name: string, list: List): void {
    const present = this.#trees.get(name);
    if (present === undefined || isEmptyList(present)) this.#trees.set(name, list);
    else if (!isEmptyList(list)) {
      this.#cursor.fail(`template: multiple definition of template ${quoteText(name)}`);
    }
  }

  /** `{{define}}`, which stands at the top alone. */
  #definition(): "defined" | undefined {
    if (this.#cursor.peek().kind !== "left") return undefined;
    const start = this.#cursor.at++;
    if (this.#cursor.nextNonSpace().kind !== "define") {
      this.#cursor.at = start;
      return undefined;
    }
    const context = "define clause";
    const name = this.#textOf(this.#cursor.expect(["string", "raw"], context));
    this.#cursor.expect(["right"], context);
    this.#define(name, context);
    return "defined";
  }

  /** The body of a definition, which knows no variable of the outside. */
  #define(name: string, context: string): void {
    const [outer, line] = [this.#scope, this.#cursor.actionLine];
    this.#scope = { variables: ["$"], ranges: 0 };
    this.#cursor.actionLine = 0;
    const [list, ending] = this.#nested(() => this.#list());
    if (ending.kind !== "end") this.#cursor.fail(`unexpected {{else}} in ${context}`);
    this.#add(name, list);
    [this.#scope, this.#cursor.actionLine] = [outer, line];
  }

  /** Statements up to an end or else. */
  #list(): readonly [List, Ending] {
    const list: Statement[] = [];
    while (this.#cursor.peekNonSpace().kind !== "eof") {
      const statement = this.#statement();
      if (isEnding(statement)) return [list, statement];
      list.push(statement);
    }
    this.#cursor.fail("unexpected EOF");
  }

  #statement(): Statement | Ending {
    const token = this.#cursor.nextNonSpace();
    if (token.kind === "text") return { kind: "text", pos: token.pos, text: token.text };
    if (token.kind !== "left") this.#cursor.unexpected(token, "input");
    this.#cursor.actionLine = token.line;
    const statement = this.#action();
    this.#cursor.actionLine = 0;
    return statement;
  }

  #action(): Statement | Ending {
    const token = this.#cursor.nextNonSpace();
    switch (token.kind) {
      case "block":
        return this.#block();
      case "break":
      case "continue":
        return this.#loopWord(token, token.kind);
      case "else":
        return this.#else();
      case "end":
        return { kind: "end", pos: this.#cursor.expect(["right"], "end").pos };
      case "if":
      case "range":
      case "with":
        return this.#branch(token.kind);
      case "template":
        return this.#invocation();
      default: {
        this.#cursor.at--;
        const { pos } = this.#cursor.peek();
        return { kind: "action", pos, pipe: this.#pipeline("command", "right") };
      }
    }
  }

  #loopWord(token: Token, kind: "break" | "continue"): Statement {
    const after = this.#cursor.nextNonSpace();
    if (after.kind !== "right") this.#cursor.unexpected(after, `{{${kind}}}`);
    if (this.#scope.ranges === 0) this.#cursor.fail(`{{${kind}}} outside {{range}}`);
    return { kind, pos: token.pos };
  }

  /** An else; before an `if` or `with`, which is left to be read, without its right delimiter. */
  #else(): Ending {
    const after = this.#cursor.peekNonSpace();
    if (after.kind === "if" || after.kind === "with") return { kind: "else", pos: after.pos };
    return { kind: "else", pos: this.#cursor.expect(["right"], "else").pos };
  }

  #branch(kind: Branch["kind"]): Branch {
    return this.#nested(() => {
      const known = this.#scope.variables.length;
      const pipe = this.#pipeline(kind, "right");
      const inRange = kind === "range" ? 1 : 0;
      this.#scope.ranges += inRange;
      const [list, ending] = this.#list();
      this.#scope.ranges -= inRange;
      const elseList = ending.kind === "else" ? this.#elseList(kind) : undefined;
      this.#scope.variables.length = known;
      return { kind, pos: pipe.pos, pipe, list, elseList };
    });
  }

  #elseList(kind: Branch["kind"]): List {
    // `else if` of an if and `else with` of a with share the outer one's end.
    if (kind !== "range" && this.#cursor.peek().kind === kind) {
      this.#cursor.next();
      return [this.#branch(kind)];
    }
    const [list, ending] = this.#list();
    if (ending.kind !== "end") this.#cursor.fail("expected end; found {{else}}");
    return list;
  }

  #block(): Invocation {
    const context = "block clause";
    const token = this.#cursor.nextNonSpace();
    const name = this.#templateName(token, context);
    const pipe = this.#pipeline(context, "right");
    this.#define(name, context);
    return { kind: "template", pos: token.pos, name, pipe };
  }

  #invocation(): Invocation {
    const context = "template clause";
    const token = this.#cursor.nextNonSpace();
    const name = this.#templateName(token, context);
    if (this.#cursor.nextNonSpace().kind === "right") {
      return { kind: "template", pos: token.pos, name, pipe: undefined };
    }
    this.#cursor.at--;
    return { kind: "template", pos: token.pos, name, pipe: this.#pipeline(context, "right") };
  }

  #templateName(token: Token, context: string): string {
    if (token.kind !== "string" && token.kind !== "raw") this.#cursor.unexpected(token, context);
    return this.#textOf(token);
  }

  #textOf(token: Token): string {
    return unquoteText(token.text) ?? this.#cursor.fail("invalid syntax");
  }

  #pipeline(context: string, end: TokenKind): Pipe {
    const { pos } = this.#cursor.peekNonSpace();
    const { variables, isAssignment } = this.#declarations(context);
    const commands: Command[] = [];
    for (;;) {
      const token = this.#cursor.nextNonSpace();
      if (token.kind === end) break;
      if (!OPERAND_KINDS.includes(token.kind)) this.#cursor.unexpected(token, context);
      this.#cursor.at--;
      commands.push(this.#command());
    }
    if (commands.length === 0) this.#cursor.fail(`missing value for ${context}`);
    commands.forEach(({ args: [first] }, stage) => {
      if (
        stage > 0 && ["bool", ".", "dot", "nil", "number", "string"].includes(first?.kind ?? "")
      ) {
        this.#cursor.fail(`non executable command in pipeline stage ${stage + 1}`);
      }
    });
    return { kind: "pipe", pos, variables, isAssignment, commands };
  }

  /** `$x :=`, `$x =` and the `$i, $x :=` of a range. */
  #declarations(context: string): Pick<Pipe, "variables" | "isAssignment"> {
    const variables: string[] = [];
    for (;;) {
      const variable = this.#cursor.peekNonSpace();
      if (variable.kind !== "variable") return { variables, isAssignment: false };
      const start = this.#cursor.at;
      this.#cursor.at++;
      const next = this.#cursor.peekNonSpace();
      if (next.kind === "assign" || next.kind === "declare") {
        this.#cursor.nextNonSpace();
        variables.push(variable.text);
        this.#declare(variable.text);
        return { variables, isAssignment: next.kind === "assign" };
      }
      if (next.kind !== "char" || next.text !== ",") {
        this.#cursor.at = start;
        return { variables, isAssignment: false };
      }
      this.#cursor.nextNonSpace();
      variables.push(variable.text);
      this.#declare(variable.text);
      if (context !== "range" || variables.length >= 2) {
        this.#cursor.fail(`too many declarations in ${context}`);
      }
      if (!["variable", "right", ")"].includes(this.#cursor.peekNonSpace().kind)) {
        this.#cursor.fail("range can only initialize variables");
      }
    }
  }

  #declare(name: string): void {
    const { maxVariables } = this.#options.limits;
    if (this.#scope.variables.length >= maxVariables) {
      this.#cursor.fail(`more than ${maxVariables} variables are in scope`);
    }
    this.#scope.variables.push(name);
  }

  #command(): Command {
    const { pos } = this.#cursor.peekNonSpace();
    const args: Operand[] = [];
    for (;;) {
      this.#cursor.peekNonSpace();
      const operand = this.#operand();
      if (operand !== undefined) args.push(operand);
      const token = this.#cursor.next();
      if (token.kind === "space") continue;
      if (token.kind === "right" || token.kind === ")") this.#cursor.at--;
      else if (token.kind !== "pipe") this.#cursor.unexpected(token, "operand");
      break;
    }
    if (args.length === 0) this.#cursor.fail("empty command");
    return { kind: "command", pos, args };
  }

  #operand(): Operand | undefined {
    const term = this.#term();
    if (term === undefined || this.#cursor.peek().kind !== "field") return term;
    const { pos } = this.#cursor.peek();
    const fields: string[] = [];
    while (this.#cursor.peek().kind === "field") fields.push(this.#cursor.next().text.slice(1));
    switch (term.kind) {
      case "field":
      case "variable":
        return { ...term, pos, names: [...term.names, ...fields] };
      case "pipe":
      case "identifier":
        return { kind: "chain", pos, of: term, fields };
      default:
        this.#cursor.fail(`unexpected . after term ${quoteText(nodeText(term))}`);
    }
  }

  #term(): Operand | undefined {
    const token = this.#cursor.nextNonSpace();
    const { pos, text } = token;
    switch (token.kind) {
      case "identifier":
        if (!this.#options.isFunction(text)) {
          this.#cursor.fail(`function ${quoteText(text)} not defined`);
        }
        return { kind: "identifier", pos, name: text };
      case ".":
        return { kind: "dot", pos };
      case "nil":
        return { kind: "nil", pos };
      case "variable":
        if (!this.#scope.variables.includes(text)) {
          this.#cursor.fail(`undefined variable ${quoteText(text)}`);
        }
        return { kind: "variable", pos, names: [text] };
      case "field":
        return { kind: "field", pos, names: [text.slice(1)] };
      case "bool":
        return { kind: "bool", pos, value: text === "true" };
      case "character":
      case "complex":
      case "number":
        return { kind: "number", pos, text, value: this.#number(token) };
      case "(":
        return this.#nested(() => this.#pipeline("parenthesized pipeline", ")"));
      case "string":
      case "raw":
        return { kind: "string", pos, quoted: text, value: this.#textOf(token) };
      default:
        this.#cursor.at--;
        return undefined;
    }
  }

  #number({ kind, text }: Token): NumberLiteral {
    if (kind === "complex" || text.endsWith("i")) {
      this.#cursor.fail(`complex numbers are not supported: ${quoteText(text)}`);
    }
    if (kind === "character") {
      const code = unquoteCharacter(text);
      return typeof code === "number" ? characterNumber(code) : this.#cursor.fail(code);
    }
    const value = readNumber(text);
    return typeof value === "string" ? this.#cursor.fail(value) : value;
  }
}

function isEnding(statement: Statement | Ending): statement is Ending {
  return statement.kind === "end" || statement.kind === "else";
}

/** True for a list of nothing but white space: defining it again replaces it. */
function isEmptyList(list: List): boolean {
  return list.every((statement) => statement.kind === "text" && statement.text.trim() === "");
}
