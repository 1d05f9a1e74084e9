/**
 * Documents of JSON that are worked on: copies without a prototype, so that no name that a pod or a template brings means anything to
 * JavaScript, and readers that take what has another type for absent.
 */

/** An object that may be changed. */
export type Draft = Record<string, unknown>;

/** Deepest document that is worked on; a pod takes a dozen. */
export const MAX_DEPTH = 100;
/** Most values of a document that is worked on: a pod has some hundred, and all of one are looked at a dozen times. */
export const MAX_VALUES = 50_000;

/** True for an object of JSON. */
export function isDraft(value: unknown): value is Draft {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An empty object. */
export function emptyDraft(): Draft {
  return Object.create(null);
}

/** A member that the object itself has. */
export function member(object: Draft, name: string): unknown {
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

/** A copy that shares nothing. */
export function copyOf<T>(value: T): T {
  return copied(value) as T;
}

function copied(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copied);
  if (!isDraft(value)) return value;
  const copy = emptyDraft();
  for (const name of Object.keys(value)) copy[name] = copied(value[name]);
  return copy;
}

/** What is too much about a value: its depth, or how many values are in it; `undefined` when nothing is. */
export function sizeFault(value: unknown): string | undefined {
  let left = MAX_VALUES;
  const fits = (held: unknown, depth: number): boolean => {
    if (--left < 0) return false;
    if (typeof held !== "object" || held === null) return true;
    if (depth === 0) return false;
    if (Array.isArray(held)) return held.every((item) => fits(item, depth - 1));
    for (const name of Object.keys(held)) {
      if (!fits((held as Draft)[name], depth - 1)) return false;
    }
    return true;
  };
  if (fits(value, MAX_DEPTH)) return undefined;
  return left < 0 ? `it has more than ${MAX_VALUES} values` : `it nests deeper than ${MAX_DEPTH}`;
}

/** A member that is an object; an empty one when there is none. */
export function objectAt(object: Draft, name: string): Draft {
  const value = member(object, name);
  return isDraft(value) ? value : emptyDraft();
}

/** A member that is an object, which is made when there is none. */
export function objectIn(object: Draft, name: string): Draft {
  const value = member(object, name);
  if (isDraft(value)) return value;
  return object[name] = emptyDraft();
}

/** A member's text; empty when there is none. */
export function textAt(object: Draft, name: string): string {
  const value = member(object, name);
  return typeof value === "string" ? value : "";
}

/** A member's objects. */
export function objectsAt(object: Draft, name: string): Draft[] {
  const value = member(object, name);
  return Array.isArray(value) ? value.filter(isDraft) : [];
}

/** Members that are texts. */
export function textsOf(object: Draft): Record<string, string> {
  const texts: Record<string, string> = Object.create(null);
  for (const name of Object.keys(object)) {
    const value = object[name];
    if (typeof value === "string") texts[name] = value;
  }
  return texts;
}

/** The first of some objects with that `name`. */
export function named(objects: readonly Draft[], name: string): Draft | undefined {
  return objects.find((object) => textAt(object, "name") === name);
}
