/**
 * Kubernetes' strategic merge: a partial document over a whole one. Objects are merged, `null` deletes, lists are replaced unless the
 * table of fields names the member by which their items are joined; `$patch` and `$retainKeys` are obeyed, other directives refused.
 *
 * Neither side may be used afterwards: both become part of the result.
 */
import { messageOf, SignetError } from "../base/mod.ts";
import { type Draft, emptyDraft, isDraft } from "./document.ts";
import type { FieldRow, FieldType, StructType } from "./field_table.ts";

const DIRECTIVE = "$patch";
const RETAIN = "$retainKeys";
const REFUSED_REGEXP = /^\$(?:setElementOrder|deleteFromPrimitiveList)(?:\/|$)/;

/**
 * Merges a patch into a document of a type.
 *
 * @returns the result, made of both.
 * @throws {SignetError} `inject.bad_template` in Kubernetes' words.
 */
export function mergeDocuments(struct: StructType, original: Draft, patch: Draft): Draft {
  return mergeObjects(struct, original, patch);
}

function mergeObjects(struct: StructType | undefined, original: Draft, patch: Draft): Draft {
  if (Object.hasOwn(patch, DIRECTIVE)) return directed(patch);
  if (Object.hasOwn(patch, RETAIN)) retainKeys(original, patch);
  for (const name of Object.keys(patch)) {
    if (REFUSED_REGEXP.test(name)) throw refused(`directive ${name} is not supported`);
    const value = patch[name];
    if (value === null || value === undefined) {
      delete original[name];
      continue;
    }
    if (!Object.hasOwn(original, name)) setPatched(original, name, value);
    else mergeMember(struct?.byName.get(name), original, name, value);
  }
  return original;
}

function mergeMember(
  field: FieldRow | undefined,
  original: Draft,
  name: string,
  value: unknown,
): void {
  const held = original[name];
  if (isDraft(held) && isDraft(value)) {
    original[name] = mergeObjects(structOf(field?.type), held, value);
  } else if (Array.isArray(held) && Array.isArray(value)) {
    original[name] = field?.mergeKey === undefined
      ? withoutDirectives(value)
      : field.mergeKey === ""
      ? [...new Set([...held, ...value])]
      : mergeLists(structOf(field.type), held, value, field.mergeKey);
  } else setPatched(original, name, value);
}

/** The struct in a field: of its items when it is a list. */
function structOf(type: FieldType | undefined): StructType | undefined {
  if (type === undefined || type.kind === "scalar") return undefined;
  return type.kind === "struct" ? type.struct : structOf(type.of);
}

/** Takes the patch's value as it is, without nulls and directives. */
function setPatched(original: Draft, name: string, value: unknown): void {
  dropNulls(value);
  const kept = withoutDirectives(value);
  if (kept === undefined) delete original[name];
  else original[name] = kept;
}

function dropNulls(value: unknown): void {
  if (Array.isArray(value)) value.forEach(dropNulls);
  if (!isDraft(value)) return;
  for (const name of Object.keys(value)) {
    if (value[name] === null || value[name] === undefined) delete value[name];
    else dropNulls(value[name]);
  }
}

/** A value of the patch for a place where nothing was; `undefined` for an object that is itself a directive. */
function withoutDirectives<T>(value: T): T | undefined {
  if (Array.isArray(value)) {
    return value.map(withoutDirectives).filter((item) => item !== undefined) as T;
  }
  if (!isDraft(value)) return value;
  if (Object.hasOwn(value, DIRECTIVE)) return undefined;
  for (const name of Object.keys(value)) {
    const held: unknown = value[name];
    if (typeof held !== "object" || held === null) continue;
    const kept = withoutDirectives(held);
    if (kept === undefined) delete value[name];
    else (value as Draft)[name] = kept;
  }
  return value;
}

function directed(patch: Draft): Draft {
  const directive = patch[DIRECTIVE];
  if (directive === "delete") return emptyDraft();
  if (directive !== "replace") throw refused(`unknown patch type: ${String(directive)}`);
  delete patch[DIRECTIVE];
  return patch;
}

