/** Descriptions of what holds values: objects with named fields, lists, maps of texts to values. */
import {
  type Cursor,
  fault,
  type Json,
  misfit,
  pathOf,
  type Schema,
  type ValueOf,
} from "./port.ts";
import { describe } from "./scalar.ts";

/** Most elements of a list and entries of a map, where nothing else is said. */
const MAX_ELEMENTS = 10_000;

/** A mapping as it is written. */
export type Raw = Readonly<Record<string, unknown>>;

/** Fields by name. */
export type Fields = Readonly<Record<string, Schema<unknown, unknown>>>;

/** The object that a set of fields describes. */
export type ObjectOf<F extends Fields> = { readonly [Name in keyof F]: ValueOf<F[Name]> };

/** What an object must be beyond its fields. */
export interface ObjectRules<Name extends string> {
  /** Fields that must be written. */
  readonly required?: readonly Name[];
  /** Groups of fields of which one at most may be written. */
  readonly oneOf?: readonly (readonly Name[])[];
  /** Other spellings of fields. */
  readonly aliases?: Readonly<Record<string, Name>>;
  /** A rule over the fields as they are written. */
  readonly check?: (raw: Raw, at: Cursor) => void;
}

/** An object with these fields; `undefined` when it is not written. */
export function object<F extends Fields>(
  fields: F,
  { required = [], oneOf = [], aliases = {}, check }: ObjectRules<keyof F & string> = {},
): Schema<ObjectOf<F>, undefined> {
  const entries = Object.entries(fields);
  const known = new Set([...entries.map(([name]) => name), ...Object.keys(aliases)]);
  const readFields = (raw: Raw, at: Cursor) => {
    const values: Record<string, unknown> = {};
    for (const [name, schema] of entries) {
      const value = Object.hasOwn(raw, name) ? raw[name] : undefined;
      values[name] = value === undefined
        ? schema.missing
        : readField(schema, value, { findings: at.findings, up: at, step: name });
    }
    return values as ObjectOf<F>;
  };
  const read = (value: unknown, at: Cursor) => {
    const written = readMapping(value, at);
    for (const name of Object.keys(written)) {
      if (known.has(name)) continue;
      const fields = entries.map(([name]) => name).join(", ");
      at.findings.unknownField([...pathOf(at), name], `is not a field here; fields are ${fields}`);
    }
    const raw = withoutAliases(written, aliases, at);
    for (const name of required) {
      if (raw[name] === undefined) misfit({ ...at, up: at, step: name }, "is missing");
    }
    for (const group of oneOf) {
      const [first, second] = group.filter((name) => raw[name] !== undefined);
      if (second === undefined) continue;
      misfit({ ...at, up: at, step: second }, `and ${first} exclude each other: give one`);
    }
    check?.(raw, at);
    return readFields(raw, at);
  };
  const write = (value: ObjectOf<F>): Json =>
    Object.fromEntries(
      entries.flatMap(([name, schema]) => {
        const field: unknown = value[name];
        if (field === undefined) return [];
        const json = schema.write(field) ??
          (required.includes(name) ? writtenZero(field) : undefined);
        return json === undefined ? [] : [[name, json]];
      }),
    );
  return { missing: undefined, read, write };
}

/** A field; null is a fault of its own where it may not stand. */
function readField(schema: Schema<unknown, unknown>, value: unknown, at: Cursor): unknown {
  if (value !== null) return schema.read(value, at);
  if (!schema.nullable) misfit(at, "is null: give it a value, or leave it out");
  return schema.missing;
}

function readMapping(value: unknown, at: Cursor): Raw {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Raw;
  misfit(at, `is ${describe(value)}, should be a mapping`);
  return {};
}

function withoutAliases(
  raw: Raw,
  aliases: Readonly<Record<string, string>>,
  at: Cursor,
): Raw {
  const used = Object.keys(aliases).filter((alias) => Object.hasOwn(raw, alias));
  if (used.length === 0) return raw;
  const copy: Record<string, unknown> = { ...raw };
  for (const alias of used) {
    const name = aliases[alias]!;
    if (Object.hasOwn(raw, name)) {
      misfit({ ...at, up: at, step: alias }, `and ${name} are one field: give one`);
    } else copy[name] = raw[alias];
    delete copy[alias];
  }
  return copy;
}

/** How many there may be. */
export interface CountRules {
  /** Fewest. */
  readonly min?: number;
  /** Most. */
  readonly max?: number;
}

/** A list; empty when it is not written. */
export function list<T, Missing>(
  element: Schema<T, Missing>,
  { min = 0, max = MAX_ELEMENTS }: CountRules = {},
): Schema<readonly T[]> {
  const read = (value: unknown, at: Cursor) => {
    if (!Array.isArray(value)) {
      misfit(at, `is ${describe(value)}, should be a list`);
      return [];
    }
    if (!checkCount(value.length, { min, max, what: "elements" }, at)) return [];
    return value.map((each, step) => element.read(each, { findings: at.findings, up: at, step }));
  };
  const write = (value: readonly T[]) =>
    value.length === 0 ? undefined : value.map((each) => element.write(each) ?? writtenZero(each));
  return { missing: [], read, write };
}

/** A map of texts to values; empty when it is not written. */
export function map<T, Missing>(
  element: Schema<T, Missing>,
  { min = 0, max = MAX_ELEMENTS, checkKey }: CountRules & {
    readonly checkKey?: (key: string) => string | undefined;
  } = {},
): Schema<Readonly<Record<string, T>>> {
  const read = (value: unknown, at: Cursor) => {
    const entries = Object.entries(readMapping(value, at));
    if (!checkCount(entries.length, { min, max, what: "entries" }, at)) return {};
    return Object.fromEntries(entries.map(([key, each]) => {
      const place: Cursor = { findings: at.findings, up: at, step: key };
      fault(place, checkKey?.(key));
      return [key, element.read(each, place)];
    }));
  };
  const write = (value: Readonly<Record<string, T>>) => {
    const entries = Object.entries(value);
    if (entries.length === 0) return undefined;
    return Object.fromEntries(
      entries.map(([key, each]) => [key, element.write(each) ?? writtenZero(each)]),
    );
  };
  return { missing: {}, read, write };
}

function checkCount(
  count: number,
  { min, max, what }: { readonly min: number; readonly max: number; readonly what: string },
  at: Cursor,
): boolean {
  if (count > max) misfit(at, `has ${count} ${what}, at most ${max} are read`);
  else if (count < min) misfit(at, `has ${count} ${what}, should have at least ${min}`);
  return count <= max;
}

/** In a list and a map what is there is written, its zero too; so is a field that must be there. */
function writtenZero(value: unknown): Json {
  return value as Json;
}
