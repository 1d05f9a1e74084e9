/** Functions on maps. `set`, `unset` and the merges change the map that they are given, as sprig's do. */
import { look } from "../allowance.ts";
import { fault } from "../failure.ts";
import {
  collectionType,
  elementType,
  emptyMap,
  GoNil,
  goTyped,
  isMap,
  sortedKeys,
  type TemplateFunction,
  truth,
  typeName,
} from "../go_values.ts";
import { MAX_VALUE_DEPTH } from "../limits.ts";
import { goFunction } from "../signature.ts";
import { textOf } from "./arguments.ts";
import { deepCopy } from "./deep_equal.ts";

type GoMap = Record<string, unknown>;

/** The members of a map that may be nil. */
function membersOf(map: unknown): Readonly<GoMap> {
  return map instanceof GoNil ? {} : map as GoMap;
}

/** A map that is to be changed. */
function changeable(map: unknown): GoMap {
  if (map instanceof GoNil) throw fault("assignment to entry in nil map");
  return map as GoMap;
}

function put(map: GoMap, key: string, value: unknown): void {
  // A plain assignment of `__proto__` would be no member.
  if (key === "__proto__") {
    Object.defineProperty(map, key, {
      ...{ value, writable: true, enumerable: true, configurable: true },
    });
  } else map[key] = value;
}

const copier = goFunction("any", deepCopy);

/** By their names in templates. */
export const DICT_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  dict: goFunction("...any", (...values) => {
    const map = emptyMap();
    for (let at = 0; at < values.length; at += 2) {
      map[textOf(values[at])] = at + 1 < values.length ? values[at + 1] : "";
    }
    return map;
  }),
  get: goFunction("map, string", (map, key) => {
    const members = membersOf(map);
    return Object.hasOwn(members, key as string) ? members[key as string] : "";
  }),
  set: goFunction("map, string, any", (map, key, value) => {
    put(changeable(map), key as string, value);
    return map;
  }),
  unset: goFunction("map, string", (map, key) => {
    delete (membersOf(map) as GoMap)[key as string];
    return map;
  }),
  hasKey: goFunction("map, string", (map, key) => Object.hasOwn(membersOf(map), key as string)),
  pluck: goFunction(
    "string, ...map",
    (key, ...maps) =>
      maps.map(membersOf).filter((map) => Object.hasOwn(map, key as string))
        .map((map) => map[key as string]),
  ),
  // In Go the order of both is another one each time.
  keys: goFunction(
    "...map",
    (...maps) => goTyped(maps.flatMap((map) => sortedKeys(membersOf(map))), "[]string"),
  ),
  values: goFunction("map", (map) => sortedKeys(membersOf(map)).map((key) => membersOf(map)[key])),
  pick: goFunction("map, ...string", (map, ...keys) => chosen(map, new Set(keys), true)),
  omit: goFunction("map, ...string", (map, ...keys) => chosen(map, new Set(keys), false)),
  merge: merger(false),
  mustMerge: merger(false),
  mergeOverwrite: merger(true),
  mustMergeOverwrite: merger(true),
  deepCopy: copier,
  mustDeepCopy: copier,
  dig: goFunction("...any", dig),
};

function chosen(map: unknown, keys: ReadonlySet<unknown>, isChosen: boolean): GoMap {
  const made = emptyMap();
  for (const [key, value] of Object.entries(membersOf(map))) {
    if (keys.has(key) === isChosen) made[key] = value;
  }
  return made;
}

function merger(overwrites: boolean): TemplateFunction {
  return goFunction("map, ...map", (given, ...sources) => {
    const target = given instanceof GoNil ? emptyMap() : changeable(given);
    for (const source of sources) merge(target, membersOf(source), { overwrites, depth: 0 });
    return target;
  });
}

interface Merging {
  readonly overwrites: boolean;
  readonly depth: number;
}

/** Maps are merged into maps; anything else is set where nothing was, or where it overwrites. */
function merge(target: GoMap, source: Readonly<GoMap>, merging: Merging): void {
  if (merging.depth > MAX_VALUE_DEPTH) throw fault(`merges deeper than ${MAX_VALUE_DEPTH}`);
  for (const [key, value] of Object.entries(source)) {
    look();
    const isPresent = Object.hasOwn(target, key);
    const present = isPresent ? target[key] : undefined;
    const holdsInterfaces = elementType(collectionType(source)) === "interface {}";
    if (holdsInterfaces && (value === null || value === undefined)) {
      if (merging.overwrites) put(target, key, null);
      continue;
    }
    if (isMap(value) && isMap(present)) {
      merge(present as GoMap, value, { ...merging, depth: merging.depth + 1 });
      if (truth(present)) continue;
    } else if (Array.isArray(value) && merging.overwrites) {
      put(target, key, value);
      continue;
    }
    if (merging.overwrites || !isPresent || !truth(present)) put(target, key, value);
  }
}

/** Goes down a map along keys; the default where one is missing. */
function dig(...values: readonly unknown[]): unknown {
  if (values.length < 3) throw fault("dig needs at least three arguments");
  const keys = values.slice(0, -2);
  let value = values.at(-1);
  assertType(value, "map[string]interface {}");
  for (const key of keys) assertType(key, "string");
  for (const key of keys) {
    assertType(value, "map[string]interface {}");
    const map = membersOf(value);
    if (!Object.hasOwn(map, key as string)) return values.at(-2);
    value = map[key as string];
  }
  return value;
}

function assertType(value: unknown, type: string): void {
  if (value !== null && typeName(value) === type) return;
  const actual = value === null || value === undefined ? "nil" : typeName(value);
  throw fault(`interface conversion: interface {} is ${actual}, not ${type}`);
}
