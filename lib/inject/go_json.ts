/**
 * JSON as Go writes a typed pod, and what Go says of JSON that does not fit: pods carry such texts in annotations and variables, where
 * they are compared as texts.
 */
import { type Draft, isDraft } from "./document.ts";
import type { FieldType, StructType } from "./field_table.ts";
import { quantityFault } from "./quantity.ts";

const HTML_REGEXP = /[<>&\u2028\u2029]/g;
const HTML_ESCAPES: Readonly<Record<string, string>> = {
  "<": "\\u003c",
  ">": "\\u003e",
  "&": "\\u0026",
  "\u2028": "\\u2028",
  "\u2029": "\\u2029",
};

/** JSON of a value without a type: names in order, as Go writes a map. */
export function goJson(value: unknown): string {
  if (typeof value === "string") return goText(value);
  if (Array.isArray(value)) return `[${value.map(goJson).join(",")}]`;
  if (!isDraft(value)) return JSON.stringify(value ?? null);
  const names = Object.keys(value).sort(compareBytes);
  return `{${names.map((name) => `${goText(name)}:${goJson(value[name])}`).join(",")}}`;
}

/** A text of JSON, escaped as Go does by default: fit for HTML. */
export function goText(text: string): string {
  return JSON.stringify(text).replace(HTML_REGEXP, (found) => HTML_ESCAPES[found]!);
}

/** Go's order of texts: by octets, which for UTF-16 differs only beyond the basic plane. */
export function compareBytes(one: string, other: string): number {
  return one < other ? -1 : one > other ? 1 : 0;
}

/** JSON of a struct: its fields in order, without those that are empty. */
export function structJson(struct: StructType, value: Draft): string {
  const members: string[] = [];
  for (const { name, type, always } of struct.fields) {
    const held = Object.hasOwn(value, name) ? value[name] : undefined;
    if (!always && isEmptyOf(type, held)) continue;
    members.push(`${goText(name)}:${typedJson(type, held)}`);
  }
  return `{${members.join(",")}}`;
}

function typedJson(type: FieldType, value: unknown): string {
  switch (type.kind) {
    case "pointer":
      return value === undefined || value === null ? "null" : typedJson(type.of, value);
    case "list":
      if (!Array.isArray(value)) return "null";
      return `[${value.map((item) => typedJson(type.of, item)).join(",")}]`;
    case "map": {
      if (!isDraft(value)) return "null";
      const names = Object.keys(value).sort(compareBytes);
      const members = names.map((name) => `${goText(name)}:${typedJson(type.of, value[name])}`);
      return `{${members.join(",")}}`;
    }
    case "struct":
      return structJson(type.struct, isDraft(value) ? value : {});
    case "scalar":
      return goJson(value ?? zeroOf(type.name));
  }
}

/** The value of a scalar that was not given. */
export function zeroOf(name: string): unknown {
  switch (name) {
    case "bool":
      return false;
    case "string":
      return "";
    case "quantity":
      return "0";
    case "time":
    case "any":
    case "bytes":
      return null;
    default:
      return 0;
  }
}

/** True for what `omitempty` leaves out; a struct is never empty. */
function isEmptyOf(type: FieldType, value: unknown): boolean {
  if (value === undefined || value === null) return type.kind !== "struct";
  if (Array.isArray(value)) return value.length === 0;
  if (type.kind === "map") return isDraft(value) && Object.keys(value).length === 0;
  return type.kind === "scalar" && (value === "" || value === 0 || value === false);
}

/** Why Go would not take a document as a struct, in its words; `undefined` when it would. */
export function typeFault(struct: StructType, value: unknown): string | undefined {
  if (value === null) return undefined;
  if (!isDraft(value)) return mismatch(value, { struct: "", path: "" }, `v1.${struct.name}`);
  return structFault(struct, value, "");
}

interface Place {
  readonly struct: string;
  readonly path: string;
}

function structFault(struct: StructType, value: Draft, path: string): string | undefined {
  for (const name of Object.keys(value)) {
    const field = struct.byName.get(name);
    const held = value[name];
    if (field === undefined || held === null || held === undefined) continue;
    const at = path === "" ? name : `${path}.${name}`;
    const fault = valueFault(field.type, held, { struct: struct.name, path: at });
    if (fault !== undefined) return fault;
  }
  return undefined;
}

function valueFault(type: FieldType, value: unknown, place: Place): string | undefined {
  if (value === null) return undefined;
  switch (type.kind) {
    case "pointer":
      return valueFault(type.of, value, place);
    case "struct":
      if (!isDraft(value)) return mismatch(value, place, goName(type));
      return structFault(type.struct, value, place.path);
    case "list":
      if (!Array.isArray(value)) return mismatch(value, place, goName(type));
      return firstFault(value, (item) => valueFault(type.of, item, place));
    case "map":
      if (!isDraft(value)) return mismatch(value, place, goName(type));
      return firstFault(Object.values(value), (item) => valueFault(type.of, item, place));
    case "scalar":
      return scalarFault(type.name, value, place);
  }
}

function firstFault(
  values: readonly unknown[],
  faultOf: (value: unknown) => string | undefined,
): string | undefined {
  for (const value of values) {
    const fault = faultOf(value);
    if (fault !== undefined) return fault;
  }
  return undefined;
}

const INT_LIMITS: Readonly<Record<string, readonly [least: number, most: number]>> = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  int64: [-(2 ** 63), 2 ** 63 - 1],
};

function scalarFault(name: string, value: unknown, place: Place): string | undefined {
  switch (name) {
    case "any":
      return undefined;
    case "bool":
      return typeof value === "boolean" ? undefined : mismatch(value, place, name);
    case "int32":
    case "int64": {
      if (typeof value !== "number") return mismatch(value, place, name);
      const [least, most] = INT_LIMITS[name]!;
      if (Number.isInteger(value) && value >= least && value <= most) return undefined;
      return mismatch(value, place, name, `number ${value}`);
    }
    case "intOrString":
      if (typeof value === "string" || Number.isInteger(value)) return undefined;
      return mismatch(value, { struct: "", path: "" }, "int32");
    case "quantity":
      if (typeof value === "number") return undefined;
      if (typeof value !== "string") return quantityFault(JSON.stringify(value));
      return quantityFault(value.trim());
    default:
      return typeof value === "string" ? undefined : mismatch(value, place, "string");
  }
}

function mismatch(value: unknown, { struct, path }: Place, type: string, said?: string): string {
  const what = said ??
    (Array.isArray(value) ? "array" : isDraft(value) ? "object" : typeName(value));
  const where = path === ""
    ? `Go value of type ${type}`
    : `Go struct field ${struct}.${path} of type ${type}`;
  return `json: cannot unmarshal ${what} into ${where}`;
}

function typeName(value: unknown): string {
  return typeof value === "boolean" ? "bool" : typeof value;
}

function goName(type: FieldType): string {
  switch (type.kind) {
    case "pointer":
      return goName(type.of);
    case "list":
      return `[]${goName(type.of)}`;
    case "map":
      return `map[string]${goName(type.of)}`;
    case "struct":
      return `v1.${type.struct.name}`;
    case "scalar":
      return type.name;
  }
}
