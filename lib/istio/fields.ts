/**
 * Reading fields of a YAML document: each reader checks one kind of value and reports what is wrong by the field's path, so that a
 * person sees every fault of a file at once. A field that no reader names is a fault too: it is a misspelt one.
 */
import { quote } from "../base/mod.ts";

/** Steps from the document to a field. */
export type FieldPath = readonly (string | number)[];

/** Where faults go. */
export interface FieldContext {
  /** Reports a fault of the field at `path`. */
  fault(path: FieldPath, reason: string): void;
}

/** Longest text of a field; Kubernetes ends an object at about a megabyte, and a name far earlier. */
const MAX_TEXT_CHARS = 4096;
/** Most elements of a list and entries of a map. */
const MAX_ELEMENTS = 10_000;

/** `spec.ports[0].number`. */
export function formatPath(path: FieldPath): string {
  return path.reduce<string>(
    (text, step) =>
      typeof step === "number" ? `${text}[${step}]` : text === "" ? step : `${text}.${step}`,
    "",
  );
}

/** What a value is, for messages. */
function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : quote(String(value));
}

/** A mapping with only `known` fields; a missing one reads as empty. */
export function readMapping(
  value: unknown,
  path: FieldPath,
  { known, context }: { readonly known?: readonly string[]; readonly context: FieldContext },
): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    context.fault(path, `is ${describe(value)}, should be a mapping`);
    return {};
  }
  const entries = Object.entries(value);
  if (entries.length > MAX_ELEMENTS) {
    context.fault(path, `has ${entries.length} fields, at most ${MAX_ELEMENTS} are read`);
    return {};
  }
  if (known !== undefined) {
    for (const [key] of entries) {
      if (!known.includes(key)) {
        context.fault([...path, key], `is not a field here; fields are ${known.join(", ")}`);
      }
    }
  }
  return Object.fromEntries(entries);
}

/** A text; `fallback` when it is missing. */
export function readText(
  value: unknown,
  path: FieldPath,
  { fallback = "", context }: { readonly fallback?: string; readonly context: FieldContext },
): string {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "string") {
    context.fault(path, `is ${describe(value)}, should be a text; put it in quotes`);
    return fallback;
  }
  if (value.length > MAX_TEXT_CHARS) {
    context.fault(path, `has ${value.length} characters, at most ${MAX_TEXT_CHARS} are read`);
    return fallback;
  }
  return value;
}

/** A whole number between two bounds, both included; `undefined` when it is missing or wrong. */
export function readInteger(
  value: unknown,
  path: FieldPath,
  { min, max, context }: {
    readonly min: number;
    readonly max: number;
    readonly context: FieldContext;
  },
): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
    return value;
  }
  context.fault(path, `is ${describe(value)}, should be a whole number from ${min} to ${max}`);
  return undefined;
}

/** One of a few words; the first when it is missing or wrong. */
export function readChoice<const T extends string>(
  value: unknown,
  path: FieldPath,
  { choices, context }: { readonly choices: readonly [T, ...T[]]; readonly context: FieldContext },
): T {
  const text = readText(value, path, { fallback: choices[0], context });
  const found = choices.find((choice) => choice === text);
  if (found !== undefined) return found;
  context.fault(path, `is ${quote(text)}, should be one of ${choices.join(", ")}`);
  return choices[0];
}

/** A list; `each` reads one element, and elements for which it returns `undefined` are left out. */
export function readList<T>(
  value: unknown,
  path: FieldPath,
  { each, context }: {
    readonly each: (element: unknown, path: FieldPath) => T | undefined;
    readonly context: FieldContext;
  },
): readonly T[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) {
    context.fault(path, `is ${describe(value)}, should be a list`);
    return [];
  }
  if (value.length > MAX_ELEMENTS) {
    context.fault(path, `has ${value.length} elements, at most ${MAX_ELEMENTS} are read`);
    return [];
  }
  return value.map((element, at) => each(element, [...path, at])).filter((read) =>
    read !== undefined
  );
}

/** A list of texts without repeats; `check` says what is wrong with one of them. */
export function readTexts(
  value: unknown,
  path: FieldPath,
  { check, context }: {
    readonly check?: (text: string) => string | undefined;
    readonly context: FieldContext;
  },
): readonly string[] {
  const seen = new Set<string>();
  const each = (element: unknown, at: FieldPath) => {
    const text = readText(element, at, { context });
    if (typeof element !== "string") {
      if (element === null) context.fault(at, "is null, should be a text");
      return undefined;
    }
    const wrong = seen.has(text) ? "is there twice" : check?.(text);
    seen.add(text);
    if (wrong === undefined) return text;
    context.fault(at, `${quote(text)} ${wrong}`);
    return undefined;
  };
  return readList(value, path, { each, context });
}

/** A mapping of texts to texts. */
export function readTextMap(
  value: unknown,
  path: FieldPath,
  context: FieldContext,
): Readonly<Record<string, string>> {
  if (value === null) return {};
  const mapping = readMapping(value, path, { context });
  return Object.fromEntries(
    Object.entries(mapping).map((
      [key, text],
    ) => [key, readText(text, [...path, key], { context })]),
  );
}
