/**
 * The resources of one type that a proxy has: parts, each of which is shared by all proxies that see the same. What changed between two
 * sets is found once for each pair of parts, however many proxies go from the one to the other.
 */
import { equalBytes } from "../base/mod.ts";
import type { Resource } from "./encode.ts";

/** Resources by name. Never changed after it was made. */
export type ResourcePart = ReadonlyMap<string, Resource>;

/** Parts whose names do not overlap. */
export type ResourceSet = readonly ResourcePart[];

/** What must be sent to go from one set to another. */
export interface ResourceDiff {
  /** New ones, and those with another content. */
  readonly changed: readonly Resource[];
  /** Names that are no more. */
  readonly removed: readonly string[];
}

/** A part of these resources. */
export function part(resources: Iterable<Resource>): ResourcePart {
  return new Map([...resources].map((resource) => [resource.name, resource]));
}

/** The resource of a name. */
export function find(set: ResourceSet, name: string): Resource | undefined {
  for (const each of set) {
    const resource = each.get(name);
    if (resource !== undefined) return resource;
  }
  return undefined;
}

/** All resources, in order of parts. */
export function all(set: ResourceSet): readonly Resource[] {
  return set.flatMap((each) => [...each.values()]);
}

const NOTHING: ResourceDiff = { changed: [], removed: [] };
const EMPTY: ResourcePart = new Map();

/** Finds differences, and remembers them for as long as both sides live. */
export interface Differ {
  /** What must be sent to go from `before` to `after`. */
  between(before: ResourceSet, after: ResourceSet): ResourceDiff;
}

/** Makes a {@linkcode Differ}. */
export function createDiffer(): Differ {
  const known = new WeakMap<ResourcePart, WeakMap<ResourcePart, ResourceDiff>>();
  const ofParts = (before: ResourcePart, after: ResourcePart): ResourceDiff => {
    if (before === after) return NOTHING;
    let from = known.get(before);
    if (from === undefined) known.set(before, from = new WeakMap());
    const found = from.get(after) ?? compare(before, after);
    from.set(after, found);
    return found;
  };
  return {
    between(before, after) {
      if (before === after) return NOTHING;
      const parts = Array.from(
        { length: Math.max(before.length, after.length) },
        (_, at) => ofParts(before[at] ?? EMPTY, after[at] ?? EMPTY),
      ).filter((diff) => diff.changed.length + diff.removed.length > 0);
      if (parts.length <= 1) return parts[0] ?? NOTHING;
      return {
        changed: parts.flatMap(({ changed }) => changed),
        removed: parts.flatMap(({ removed }) => removed),
      };
    },
  };
}

function compare(before: ResourcePart, after: ResourcePart): ResourceDiff {
  const changed = [...after.values()].filter((resource) => {
    const known = before.get(resource.name);
    return known !== resource && !(known !== undefined && equalBytes(known.bytes, resource.bytes));
  });
  const removed = [...before.keys()].filter((name) => !after.has(name));
  return changed.length + removed.length === 0 ? NOTHING : { changed, removed };
}
