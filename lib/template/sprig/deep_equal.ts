/** `reflect.DeepEqual`, and copies of whole values, within a bound on what is looked at. */
import { look } from "../allowance.ts";
import { fault } from "../failure.ts";
import {
  collectionType,
  emptyMap,
  GoInt,
  GoNamed,
  GoNil,
  GoStruct,
  goTyped,
  isMap,
  structField,
  typeName,
} from "../go_values.ts";
import { MAX_VALUE_DEPTH, MAX_VISITED } from "../limits.ts";

/** Counts what one call of a function looks at. */
function createCounter(): (depth: number) => void {
  let visited = 0;
  return (depth) => {
    look();
    if (++visited > MAX_VISITED || depth > MAX_VALUE_DEPTH) {
      throw fault(`looks at more than ${MAX_VISITED} values or deeper than ${MAX_VALUE_DEPTH}`);
    }
  };
}

/** Compares values all through; a type equals itself alone. One comparer has one bound for all that it compares. */
export function createComparer(): (a: unknown, b: unknown) => boolean {
  const count = createCounter();
  const isSame = (a: unknown, b: unknown, depth: number): boolean => {
    count(depth);
    const [left, right] = [a ?? null, b ?? null];
    if (typeof left !== "object" || typeof right !== "object" || left === null || right === null) {
      return left === right;
    }
    if (typeName(left) !== typeName(right)) return false;
    if (left instanceof GoNil || right instanceof GoNil) {
      return left instanceof GoNil && right instanceof GoNil;
    }
    if (left instanceof GoInt && right instanceof GoInt) return left.value === right.value;
    if (left instanceof GoNamed && right instanceof GoNamed) {
      return isSame(left.value, right.value, depth + 1);
    }
    if (left instanceof GoStruct && right instanceof GoStruct) {
      return Object.keys(left.type.fields).every((name) =>
        isSame(structField(left, name), structField(right, name), depth + 1)
      );
    }
    if (Array.isArray(left) && Array.isArray(right)) {
      return left.length === right.length &&
        left.every((member, at) => isSame(member, right[at], depth + 1));
    }
    if (!isMap(left) || !isMap(right)) return false;
    const keys = Object.keys(left);
    return keys.length === Object.keys(right).length &&
      keys.every((key) => Object.hasOwn(right, key) && isSame(left[key], right[key], depth + 1));
  };
  return (a, b) => isSame(a, b, 0);
}

/** A copy of a value and of all lists and maps in it. */
export function deepCopy(value: unknown): unknown {
  const count = createCounter();
  const copy = (one: unknown, depth: number): unknown => {
    count(depth);
    if (typeof one !== "object" || one === null) return one;
    if (Array.isArray(one)) {
      return goTyped(one.map((member) => copy(member, depth + 1)), collectionType(one));
    }
    if (one instanceof GoStruct) {
      const fields = Object.entries(one.fields).map(([name, field]) =>
        [name, copy(field, depth + 1)] as const
      );
      return new GoStruct(one.type, Object.fromEntries(fields), one.isPointer);
    }
    if (!isMap(one)) return one;
    const map = emptyMap();
    for (const [key, member] of Object.entries(one)) map[key] = copy(member, depth + 1);
    return goTyped(map, collectionType(one));
  };
  return copy(value, 0);
}
