/**
 * The difference of two documents as a JSON patch (RFC 6902, pointers of RFC 6901): members and items that both have are looked into, an
 * item of a list is compared with that at the same place, so that the patch applies to exactly the document that it was made from.
 */
import { type Draft, isDraft, member } from "./document.ts";
import type { JsonPatchOperation, JsonValue } from "./port.ts";

/** What makes `after` of `before`. */
export function diffDocuments(before: unknown, after: unknown): readonly JsonPatchOperation[] {
  const patch: JsonPatchOperation[] = [];
  compare(before, after, "", patch);
  return patch;
}

/** One name of a pointer, escaped. */
export function escapePointer(name: string): string {
  return /[~/]/.test(name) ? name.replaceAll("~", "~0").replaceAll("/", "~1") : name;
}

function compare(before: unknown, after: unknown, at: string, patch: JsonPatchOperation[]): void {
  if (before === after) return;
  if (isDraft(before) && isDraft(after)) compareObjects(before, after, at, patch);
  else if (Array.isArray(before) && Array.isArray(after)) compareLists(before, after, at, patch);
  else patch.push({ op: "replace", path: at, value: after as JsonValue });
}

function compareObjects(
  before: Draft,
  after: Draft,
  at: string,
  patch: JsonPatchOperation[],
): void {
  for (const name of Object.keys(after)) {
    const path = `${at}/${escapePointer(name)}`;
    const value = after[name];
    if (Object.hasOwn(before, name)) compare(before[name], value, path, patch);
    else if (value !== undefined) patch.push({ op: "add", path, value: value as JsonValue });
  }
  for (const name of Object.keys(before)) {
    if (member(after, name) === undefined) {
      patch.push({ op: "remove", path: `${at}/${escapePointer(name)}` });
    }
  }
}

function compareLists(
  before: readonly unknown[],
  after: readonly unknown[],
  at: string,
  patch: JsonPatchOperation[],
): void {
  const both = Math.min(before.length, after.length);
  // From the end, so that no place moves before it is named.
  for (let index = before.length - 1; index >= both; index--) {
    patch.push({ op: "remove", path: `${at}/${index}` });
  }
  for (let index = both; index < after.length; index++) {
    patch.push({ op: "add", path: `${at}/${index}`, value: after[index] as JsonValue });
  }
  for (let index = 0; index < both; index++) {
    compare(before[index], after[index], `${at}/${index}`, patch);
  }
}
