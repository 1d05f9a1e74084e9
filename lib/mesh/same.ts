/** Keeping what did not change: two values of plain data with the same content become one object. */

import { isSame } from "../base/mod.ts";

/** `before` when `value` says nothing else, so that whoever made something of it finds it again. */
export function keepSame<T>(before: T | undefined, value: T): T {
  return before !== undefined && isSame(before, value) ? before : value;
}

/** `before` when the lists hold the very same objects. */
export function keepSameList<T>(
  before: readonly T[] | undefined,
  value: readonly T[],
): readonly T[] {
  return before?.length === value.length && value.every((each, at) => each === before[at])
    ? before
    : value;
}
