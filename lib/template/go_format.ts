/**
 * Values as text, as Go's `fmt` writes them for a verb with its flags.
 *
 * Left out: `%p` and `%b` and `%x` of floats, and the flag `#` of floats. A pointer inside another value, which Go writes as its address, is
 * `0xc000000000`.
 */
import { look } from "./allowance.ts";
import { fault } from "./failure.ts";
import { type FloatVerb, formatFloat } from "./go_float.ts";
import { isPrintable, quoteCharacter, quoteText } from "./go_quote.ts";
import {
  collectionType,
  GoInt,
  GoNamed,
  GoNil,
  GoStruct,
  isMap,
  isUnsigned,
  methodOf,
  sortedKeys,
  structField,
  typeName,
} from "./go_values.ts";
import { MAX_MADE_CHARS, MAX_VALUE_DEPTH, MAX_VISITED } from "./limits.ts";

/** A verb with its flags. */
export interface Verb {
  /** The verb's letter. */
  readonly letter: string;
  /** `+`. */
  readonly plus?: boolean;
  /** `-`. */
  readonly minus?: boolean;
  /** `#`. */
  readonly sharp?: boolean;
  /** A space. */
  readonly space?: boolean;
  /** `0`. */
  readonly zero?: boolean;
  /** The least width in characters. */
  readonly width?: number | undefined;
  /** The precision. */
  readonly precision?: number | undefined;
  /** True inside a complaint about a verb, where no method is called. */
  readonly isComplaint?: boolean;
}

/** What one printing may look at, however often lists hold one another. */
interface Budget {
  values: number;
  characters: number;
}

const PLAIN: Verb = { letter: "v" };
const INNER_POINTER = "0xc000000000";

/** A value by `%v`. */
export function formatValue(value: unknown): string {
  return formatArgument(value, PLAIN);
}

/** An argument of `printf` by a verb. */
export function formatArgument(value: unknown, verb: Verb): string {
  if (verb.letter === "T") {
    return pad(cut(isNothing(value) ? "<nil>" : typeName(value), verb), verb);
  }
  if (isNothing(value)) return verb.letter === "v" ? pad("<nil>", verb) : `%!${verb.letter}(<nil>)`;
  return format(value, verb, 0, { values: 0, characters: 0 });
}

function isNothing(value: unknown): boolean {
  return value === undefined || value === null;
}

function format(value: unknown, verb: Verb, depth: number, budget: Budget): string {
  look();
  if (++budget.values > MAX_VISITED || depth > MAX_VALUE_DEPTH) {
    throw fault(
      `value holds more than ${MAX_VISITED} values or nests deeper than ${MAX_VALUE_DEPTH}`,
    );
  }
  const text = formatAny(value, verb, depth, budget);
  // A text is counted once in each list around it: what is counted is what was made.
  budget.characters += text.length;
  if (budget.characters > MAX_MADE_CHARS * 4) {
    throw fault(`value prints more than ${MAX_MADE_CHARS} characters`);
  }
  return text;
}

function formatAny(value: unknown, verb: Verb, depth: number, budget: Budget): string {
  switch (typeof value) {
    case "string":
      return formatText(value, verb, value);
    case "boolean":
      return verb.letter === "t" || verb.letter === "v"
        ? pad(String(value), verb)
        : complain(value, verb);
    case "number":
      return formatNumber(value, verb, value);
    case "object":
      break;
    default:
      if (value === undefined) return "<nil>";
      return verb.letter === "v" ? INNER_POINTER : complain(value, verb);
  }
  if (value === null) return isGoSyntax(verb) ? "interface {}(nil)" : "<nil>";
  if (value instanceof GoInt) return formatInteger(value, verb, value);
  const byMethod = formatByMethod(value, verb);
  if (byMethod !== undefined) return byMethod;
  if (Array.isArray(value)) return formatList(value, verb, depth, budget);
  if (value instanceof GoStruct) return formatStruct(value, verb, depth, budget);
  if (value instanceof GoNamed) return formatNamed(value, verb, depth, budget);
  if (value instanceof GoNil) return formatNil(value, verb);
  return isMap(value) ? formatMap(value, verb, depth, budget) : complain(value, verb);
}

function isGoSyntax({ letter, sharp }: Verb): boolean {
  return letter === "v" && sharp === true;
}

