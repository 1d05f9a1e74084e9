/** Descriptions of single values: texts, numbers, truth, choices, durations (Go's notation, as Istio reads them), octets. */
import { formatGoDuration, parseGoDuration, quote } from "../../base/mod.ts";
import { type Cursor, fault, type Json, misfit, type Schema } from "./port.ts";

/** Longest text of a field that says nothing else: a name is far shorter. */
const MAX_TEXT_CHARS = 4096;
const MAX_INT32 = 0x7fff_ffff;
const MAX_UINT32 = 0xffff_ffff;
const NANOS_OF_MS = 1e6;

/** What a value is, for messages. */
export function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "a mapping" : quote(String(value));
}

/** What a text must be. */
export interface TextRules {
  /** Fewest characters. */
  readonly min?: number;
  /** Most characters. */
  readonly max?: number;
  /** What is wrong with a text; `undefined` when nothing is. */
  readonly check?: (text: string) => string | undefined;
}

/** A text; empty when it is not written. */
export function text({ min = 0, max = MAX_TEXT_CHARS, check }: TextRules = {}): Schema<string> {
  const read = (value: unknown, at: Cursor) => {
    if (typeof value !== "string") {
      misfit(at, `is ${describe(value)}, should be a text; put it in quotes`);
      return "";
    }
    if (value.length < min) misfit(at, "is empty, should have at least one character");
    else if (value.length > max) {
      misfit(at, `has ${value.length} characters, at most ${max} are read`);
      return "";
    } else fault(at, check?.(value));
    return value;
  };
  return { missing: "", read, write: (value) => value === "" ? undefined : value };
}

/** A whole number between two bounds, both included; 0 when it is not written. */
export function integer(
  { min, max }: { readonly min: number; readonly max: number },
): Schema<number> {
  const read = (value: unknown, at: Cursor) => {
    if (typeof value === "number" && Number.isInteger(value) && value >= min && value <= max) {
      return value;
    }
    misfit(at, `is ${describe(value)}, should be a whole number from ${min} to ${max}`);
    return 0;
  };
  return { missing: 0, read, write: (value) => value === 0 ? undefined : value };
}

/** `int32` of the proto files. */
export function int32({ min = -MAX_INT32 - 1 }: { readonly min?: number } = {}): Schema<number> {
  return integer({ min, max: MAX_INT32 });
}

/** `uint32` of the proto files. */
export function uint32(
  { min = 0, max = MAX_UINT32 }: { readonly min?: number; readonly max?: number } = {},
): Schema<number> {
  return integer({ min, max });
}

/** `uint64` of the proto files, as far as a number is exact. */
export function uint64(): Schema<number> {
  return integer({ min: 0, max: Number.MAX_SAFE_INTEGER });
}

/** A number, whole or not; 0 when it is not written. */
export function decimal(
  { min = -Infinity, max = Infinity }: { readonly min?: number; readonly max?: number } = {},
): Schema<number> {
  const read = (value: unknown, at: Cursor) => {
    if (typeof value === "number" && Number.isFinite(value) && value >= min && value <= max) {
      return value;
    }
    const range = min === -Infinity
      ? ""
      : max === Infinity
      ? ` of ${min} or more`
      : ` from ${min} to ${max}`;
    misfit(at, `is ${describe(value)}, should be a number${range}`);
    return 0;
  };
  return { missing: 0, read, write: (value) => value === 0 ? undefined : value };
}

/** True or false; false when it is not written. */
export function flag(): Schema<boolean> {
  const read = (value: unknown, at: Cursor) => {
    if (typeof value === "boolean") return value;
    misfit(at, `is ${describe(value)}, should be true or false`);
    return false;
  };
  return { missing: false, read, write: (value) => value ? true : undefined };
}

/** One of a few words; the first when it is not written. */
export function choice<const T extends string>(first: T, ...others: readonly T[]): Schema<T> {
  const choices = [first, ...others];
  const read = (value: unknown, at: Cursor) => {
    const found = choices.find((word) => word === value);
    if (found !== undefined) return found;
    misfit(at, `is ${describe(value)}, should be one of ${choices.join(", ")}`);
    return first;
  };
  return { missing: first, read, write: (value) => value === first ? undefined : value };
}

/** What a duration must be. */
export interface DurationRules {
  /** False for one that may be under a millisecond, zero and negative included. */
  readonly positive?: boolean;
  /** False for one that may have parts of a millisecond. */
  readonly wholeMs?: boolean;
}

/** A duration in Go's notation (`1.5s`, `1h30m`), in milliseconds; `undefined` when it is not written. */
export function duration(
  { positive = true, wholeMs = true }: DurationRules = {},
): Schema<number, undefined> {
  const read = (value: unknown, at: Cursor) => {
    const ms = typeof value === "string" ? parseGoDuration(value) : undefined;
    if (ms === undefined) {
      misfit(at, `is ${describe(value)}, should be a duration such as 1.5s, 300ms or 1h30m`);
      return 0;
    }
    const nanos = Math.round(ms * NANOS_OF_MS);
    if (positive && nanos < NANOS_OF_MS) fault(at, "duration must be greater than 1ms");
    else if (wholeMs && nanos % NANOS_OF_MS !== 0) {
      fault(at, "only durations to ms precision are supported");
    }
    return ms;
  };
  return { missing: undefined, read, write: (value) => formatGoDuration(value) };
}

/** Octets in base64 (RFC 4648 section 4); `undefined` when they are not written. */
export function octets({ maxChars }: { readonly maxChars: number }): Schema<Uint8Array, undefined> {
  const read = (value: unknown, at: Cursor) => {
    const isText = typeof value === "string" && !/\s/.test(value);
    if (!isText || value === "" || value.length > maxChars) {
      misfit(at, `is ${describe(value)}, should be 1 to ${maxChars} characters of base64`);
      return new Uint8Array();
    }
    try {
      return Uint8Array.fromBase64(value, { lastChunkHandling: "strict" });
    } catch {
      misfit(at, "should be base64");
      return new Uint8Array();
    }
  };
  return { missing: undefined, read, write: (value): Json => value.toBase64() };
}

/** A field whose absence says something else than its zero: a wrapper of the proto files, a member of a oneof. */
export function optional<T, Missing>(schema: Schema<T, Missing>): Schema<T, undefined> {
  return {
    missing: undefined,
    read: (value, at) => schema.read(value, at),
    // Its zero is written, too: that it is there is what counts.
    write: (value) => schema.write(value) ?? zeroOf(value),
  };
}

function zeroOf(value: unknown): Json {
  return typeof value === "string" || typeof value === "number" || typeof value === "boolean"
    ? value
    : {};
}

/** An {@linkcode optional} for which null may stand as well. */
export function nullable<T, Missing>(schema: Schema<T, Missing>): Schema<T, undefined> {
  return { ...optional(schema), nullable: true };
}
