/** Keeping what did not change: two values of plain data with the same content become one object. */

/** True when two values of plain data (texts, numbers, lists, records) have the same content. */
export function isSame(one: unknown, other: unknown): boolean {
  if (one === other) return true;
  if (typeof one !== "object" || typeof other !== "object" || one === null || other === null) {
    return false;
  }
  if (Array.isArray(one)) {
    return Array.isArray(other) && one.length === other.length &&
      one.every((each, at) => isSame(each, other[at]));
  }
  const keys = Object.keys(one);
  return !Array.isArray(other) && keys.length === Object.keys(other).length &&
    keys.every((key) =>
      Object.hasOwn(other, key) &&
      isSame((one as Record<string, unknown>)[key], (other as Record<string, unknown>)[key])
    );
}

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
