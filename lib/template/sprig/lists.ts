/** Functions on lists. */
import { fault } from "../failure.ts";
import {
  collectionType,
  compareText,
  goNil,
  goTyped,
  type TemplateFunction,
  underlying,
} from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { checkItems, isEmpty, kindName, listOf, numberOf, textOf, textsOf } from "./arguments.ts";
import { createComparer } from "./deep_equal.ts";
import { toInteger } from "./casts.ts";

const cannotFind = (what: string) => (kind: string) => `Cannot find ${what} on type ${kind}`;
const cannot = (what: string) => (kind: string) => `Cannot ${what} type ${kind}`;
const emptyList = () => goNil("[]interface {}");

/** A function and the same under its `must` name: both end the rendering when they fail. */
function both(name: string, made: TemplateFunction): Record<string, TemplateFunction> {
  return { [name]: made, [`must${name[0]?.toUpperCase()}${name.slice(1)}`]: made };
}

/** Of a list without members what `empty` gives, else what `made` does. */
function ofMembers(
  name: string,
  empty: () => unknown,
  made: (members: readonly unknown[]) => unknown,
): Record<string, TemplateFunction> {
  return both(
    name,
    goFunction("any", (value) => {
      const members = listOf(value, cannotFind(name));
      return members.length === 0 ? empty() : made(members);
    }),
  );
}

const list = goFunction("...any", (...values) => values);
const push = goFunction("any, any", (value, member) => {
  const members = listOf(value, cannot("push on"));
  checkItems(members.length + 1);
  return [...members, member];
});

/** By their names in templates. */
export const LIST_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  list,
  tuple: list,
  ...both("push", push),
  ...both("append", push),
  ...both(
    "prepend",
    goFunction("any, any", (value, member) => {
      const members = listOf(value, cannot("prepend on"));
      checkItems(members.length + 1);
      return [member, ...members];
    }),
  ),
  ...ofMembers("first", () => null, (members) => members[0]),
  ...ofMembers("last", () => null, (members) => members.at(-1)),
  ...ofMembers("rest", emptyList, (members) => members.slice(1)),
  ...ofMembers("initial", emptyList, (members) => members.slice(0, -1)),
  ...ofMembers("reverse", () => [], (members) => members.toReversed()),
  ...both(
    "compact",
    goFunction(
      "any",
      (value) => listOf(value, cannot("compact on")).filter((member) => !isEmpty(member)),
    ),
  ),
  ...ofMembers("uniq", () => [], uniq),
  ...both(
    "without",
    goFunction("any, ...any", (value, ...left) => {
      const isSame = createComparer();
      return listOf(value, cannotFind("without"))
        .filter((member) => !left.some((one) => isSame(one, member)));
    }),
  ),
  ...both(
    "has",
    goFunction("any, any", (wanted, value) => {
      if (value === null) return false;
      const isSame = createComparer();
      return listOf(value, cannotFind("has")).some((member) => isSame(wanted, member));
    }),
  ),
  ...both("slice", goFunction("any, ...any", sliceList)),
  ...both("chunk", goFunction("int, any", (size, value) => chunk(numberOf(size), value))),
  concat: goFunction("...any", concat),
  sortAlpha: goFunction("any", sortAlpha),
};

function uniq(members: readonly unknown[]): unknown[] {
  const isSame = createComparer();
  const kept: unknown[] = [];
  for (const member of members) {
    if (!kept.some((one) => isSame(member, one))) kept.push(member);
  }
  return kept;
}

function sliceList(value: unknown, ...places: readonly unknown[]): unknown {
  const members = listOf(value, (kind) => `list should be type of slice or array but ${kind}`);
  if (members.length === 0) return null;
  const from = places.length > 0 ? Number(toInteger(places[0])) : 0;
  const to = places.length > 1 ? Number(toInteger(places[1])) : members.length;
  if (from < 0 || to < from || to > members.length) {
    throw fault("reflect.Value.Slice: slice index out of bounds");
  }
  return goTyped(members.slice(from, to), collectionType(underlying(value) as object));
}

function chunk(size: number, value: unknown): unknown {
  const members = listOf(value, cannot("chunk"));
  if (size <= 0) {
    // What comes out of the sum that Go's code makes of it.
    const count = Math.floor((members.length - 1) / size) + 1;
    if (count === 0) return goTyped([], "[][]interface {}");
    if (count !== 1 || size === -1 || members.length !== 1) {
      throw fault("runtime error: makeslice: len out of range");
    }
    return goTyped([members], "[][]interface {}");
  }
  const chunks: unknown[] = [];
  for (let at = 0; at < members.length; at += size) chunks.push(members.slice(at, at + size));
  return goTyped(chunks, "[][]interface {}");
}

function concat(...values: readonly unknown[]): unknown {
  const joined: unknown[] = [];
  for (const value of values) {
    const members = listOf(value, (kind) => `Cannot concat type ${kind} as list`);
    checkItems(joined.length + members.length);
    for (const member of members) joined.push(member);
  }
  return joined.length === 0 ? emptyList() : joined;
}

function sortAlpha(value: unknown): unknown {
  const texts = kindName(value) === "slice" ? textsOf(value).sort(compareText) : [textOf(value)];
  return goTyped(texts, "[]string");
}