/** What is printed where a verb does not fit: `%!d(string=five)`. */
function complain(value: unknown, verb: Verb): string {
  const shown = format(value, { ...verb, letter: "v", isComplaint: true }, 0, {
    values: 0,
    characters: 0,
  });
  return `%!${verb.letter}(${typeName(value)}=${shown})`;
}

/** Of a value with a method `Error` or `String`, what that gives. */
function formatByMethod(value: unknown, verb: Verb): string | undefined {
  if (verb.isComplaint || isGoSyntax(verb) || !"vsxXq".includes(verb.letter)) return undefined;
  const method = methodOf(value, "Error") ?? methodOf(value, "String");
  if (method === undefined) return undefined;
  if (value instanceof GoNil) return "<nil>";
  return formatText(String(method(value)), verb, value);
}

/** Fills up to the width. */
function pad(text: string, { width, minus, zero }: Verb): string {
  if (width === undefined) return text;
  const missing = width - [...text].length;
  if (missing <= 0) return text;
  return minus ? text + " ".repeat(missing) : (zero ? "0" : " ").repeat(missing) + text;
}

/** Cuts to the precision. */
function cut(text: string, { precision }: Verb): string {
  return precision === undefined || text.length <= precision
    ? text
    : [...text].slice(0, precision).join("");
}

function formatText(text: string, verb: Verb, value: unknown): string {
  switch (verb.letter) {
    case "v":
      return isGoSyntax(verb) ? pad(quoteText(cut(text, verb)), verb) : pad(cut(text, verb), verb);
    case "s":
      return pad(cut(text, verb), verb);
    case "q": {
      const shown = cut(text, verb);
      const isRaw = verb.sharp === true && canBackquote(shown);
      return pad(isRaw ? `\`${shown}\`` : quoteText(shown, verb.plus), verb);
    }
    case "x":
    case "X":
      return formatOctets(new TextEncoder().encode(text), verb);
    default:
      return complain(value, verb);
  }
}

/** True for a text that can stand between back quotes. */
function canBackquote(text: string): boolean {
  return Array.from(text).every((character) =>
    character === "\t" || character >= " " && !"`\x7f\ufeff".includes(character)
  );
}

function formatOctets(octets: Uint8Array, { zero, ...verb }: Verb): string {
  const end = Math.min(octets.length, verb.precision ?? octets.length);
  const hex = octets.subarray(0, end).toHex();
  const pairs = hex.match(/../g) ?? [];
  const prefix = verb.sharp && end > 0 ? "0x" : "";
  const text = verb.space ? pairs.map((pair) => prefix + pair).join(" ") : prefix + hex;
  const cased = verb.letter === "X" ? text.toUpperCase() : text;
  return pad(cased, { ...verb, zero: (zero ?? false) && !(verb.minus ?? false) });
}

const FLOAT_PRECISION: Readonly<Record<string, readonly [FloatVerb, number]>> = {
  v: ["g", -1],
  g: ["g", -1],
  G: ["G", -1],
  e: ["e", 6],
  E: ["E", 6],
  f: ["f", 6],
  F: ["f", 6],
};

function formatNumber(number: number, verb: Verb, value: unknown): string {
  const form = FLOAT_PRECISION[verb.letter];
  if (form === undefined) return complain(value, verb);
  const [letter, precision] = form;
  let text = formatFloat(number, letter, verb.precision ?? precision);
  const showsSign = verb.letter === "v" ? false : verb.plus === true;
  if (!/^[+-]/.test(text) && (showsSign || verb.space)) text = (showsSign ? "+" : " ") + text;
  if (text === "+Inf" && verb.space && !showsSign) text = " Inf";
  const isFinite = Number.isFinite(number);
  const hasSign = /^[+-]/.test(text);
  if (isFinite && verb.zero && !verb.minus && hasSign && verb.width !== undefined) {
    return text[0] + pad(text.slice(1), { ...verb, width: verb.width - 1 });
  }
  return pad(text, isFinite ? verb : { ...verb, zero: false });
}

const INTEGER_BASES: Readonly<Record<string, number>> = {
  v: 10,
  d: 10,
  b: 2,
  o: 8,
  O: 8,
  x: 16,
  X: 16,
};

