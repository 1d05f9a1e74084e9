/** Functions on regular expressions, which are RE2's, as Go's are. */
import { RE2JS } from "re2js";
import { messageOf } from "../../base/mod.ts";
import { look } from "../allowance.ts";
import { fault } from "../failure.ts";
import { quoteText } from "../go_quote.ts";
import { goNil, goTyped, type TemplateFunction } from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { checkItems, checkLength, joinTexts, numberOf } from "./arguments.ts";

/** Longest expression. */
const MAX_EXPRESSION_CHARS = 1000;
/** Characters of an expression times what its counted repeats multiply to: what it takes to compile one and to match each character. */
const MAX_EXPRESSION_COST = 20_000;
/** Characters of the text times the cost of the expression. */
const MAX_MATCH_COST = 50_000_000;
/** How much of that costs as much as looking at a value. */
const COST_OF_LOOK = 64;

/** A match: where it begins and ends, and the groups. */
interface Match {
  readonly from: number;
  readonly to: number;
  readonly groups: readonly (string | null)[];
}

/** An expression, ready to be used. */
interface Expression {
  readonly text: string;
  readonly compiled: RE2JS;
  readonly cost: number;
}

function costOf(text: string): number {
  let cost = text.length;
  for (const [, least, most] of text.matchAll(/\{([0-9]+)(?:,([0-9]*))?\}/g)) {
    cost *= Math.max(1, Number(least), Number(most ?? "0"));
  }
  return cost;
}

/** Compiles; `isMust` for the functions whose error in Go has no `regexp: Compile` before it. */
function compile(text: string, isMust: boolean): Expression {
  const cost = costOf(text);
  look(Math.min(cost, MAX_EXPRESSION_COST));
  try {
    // An expression that Go refuses is refused in its words, costly or not.
    if (text.length <= MAX_EXPRESSION_CHARS && cost <= MAX_EXPRESSION_COST) {
      return { text, compiled: RE2JS.compile(text), cost };
    }
  } catch (thrown) {
    const words = messageOf(thrown);
    const shown = text.includes("`") ? quoteText(text) : `\`${text}\``;
    throw fault(isMust ? words : `regexp: Compile(${shown}): ${words}`, thrown);
  }
  throw fault(`regular expression of ${text.length} characters with its repeats is too large`);
}

/** Matches from the left that do not overlap; an empty one right behind another does not count. */
function matches({ compiled, cost }: Expression, text: string, limit: number): Match[] {
  if (cost * text.length > MAX_MATCH_COST) {
    throw fault(`regular expression is too large for a text of ${text.length} characters`);
  }
  const matcher = compiled.matcher(text);
  const found: Match[] = [];
  const most = limit < 0 ? text.length + 1 : limit;
  const count = matcher.groupCount() + 1;
  let end = -1;
  // Each search may look on to the end of the text before it knows its match.
  const search = () => {
    look(Math.ceil(cost * (text.length - Math.max(0, end)) / COST_OF_LOOK));
    return matcher.find();
  };
  while (found.length < most && search()) {
    const [from, to] = [matcher.start(), matcher.end()];
    if (from !== to || from !== end) {
      const groups = Array.from({ length: count }, (_, group) => matcher.group(group));
      found.push({ from, to, groups });
      checkItems(found.length);
    }
    end = to;
  }
  return found;
}

function replaceAll(
  expression: Expression,
  text: string,
  replacement: (match: Match) => string,
): string {
  const pieces: string[] = [];
  let [at, length] = [0, text.length];
  for (const match of matches(expression, text, -1)) {
    const by = replacement(match);
    length += by.length;
    checkLength(length);
    pieces.push(text.slice(at, match.from), by);
    at = match.to;
  }
  return joinTexts([...pieces, text.slice(at)], "");
}

const REFERENCE_REGEXP = /\$(?:\$|([\p{L}\p{Nd}_]+)|\{([\p{L}\p{Nd}_]+)\})/gu;

/** Go's `$1`, `${1}`, `$name` and `$$`; a name takes all letters and digits that follow. */
function expand(template: string, { compiled }: Expression, { groups }: Match): string {
  return template.replaceAll(REFERENCE_REGEXP, (all, bare?: string, braced?: string) => {
    const name = bare ?? braced;
    if (name === undefined) return all === "$$" ? "$" : all;
    const number = /^[0-9]+$/.test(name) ? Number(name) : compiled.namedGroups()[name];
    return number === undefined ? "" : groups[number] ?? "";
  });
}

function split(expression: Expression, text: string, limit: number): unknown {
  if (limit === 0) return goNil("[]string");
  if (expression.text !== "" && text === "") return goTyped([""], "[]string");
  const parts: string[] = [];
  let [from, end] = [0, 0];
  for (const match of matches(expression, text, limit)) {
    if (limit > 0 && parts.length >= limit - 1) break;
    end = match.from;
    if (match.to !== 0) parts.push(text.slice(from, end));
    from = match.to;
  }
  if (end !== text.length) parts.push(text.slice(from));
  return goTyped(parts, "[]string");
}

/** A function and the one under its `must` name, which words its errors otherwise. */
function both(
  name: string,
  params: string,
  made: (expression: Expression, ...args: readonly unknown[]) => unknown,
): Record<string, TemplateFunction> {
  const named = (isMust: boolean) =>
    goFunction(params, (text, ...args) => made(compile(text as string, isMust), ...args));
  return {
    [name]: named(false),
    [`must${name[0]?.toUpperCase()}${name.slice(1)}`]: named(true),
  };
}

const isMatch = (expression: Expression, text: string) => matches(expression, text, 1).length > 0;

/** By their names in templates. */
export const EXPRESSION_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  ...both(
    "regexMatch",
    "string, string",
    (expression, text) => isMatch(expression, text as string),
  ),
  // Alone among them this one takes a malformed expression for one that matches nothing.
  regexMatch: goFunction("string, string", (expression, text) => {
    try {
      return isMatch(compile(expression as string, true), text as string);
    } catch {
      return false;
    }
  }),
  ...both(
    "regexFind",
    "string, string",
    (expression, text) => matches(expression, text as string, 1)[0]?.groups[0] ?? "",
  ),
  ...both("regexFindAll", "string, string, int", (expression, text, limit) => {
    const found = matches(expression, text as string, numberOf(limit));
    return goTyped(found.map(({ groups }) => groups[0] ?? ""), "[]string");
  }),
  ...both("regexReplaceAll", "string, string, string", (expression, text, template) =>
    replaceAll(
      expression,
      text as string,
      (match) => expand(template as string, expression, match),
    )),
  ...both(
    "regexReplaceAllLiteral",
    "string, string, string",
    (expression, text, by) => replaceAll(expression, text as string, () => by as string),
  ),
  ...both(
    "regexSplit",
    "string, string, int",
    (expression, text, limit) => split(expression, text as string, numberOf(limit)),
  ),
  regexQuoteMeta: goFunction(
    "string",
    (text) => (text as string).replaceAll(/[\\.+*?()|[\]{}^$]/g, "\\$&"),
  ),
};
