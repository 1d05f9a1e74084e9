/**
 * Messages of Istio's mesh config as protobuf's JSON: read with every type checked, kept without what is zero, written in the order of the
 * fields. A message here is an object by JSON names in which enums are names and durations `1.5s`.
 */
import { parseGoDuration } from "../base/mod.ts";
import { type Draft, emptyDraft, isDraft } from "./document.ts";
import type { FieldRow, FieldType, StructType } from "./field_table.ts";
import { compareBytes, goJson, goText } from "./go_json.ts";
import { goQuote } from "./go_words.ts";

/** Names of enums' values with their numbers, by the enum's name. */
export type EnumTable = Readonly<Record<string, string>>;

/** What a message cannot be read for, in protobuf's words. */
export class BadMessage {
  /** The words. */
  readonly reason: string;

  /** Says so. */
  constructor(reason: string) {
    this.reason = reason;
  }
}

/**
 * Reads a message; fields that it has not are left out.
 *
 * @param options `keepsZero` keeps fields of the message itself that are given as zero.
 * @throws {BadMessage} nothing else.
 */
export function readMessage(
  type: StructType,
  value: unknown,
  enums: EnumTable,
  options: { readonly keepsZero?: boolean } = {},
): Draft {
  const message = emptyDraft();
  if (value === null) return message;
  if (!isDraft(value)) throw mismatch(value, "map[string]json.RawMessage");
  for (const field of type.fields) {
    const held = given(value, field);
    if (held === undefined || held === null) continue;
    const read = readField(field.type, held, enums);
    const isLeftOut = options.keepsZero !== true && field.oneof === undefined;
    if (isLeftOut && isZero(field.type, read)) continue;
    setField(type, message, field, read);
  }
  return message;
}

/** Sets a field, and clears those that it excludes. */
export function setField(type: StructType, message: Draft, field: FieldRow, value: unknown): void {
  if (field.oneof !== undefined) {
    for (const other of type.fields) if (other.oneof === field.oneof) delete message[other.name];
  }
  message[field.name] = value;
}

/** A field by its name in JSON, or in the .proto file. */
function given(value: Draft, { name }: FieldRow): unknown {
  if (Object.hasOwn(value, name)) return value[name];
  const original = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return Object.hasOwn(value, original) ? value[original] : undefined;
}

function readField(type: FieldType, value: unknown, enums: EnumTable): unknown {
  switch (type.kind) {
    case "list":
      if (!Array.isArray(value)) throw mismatch(value, "[]json.RawMessage");
      return value.map((item) => readField(type.of, item, enums));
    case "map": {
      if (!isDraft(value)) throw mismatch(value, "map[string]json.RawMessage");
      const map = emptyDraft();
      for (const name of Object.keys(value)) map[name] = readField(type.of, value[name], enums);
      return map;
    }
    case "struct":
      return readMessage(type.struct, value, enums);
    case "pointer":
      return readField(type.of, value, enums);
    case "scalar":
      return readScalar(type.name, value, enums);
  }
}

function readScalar(name: string, value: unknown, enums: EnumTable): unknown {
  switch (name) {
    case "bool":
    case "BoolValue":
      if (typeof value !== "boolean") throw mismatch(value, "bool");
      return value;
    case "string":
    case "StringValue":
      if (typeof value !== "string") throw mismatch(value, "string");
      return value;
    case "Duration":
      return readDuration(value);
    case "int32":
    case "Int32Value":
      return readInt(value, "int32", [-(2 ** 31), 2 ** 31 - 1]);
    case "uint32":
    case "UInt32Value":
      return readInt(value, "uint32", [0, 2 ** 32 - 1]);
    case "int64":
    case "Int64Value":
      return readInt(value, "int64", [-(2 ** 63), 2 ** 63]);
    case "uint64":
    case "UInt64Value":
      return readInt(value, "uint64", [0, 2 ** 64]);
    case "double":
    case "float":
    case "DoubleValue":
    case "FloatValue":
      return readFloat(value);
    default:
      return Object.hasOwn(enums, name) ? readEnum(name, value, enums[name]!) : value;
  }
}

function readDuration(value: unknown): string {
  if (typeof value !== "string") throw mismatch(value, "string");
  const ms = parseGoDuration(value);
  if (ms === undefined) {
    throw new BadMessage(`bad Duration: time: invalid duration ${goQuote(value)}`);
  }
  return formatDuration(ms);
}