function retainKeys(original: Draft, patch: Draft): void {
  const list = patch[RETAIN];
  delete patch[RETAIN];
  const kept = new Set<unknown>(Array.isArray(list) ? list : []);
  const isForeign = (name: string) => patch[name] !== null && !kept.has(name);
  if (!Array.isArray(list) || Object.keys(patch).some(isForeign)) {
    throw refused("invalid patch format of retainKeys");
  }
  for (const name of Object.keys(original)) if (!kept.has(name)) delete original[name];
}

function mergeLists(
  struct: StructType | undefined,
  held: readonly unknown[],
  given: readonly unknown[],
  key: string,
): unknown[] {
  const [originals, patch] = applyListDirectives(objects(held, key), objects(given, key), key);
  const places = new Map<unknown, number>();
  originals.forEach((item, place) => places.has(item[key]) || places.set(item[key], place));
  const merged = [...originals];
  for (const item of patch) {
    const value = keyOf(item, key);
    const place = places.get(value);
    if (place === undefined) {
      dropNulls(item);
      places.set(value, merged.push(item) - 1);
    } else merged[place] = mergeObjects(struct, merged[place]!, item);
  }
  return inOrder(merged, originals.length, patch, key);
}

/**
 * The patch's items in its order, the others in theirs: an item that only the original has comes before the first of the patch's that it
 * stood before.
 */
function inOrder(
  merged: readonly Draft[],
  originals: number,
  patch: readonly Draft[],
  key: string,
) {
  const ranks = new Map<unknown, number>();
  patch.forEach((item, rank) => ranks.has(item[key]) || ranks.set(item[key], rank));
  const all = merged.map((item, place) => ({ item, place, rank: ranks.get(item[key]) }));
  const patched = all.filter(({ rank }) => rank !== undefined)
    .sort((one, other) => one.rank! - other.rank!);
  const others = all.filter(({ rank }) => rank === undefined);
  const ordered: Draft[] = [];
  let next = 0;
  for (const { item, place } of patched) {
    while (next < others.length && place < originals && others[next]!.place < place) {
      ordered.push(others[next++]!.item);
    }
    ordered.push(item);
  }
  for (; next < others.length; next++) ordered.push(others[next]!.item);
  return ordered;
}

/** Deletes what `$patch: delete` names, or everything that was there for `$patch: replace`. */
function applyListDirectives(
  originals: readonly Draft[],
  patch: readonly Draft[],
  key: string,
): readonly [readonly Draft[], readonly Draft[]] {
  if (!patch.some((item) => Object.hasOwn(item, DIRECTIVE))) return [originals, patch];
  let left = originals;
  let replaces = false;
  for (const item of patch) {
    const directive = item[DIRECTIVE];
    if (directive === "replace") replaces = true;
    else if (directive === "delete") {
      const value = keyOf(item, key);
      left = left.filter((original) => original[key] !== value);
    } else if (directive !== undefined) throw refused(`unknown patch type: ${String(directive)}`);
  }
  const plain = patch.filter((item) => !Object.hasOwn(item, DIRECTIVE));
  return [replaces ? [] : left, plain];
}

function objects(items: readonly unknown[], key: string): readonly Draft[] {
  for (const item of items) {
    if (!isDraft(item)) throw refused(`an item of a list that is merged by ${key} is no object`);
  }
  return items as readonly Draft[];
}

function keyOf(item: Draft, key: string): unknown {
  if (Object.hasOwn(item, key)) return item[key];
  throw refused(`an item of a list does not contain declared merge key: ${key}`);
}

function refused(reason: string): SignetError {
  return new SignetError("inject.bad_template", `Cannot merge a template's result: ${reason}`, {
    fields: { reason },
  });
}

/** What is wrong, without what was tried: for messages that say that themselves. */
export function mergeReason(thrown: unknown): string {
  const reason = thrown instanceof SignetError ? thrown.fields["reason"] : undefined;
  return typeof reason === "string" ? reason : messageOf(thrown);
}
