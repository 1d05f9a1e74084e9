/** The functions that every template has. */
import { prepareArgument } from "./call_builtin.ts";
import { isEqual, isEqualToAny, isLess, isLessOrEqual } from "./compare.ts";
import { escapeHtml, escapeJs, escapeQuery } from "./escape.ts";
import { fault } from "./failure.ts";
import { printedValues, sprint, sprintf, sprintln } from "./go_print.ts";
import {
  collectionType,
  elementType,
  GoInt,
  goInt,
  GoNil,
  goTyped,
  isMap,
  type TemplateFunction,
  truth,
  typeName,
  underlying,
  zeroOf,
} from "./go_values.ts";
import { goFunction } from "./signature.ts";
import { octetLength, octetsOf, sliceOctets } from "./utf8.ts";

/** By name. `and`, `or` and `call` are here for their names: they do more than a function can (`pipelines.ts`). */
export const BUILTINS: Readonly<Record<string, TemplateFunction>> = {
  and: goFunction("value, ...value", () => undefined),
  or: goFunction("value, ...value", () => undefined),
  call: goFunction("value, ...value", () => undefined),
  not: goFunction("value", (value) => !truth(value)),
  html: goFunction("...any", (...values) => escapeHtml(printedValues(values))),
  js: goFunction("...any", (...values) => escapeJs(printedValues(values))),
  urlquery: goFunction("...any", (...values) => escapeQuery(printedValues(values))),
  index: goFunction("value, ...value", (item, ...indexes) => indexed(item, indexes)),
  slice: goFunction("value, ...value", (item, ...indexes) => sliced(item, indexes)),
  len: goFunction("value", (value) => goInt(lengthOf(value))),
  print: goFunction("...any", (...values) => sprint(values)),
  println: goFunction("...any", (...values) => sprintln(values)),
  printf: goFunction(
    "string, ...any",
    (format, ...values) => sprintf(format as string, values),
  ),
  eq: goFunction("value, ...value", (first, ...others) => isEqualToAny(first, others)),
  ne: goFunction("value, value", (a, b) => !isEqual(a, b)),
  lt: goFunction("value, value", isLess),
  le: goFunction("value, value", isLessOrEqual),
  gt: goFunction("value, value", (a, b) => !isLessOrEqual(a, b)),
  ge: goFunction("value, value", (a, b) => !isLess(a, b)),
};

function indexed(item: unknown, indexes: readonly unknown[]): unknown {
  if (item === undefined || item === null) throw fault("index of untyped nil");
  let value: unknown = item;
  for (const index of indexes) {
    if (value === null || value instanceof GoNil && value.type.startsWith("*")) {
      throw fault("index of nil pointer");
    }
    value = memberAt(value, index);
  }
  return value;
}

function memberAt(given: unknown, index: unknown): unknown {
  const item = underlying(given);
  if (Array.isArray(item)) return item[listIndex(index, item.length, "index")] ?? null;
  if (typeof item === "string") {
    const octets = octetsOf(item);
    return goInt(octets[listIndex(index, octets.length, "text")] ?? 0, "uint8");
  }
  if (item instanceof GoNil && item.type.startsWith("[]")) return listIndex(index, 0, "index");
  const isNilMap = item instanceof GoNil && item.type.startsWith("map[");
  if (!isNilMap && !isMap(item)) throw fault(`can't index item of type ${pointedType(given)}`);
  const key = prepareArgument(index, "string") as string;
  const type = isNilMap ? item.type : collectionType(item as object);
  if (!isNilMap && Object.hasOwn(item, key)) return (item as Record<string, unknown>)[key];
  return zeroOf(elementType(type));
}

/** An index into something of that length; one past the end is allowed where it is an end. */
function listIndex(index: unknown, length: number, use: "index" | "text" | "slice"): number {
  const value = underlying(index);
  if (value === undefined || value === null) throw fault("cannot index slice/array with nil");
  if (!(value instanceof GoInt)) {
    throw fault(`cannot index slice/array with type ${typeName(index)}`);
  }
  const at = Number(value.value);
  if (at < 0 || at > length) throw fault(`index out of range: ${value.value}`);
  if (use !== "slice" && at === length) {
    throw fault(`reflect: ${use === "text" ? "string" : "slice"} index out of range`);
  }
  return at;
}

function sliced(item: unknown, indexes: readonly unknown[]): unknown {
  if (item === undefined || item === null) throw fault("slice of untyped nil");
  if (item instanceof GoNil && item.type.startsWith("*")) throw fault("slice of nil pointer");
  if (indexes.length > 3) throw fault(`too many slice indexes: ${indexes.length}`);
  const value = underlying(item);
  const isText = typeof value === "string";
  if (isText && indexes.length === 3) throw fault("cannot 3-index slice a string");
  const isNilList = value instanceof GoNil && value.type.startsWith("[]");
  if (!isText && !isNilList && !Array.isArray(value)) {
    throw fault(`can't slice item of type ${typeName(item)}`);
  }
  const length = isNilList ? 0 : lengthOf(value);
  const places = indexes.map((index) => listIndex(index, length, "slice"));
  const [from = 0, to = length, capacity = length] = places;
  if (from > to) throw fault(`invalid slice index: ${from} > ${to}`);
  if (to > capacity) throw fault(`invalid slice index: ${to} > ${capacity}`);
  if (isText) return sliceOctets(value, from, to);
  return isNilList
    ? value
    : goTyped((value as readonly unknown[]).slice(from, to), collectionType(value as object));
}

function lengthOf(item: unknown): number {
  const value = underlying(item);
  if (typeof value === "string") return octetLength(value);
  if (Array.isArray(value)) return value.length;
  if (isMap(value)) return Object.keys(value).length;
  if (value === null) throw fault("len of nil pointer");
  if (value instanceof GoNil) {
    if (value.type.startsWith("*")) throw fault("len of nil pointer");
    return 0;
  }
  if (value === undefined) throw fault("reflect: call of reflect.Value.Type on zero Value");
  throw fault(`len of type ${pointedType(item)}`);
}

/** The type of a value, or of what it points to. */
function pointedType(value: unknown): string {
  return typeName(value).replace(/^\*/, "");
}