function formatInteger({ value, type }: GoInt, verb: Verb, whole: unknown): string {
  const base = INTEGER_BASES[verb.letter];
  if (base !== undefined) {
    const isHex = isGoSyntax(verb) && isUnsigned(type);
    const shown = isGoSyntax(verb) ? { ...verb, sharp: isHex } : verb;
    return formatDigits(value, shown, isHex ? 16 : base);
  }
  const code = value >= 0n && value <= 0x10ffffn ? Number(value) : 0xfffd;
  const isSurrogate = code >= 0xd800 && code < 0xe000;
  const character = String.fromCodePoint(isSurrogate ? 0xfffd : code);
  switch (verb.letter) {
    case "c":
      return pad(character, verb);
    case "q":
      return pad(quoteCharacter(character, verb.plus), verb);
    case "U": {
      const hex = BigInt.asUintN(64, value).toString(16).toUpperCase().padStart(
        Math.max(4, verb.precision ?? 4),
        "0",
      );
      const shown = verb.sharp && isPrintable(character) ? ` '${character}'` : "";
      return pad(`U+${hex}${shown}`, { ...verb, zero: false });
    }
    default:
      return complain(whole, verb);
  }
}

function formatDigits(value: bigint, verb: Verb, base: number): string {
  const { letter, precision, width } = verb;
  if (precision === 0 && value === 0n) return pad("", { ...verb, zero: false });
  const isNegative = value < 0n;
  let digits = (isNegative ? -value : value).toString(base);
  const plus = letter === "v" ? false : verb.plus === true;
  let least = precision ?? 0;
  if (precision === undefined && verb.zero && !verb.minus && width !== undefined) {
    least = width - (isNegative || plus || verb.space ? 1 : 0);
  }
  digits = digits.padStart(least, "0");
  if (verb.sharp) {
    if (base === 2) digits = `0b${digits}`;
    else if (base === 8 && !digits.startsWith("0")) digits = `0${digits}`;
    else if (base === 16) digits = `0x${digits}`;
  }
  if (letter === "O") digits = `0o${digits}`;
  if (letter === "X") digits = digits.toUpperCase();
  let sign = verb.space ? " " : "";
  if (plus) sign = "+";
  if (isNegative) sign = "-";
  return pad(sign + digits, { ...verb, zero: false });
}

function formatList(
  list: readonly unknown[],
  verb: Verb,
  depth: number,
  budget: Budget,
): string {
  const members = list.map((member) => format(member, verb, depth + 1, budget));
  return isGoSyntax(verb)
    ? `${collectionType(list)}{${members.join(", ")}}`
    : `[${members.join(" ")}]`;
}

function formatMap(
  map: Readonly<Record<string, unknown>>,
  verb: Verb,
  depth: number,
  budget: Budget,
): string {
  const members = sortedKeys(map).map((key) =>
    `${format(key, verb, depth + 1, budget)}:${format(map[key], verb, depth + 1, budget)}`
  );
  return isGoSyntax(verb)
    ? `${collectionType(map)}{${members.join(", ")}}`
    : `map[${members.join(" ")}]`;
}

function formatStruct(value: GoStruct, verb: Verb, depth: number, budget: Budget): string {
  if (value.isPointer && depth > 0) {
    if (isGoSyntax(verb)) return `(*${value.type.name})(${INNER_POINTER})`;
    return "vbodxX".includes(verb.letter) ? INNER_POINTER : complain(value, verb);
  }
  const isNamed = verb.letter === "v" && (verb.plus || verb.sharp);
  const members = Object.keys(value.type.fields).map((name) =>
    (isNamed ? `${name}:` : "") + format(structField(value, name), verb, depth + 1, budget)
  );
  const pointer = value.isPointer ? "&" : "";
  return isGoSyntax(verb)
    ? `${pointer}${value.type.name}{${members.join(", ")}}`
    : `${pointer}{${members.join(" ")}}`;
}

function formatNamed(value: GoNamed, verb: Verb, depth: number, budget: Budget): string {
  const { value: below } = value;
  if (typeof below === "string") return formatText(below, verb, value);
  if (typeof below === "number") return formatNumber(below, verb, value);
  if (below instanceof GoInt) return formatInteger(below, verb, value);
  return formatAny(below, verb, depth, budget);
}

function formatNil(value: GoNil, verb: Verb): string {
  const isCollection = /^(map\[|\[\])/.test(value.type);
  if (isGoSyntax(verb)) return isCollection ? `${value.type}(nil)` : `(${value.type})(nil)`;
  if (isCollection) return value.type.startsWith("[") ? "[]" : "map[]";
  if (verb.letter === "v") return pad("<nil>", verb);
  const base = INTEGER_BASES[verb.letter];
  if (base !== undefined && verb.letter !== "O") return formatDigits(0n, verb, base);
  return `%!${verb.letter}(${value.type}=<nil>)`;
}