/** A duration as protobuf writes it: seconds with 0, 3, 6 or 9 digits after the point. */
function formatDuration(ms: number): string {
  const nanos = BigInt(Math.round(Math.abs(ms) * 1e6));
  const rest = String(nanos % 1_000_000_000n).padStart(9, "0").replace(/(?:000)+$/, "");
  return `${ms < 0 ? "-" : ""}${nanos / 1_000_000_000n}${rest === "" ? "" : `.${rest}`}s`;
}

/** Milliseconds of a duration in a message. */
export function durationMs(value: unknown): number {
  return typeof value === "string" ? parseGoDuration(value) ?? 0 : 0;
}

function readInt(value: unknown, name: string, [least, most]: readonly [number, number]): number {
  const text = typeof value === "string" ? value : undefined;
  const number = text === undefined ? value : /^-?[0-9]+$/.test(text) ? Number(text) : NaN;
  if (typeof number !== "number") throw mismatch(value, name);
  if (Number.isNaN(number)) {
    const first = goQuote(text === "" ? "" : text![0]!).replaceAll('"', "'");
    throw new BadMessage(
      text === ""
        ? "unexpected end of JSON input"
        : `invalid character ${first} looking for beginning of value`,
    );
  }
  if (Number.isInteger(number) && number >= least && number <= most) return number;
  throw new BadMessage(`json: cannot unmarshal number ${number} into Go value of type ${name}`);
}

function readFloat(value: unknown): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number") throw mismatch(value, "float64");
  if (Number.isNaN(number)) throw new BadMessage(`${goQuote(String(value))} is no number`);
  return number;
}

function readEnum(name: string, value: unknown, table: string): string | number {
  const rows = table.split(" ").map((row) => row.split("="));
  if (typeof value === "string") {
    if (rows.some(([each]) => each === value)) return value;
    throw new BadMessage(`unknown value ${goQuote(JSON.stringify(value))} for enum ${name}`);
  }
  if (typeof value !== "number" || !Number.isInteger(value)) {
    throw mismatch(value, "protoreflect.EnumNumber");
  }
  return rows.find(([, number]) => Number(number) === value)?.[0] ?? value;
}

/** True for what protobuf does not write. */
export function isZero(type: FieldType, value: unknown): boolean {
  if (type.kind === "struct" || type.kind === "pointer") return false;
  if (type.kind === "list") return Array.isArray(value) && value.length === 0;
  if (type.kind === "map") return Object.keys(value as Draft).length === 0;
  // A wrapper or a duration that is given is given.
  if (type.kind !== "scalar" || /^[A-Z]/.test(type.name)) return false;
  return value === 0 || value === "" || value === false;
}

/** What an enum's first value, which protobuf does not write, is called. */
export function zeroName(table: string): string {
  return table.split(" ").map((row) => row.split("=")).find(([, number]) => number === "0")?.[0] ??
    "";
}

/** JSON of a message, as protobuf writes it. */
export function messageJson(type: StructType, message: Draft, enums: EnumTable): string {
  const members: string[] = [];
  for (const { name, type: of } of type.fields) {
    if (!Object.hasOwn(message, name)) continue;
    const value = message[name];
    const isZeroEnum = of.kind === "scalar" && Object.hasOwn(enums, of.name) &&
      value === zeroName(enums[of.name]!);
    if (!isZeroEnum) members.push(`${goText(name)}:${fieldJson(of, value, enums)}`);
  }
  return `{${members.join(",")}}`;
}

function fieldJson(type: FieldType, value: unknown, enums: EnumTable): string {
  if (type.kind === "list" && Array.isArray(value)) {
    return `[${value.map((item) => fieldJson(type.of, item, enums)).join(",")}]`;
  }
  if (type.kind === "map" && isDraft(value)) {
    const names = Object.keys(value).sort(compareBytes);
    const members = names.map((name) =>
      `${goText(name)}:${fieldJson(type.of, value[name], enums)}`
    );
    return `{${members.join(",")}}`;
  }
  return type.kind === "struct" && isDraft(value)
    ? messageJson(type.struct, value, enums)
    : type.kind === "scalar" && /64/.test(type.name) && typeof value === "number"
    ? `"${value}"`
    : goJson(value);
}

function mismatch(value: unknown, type: string): BadMessage {
  const what = Array.isArray(value) ? "array" : isDraft(value) ? "object" : typeof value;
  return new BadMessage(
    `json: cannot unmarshal ${what === "boolean" ? "bool" : what} into Go value of type ${type}`,
  );
}
