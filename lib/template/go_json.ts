/** JSON as Go's `encoding/json` writes and reads it. */
import { look } from "./allowance.ts";
import { fault } from "./failure.ts";
import { formatFloat } from "./go_float.ts";
import {
  GoInt,
  GoNamed,
  GoNil,
  GoStruct,
  isMap,
  kindOfType,
  sortedKeys,
  structField,
  typeName,
} from "./go_values.ts";
import { MAX_MADE_CHARS, MAX_VALUE_DEPTH, MAX_VISITED } from "./limits.ts";

/** How JSON is written. */
export interface JsonOptions {
  /** True to write `<`, `>` and `&` as they are. Default: false, they are escaped. */
  readonly isRaw?: boolean;
  /** What one level is indented by. Default: nothing, and all on one line. */
  readonly indent?: string;
}

interface Writer {
  readonly isRaw: boolean;
  readonly indent: string;
  values: number;
  characters: number;
}

/**
 * A value as JSON; the keys of maps are sorted.
 *
 * @throws {SignetError} `template.failed` for what has no JSON: functions, NaN and infinities.
 */
export function encodeJson(value: unknown, options: JsonOptions = {}): string {
  const { isRaw = false, indent = "" } = options;
  return encode(value, 0, { isRaw, indent, values: 0, characters: 0 });
}

function encode(value: unknown, depth: number, writer: Writer): string {
  look();
  if (++writer.values > MAX_VISITED || depth > MAX_VALUE_DEPTH) {
    throw fault(`json: more than ${MAX_VISITED} values or deeper than ${MAX_VALUE_DEPTH}`);
  }
  const text = encodeAny(value, depth, writer);
  writer.characters += text.length;
  if (writer.characters > MAX_MADE_CHARS * 4) {
    throw fault(`json: more than ${MAX_MADE_CHARS} characters`);
  }
  return text;
}

function encodeAny(value: unknown, depth: number, writer: Writer): string {
  switch (typeof value) {
    case "string":
      return encodeText(value, writer.isRaw);
    case "boolean":
      return String(value);
    case "number":
      return encodeFloat(value);
    case "object":
      break;
    default:
      if (value === undefined) return "null";
      throw fault(`json: unsupported type: ${typeName(value)}`);
  }
  if (value === null) return "null";
  if (value instanceof GoInt) return String(value.value);
  if (value instanceof GoNil) {
    if (kindOfType(value.type) === "func") throw fault(`json: unsupported type: ${value.type}`);
    return "null";
  }
  if (value instanceof GoNamed) {
    return encode(value.type.toJson?.(value) ?? value.value, depth + 1, writer);
  }
  if (value instanceof GoStruct) return encodeStruct(value, depth, writer);
  if (Array.isArray(value)) {
    return inBrackets(
      "[]",
      value.map((member) => encode(member, depth + 1, writer)),
      depth,
      writer,
    );
  }
  return isMap(value) ? encodeMap(value, sortedKeys(value), depth, writer) : "null";
}

function encodeStruct(value: GoStruct, depth: number, writer: Writer): string {
  const { toJson, fields } = value.type;
  if (toJson !== undefined) return encode(toJson(value), depth + 1, writer);
  const names = Object.keys(fields);
  const members = Object.fromEntries(names.map((name) => [name, structField(value, name)]));
  return encodeMap(members, names, depth, writer);
}

function encodeMap(
  map: Readonly<Record<string, unknown>>,
  keys: readonly string[],
  depth: number,
  writer: Writer,
): string {
  const colon = writer.indent === "" ? ":" : ": ";
  const members = keys.map((key) =>
    encodeText(key, writer.isRaw) + colon + encode(map[key], depth + 1, writer)
  );
  return inBrackets("{}", members, depth, writer);
}

function inBrackets(
  brackets: string,
  members: readonly string[],
  depth: number,
  { indent }: Writer,
): string {
  if (members.length === 0) return brackets;
  if (indent === "") return brackets[0] + members.join(",") + brackets[1];
  const line = `\n${indent.repeat(depth + 1)}`;
  const last = `\n${indent.repeat(depth)}`;
  return brackets[0] + line + members.join(`,${line}`) + last + brackets[1];
}

/** What JavaScript writes as it is and Go does not. */
const ALWAYS_ESCAPED_REGEXP = /[\u2028\u2029]/g;
const HTML_REGEXP = /[<>&\u2028\u2029]/g;

function encodeText(text: string, isRaw: boolean): string {
  return JSON.stringify(text.toWellFormed()).replaceAll(
    isRaw ? ALWAYS_ESCAPED_REGEXP : HTML_REGEXP,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
}

function encodeFloat(value: number): string {
  if (!Number.isFinite(value)) {
    throw fault(`json: unsupported value: ${formatFloat(value, "g", -1)}`);
  }
  return Object.is(value, -0) ? "-0" : String(value);
}

/** A value out of JSON: its numbers are floats. Undefined when the text is no JSON. */
export function decodeJson(text: string): { readonly value: unknown } | undefined {
  try {
    const value: unknown = JSON.parse(text, checkedJson);
    return { value };
  } catch {
    return undefined;
  }
}

/** Half a surrogate pair, which JSON can spell and UTF-8 cannot, becomes U+FFFD; a number must be a float64. */
function checkedJson(_key: string, value: unknown): unknown {
  if (typeof value === "number" && !Number.isFinite(value)) throw fault("json: no float64");
  return typeof value === "string" ? value.toWellFormed() : value;
}
