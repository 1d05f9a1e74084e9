/** `eq`, `ne`, `lt`, `le`, `gt` and `ge`, by Go's rules: a type is compared with its own alone. */
import { fault } from "./failure.ts";
import { formatArgument, formatValue } from "./go_format.ts";
import {
  compareText,
  GoInt,
  type GoKind,
  GoNil,
  GoStruct,
  kindOf,
  structField,
  typeName,
  underlying,
} from "./go_values.ts";

/** Kinds that are compared by their value. */
const BASIC_KINDS: readonly GoKind[] = ["bool", "int", "uint", "float64", "string"];

function isNothing(value: unknown): boolean {
  return value === undefined || value === null || value instanceof GoNil;
}

/** `eq`: true when the first equals one of the others. */
export function isEqualToAny(first: unknown, others: readonly unknown[]): boolean {
  if (others.length === 0) throw fault("missing argument for comparison");
  return others.some((other) => isEqual(first, other));
}

/** True for the same value of the same type. */
export function isEqual(a: unknown, b: unknown): boolean {
  if (typeof a === "string" && typeof b === "string") return a === b;
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  const [isBasicA, isBasicB] = [BASIC_KINDS.includes(kindA), BASIC_KINDS.includes(kindB)];
  if (isBasicA && isBasicB) {
    if (kindA === kindB || areIntegers(kindA, kindB)) return basicOf(a) === basicOf(b);
    throw incompatible(a, b);
  }
  if (isBasicA || isBasicB) {
    if (kindA === "invalid" || kindB === "invalid") return false;
    throw incompatible(a, b);
  }
  return isEqualOther(a, b, kindA, kindB);
}

function isEqualOther(a: unknown, b: unknown, kindA: GoKind, kindB: GoKind): boolean {
  if (kindA !== kindB && kindA !== "invalid" && kindB !== "invalid") {
    throw fault(
      `non-comparable types ${asText(a)}: ${typeName(a)}, ${typeName(b)}: ${formatValue(b)}`,
    );
  }
  if (isNothing(a) || isNothing(b)) return isNothing(a) && isNothing(b);
  if (!isComparable(b)) throw fault(`non-comparable type ${asText(b)}: ${typeName(b)}`);
  return a === b || isEqualStruct(a, b);
}

/** A struct is comparable when all its fields are. */
function isComparable(value: unknown): boolean {
  const kind = kindOf(value);
  if (kind === "slice" || kind === "map" || kind === "func") return false;
  return !(value instanceof GoStruct) || value.isPointer ||
    Object.values(value.type.fields).every(isComparable);
}

/** `%s`, by which Go shows what it cannot compare. */
function asText(value: unknown): string {
  return formatArgument(value, { letter: "s" });
}

/** Structs are equal when all their fields are; pointers when they are the same. */
function isEqualStruct(a: unknown, b: unknown): boolean {
  if (!(a instanceof GoStruct && b instanceof GoStruct) || a.isPointer || b.isPointer) return false;
  if (a.type !== b.type) return false;
  for (const name of Object.keys(a.type.fields)) {
    const [fieldA, fieldB] = [structField(a, name), structField(b, name)];
    if (typeName(fieldA) !== typeName(fieldB) || !isEqual(fieldA, fieldB)) return false;
  }
  return true;
}

function areIntegers(a: GoKind, b: GoKind): boolean {
  return (a === "int" || a === "uint") && (b === "int" || b === "uint");
}

function basicOf(value: unknown): unknown {
  const below = underlying(value);
  return below instanceof GoInt ? below.value : below;
}

function incompatible(a: unknown, b: unknown): Error {
  return fault(`incompatible types for comparison: ${typeName(a)} and ${typeName(b)}`);
}

/** `lt`. */
export function isLess(a: unknown, b: unknown): boolean {
  const [kindA, kindB] = [kindOf(a), kindOf(b)];
  if (!BASIC_KINDS.includes(kindA) || !BASIC_KINDS.includes(kindB)) {
    throw fault("invalid type for comparison");
  }
  if (kindA !== kindB && !areIntegers(kindA, kindB)) throw incompatible(a, b);
  const [below, other] = [basicOf(a), basicOf(b)];
  if (typeof below === "boolean") throw fault("invalid type for comparison");
  if (typeof below === "string") return compareText(below, String(other)) < 0;
  return (below as number | bigint) < (other as number | bigint);
}

/** `le`. */
export function isLessOrEqual(a: unknown, b: unknown): boolean {
  return isLess(a, b) || isEqual(a, b);
}
