/** Comparing plain data by content. */

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
