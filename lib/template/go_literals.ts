/** Literals of Go in a template: texts, characters and numbers. */

import { quoteText } from "./go_quote.ts";

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
const encoder = new TextEncoder();

const SIMPLE_ESCAPES: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  f: 12,
  n: 10,
  r: 13,
  t: 9,
  v: 11,
  "\\": 92,
};

/** One escape sequence: the code point or octet, how long it is, and whether it is an octet. */
interface Escape {
  readonly code: number;
  readonly length: number;
  readonly isOctet: boolean;
}

/** Reads the escape after the backslash at `at`; undefined when it is none. */
function readEscape(text: string, at: number, quoteMark: string): Escape | undefined {
  const letter = text[at + 1] ?? "";
  if (letter === quoteMark) return { code: letter.charCodeAt(0), length: 2, isOctet: false };
  const simple = SIMPLE_ESCAPES[letter];
  if (simple !== undefined) return { code: simple, length: 2, isOctet: false };
  const octal = /^[0-7]{3}/.exec(text.slice(at + 1, at + 4));
  if (octal !== null) {
    const code = parseInt(octal[0], 8);
    return code > 255 ? undefined : { code, length: 4, isOctet: true };
  }
  const digits = { x: 2, u: 4, U: 8 }[letter];
  if (digits === undefined) return undefined;
  const hex = text.slice(at + 2, at + 2 + digits);
  if (hex.length !== digits || !/^[0-9a-fA-F]+$/.test(hex)) return undefined;
  const code = parseInt(hex, 16);
  if (letter !== "x" && (code > 0x10ffff || code >= 0xd800 && code < 0xe000)) return undefined;
  return { code, length: 2 + digits, isOctet: letter === "x" };
}

/** The text of a literal in double quotes or back quotes; undefined when it is malformed. Octets that are no UTF-8 become U+FFFD. */
export function unquoteText(literal: string): string | undefined {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("`")) return inner.replaceAll("\r", "");
  if (!inner.includes("\\")) return inner;
  const octets: number[] = [];
  let at = 0;
  while (at < inner.length) {
    if (inner[at] !== "\\") {
      const next = inner.indexOf("\\", at);
      const end = next < 0 ? inner.length : next;
      for (const octet of encoder.encode(inner.slice(at, end))) octets.push(octet);
      at = end;
      continue;
    }
    const escape = readEscape(inner, at, '"');
    if (escape === undefined) return undefined;
    if (escape.isOctet) octets.push(escape.code);
    else for (const octet of encoder.encode(String.fromCodePoint(escape.code))) octets.push(octet);
    at += escape.length;
  }
  return decoder.decode(new Uint8Array(octets));
}

/** The code point of a character literal, or what is wrong with it. */
export function unquoteCharacter(literal: string): number | string {
  const escape = literal[1] === "\\" ? readEscape(literal, 1, "'") : undefined;
  if (literal[1] === "'" || literal[1] === "\\" && escape === undefined) return "invalid syntax";
  const code = escape?.code ?? literal.codePointAt(1) ?? 0;
  const length = escape?.length ?? (code > 0xffff ? 2 : 1);
  return literal.slice(1 + length) === "'" ? code : `malformed character constant: ${literal}`;
}

/** A number of a template, under each type that can hold it. */
export interface NumberLiteral {
  /** As a signed integer of 64 bits. */
  readonly int: bigint | undefined;
  /** As an unsigned integer of 64 bits. */
  readonly uint: bigint | undefined;
  /** As a float64. */
  readonly float: number | undefined;
  /** True when the literal is written as a float. */
  readonly isFloat: boolean;
}

const MAX_INT64 = (1n << 63n) - 1n;
const MAX_UINT64 = (1n << 64n) - 1n;

/** A character's number. */
export function characterNumber(code: number): NumberLiteral {
  return { int: BigInt(code), uint: BigInt(code), float: code, isFloat: false };
}

/** Reads a number literal that is not complex; gives what is wrong with it when it is none. */
export function readNumber(literal: string): NumberLiteral | string {
  const whole = readInteger(literal);
  const int = whole !== undefined && whole >= -MAX_INT64 - 1n && whole <= MAX_INT64
    ? whole
    : undefined;
  const uint = whole !== undefined && whole >= 0n && whole <= MAX_UINT64 &&
      (!/^[+-]/.test(literal) || whole === 0n)
    ? whole
    : undefined;
  if (int !== undefined || uint !== undefined) {
    const isHexFloat = /^0[xX]/.test(literal) && /[pP]/.test(literal);
    return { int, uint, float: Number(int ?? uint), isFloat: isHexFloat };
  }
  const float = readFloat(literal);
  if (float === undefined) return `illegal number syntax: ${quoteText(literal)}`;
  if (!/[.eEpP]/.test(literal)) return `integer overflow: ${quoteText(literal)}`;
  const isWhole = Number.isInteger(float);
  return {
    int: isWhole && Math.abs(float) < 2 ** 63 ? BigInt(float) : undefined,
    uint: isWhole && float >= 0 && float < 2 ** 64 ? BigInt(float) : undefined,
    float,
    isFloat: !/^0[xX]/.test(literal) || /[pP]/.test(literal),
  };
}

const BASES: Readonly<Record<string, RegExp>> = {
  x: /^0x(_?[0-9a-f])+$/,
  o: /^0o(_?[0-7])+$/,
  b: /^0b(_?[01])+$/,
};
const OCTAL_REGEXP = /^0(_?[0-7])+$/;
const DECIMAL_REGEXP = /^(0|[1-9](_?[0-9])*)$/;

/** An integer in Go's notation, of any size; undefined when it is none. */
export function readInteger(literal: string): bigint | undefined {
  const sign = /^[+-]/.test(literal) ? literal[0] : "";
  const digits = literal.slice(sign?.length ?? 0).toLowerCase();
  let value: bigint;
  if (BASES[digits[1] ?? ""]?.test(digits)) value = BigInt(digits.replaceAll("_", ""));
  else if (OCTAL_REGEXP.test(digits)) value = BigInt(`0o${digits.slice(1).replaceAll("_", "")}`);
  else if (DECIMAL_REGEXP.test(digits)) value = BigInt(digits.replaceAll("_", ""));
  else return undefined;
  return sign === "-" ? -value : value;
}

const FLOAT_REGEXP =
  /^[+-]?([0-9](_?[0-9])*(\.([0-9](_?[0-9])*)?)?|\.[0-9](_?[0-9])*)(e[+-]?[0-9](_?[0-9])*)?$/i;
const HEX_FLOAT_REGEXP = /^([+-]?)0x_?([0-9a-f_]*)(?:\.([0-9a-f_]*))?p([+-]?[0-9_]+)$/i;

/** A float in Go's notation; undefined when it is none or too large. */
export function readFloat(literal: string): number | undefined {
  if (FLOAT_REGEXP.test(literal)) {
    const value = Number(literal.replaceAll("_", ""));
    return Number.isFinite(value) ? value : undefined;
  }
  const hex = HEX_FLOAT_REGEXP.exec(literal);
  if (hex === null) return undefined;
  const [, sign = "", whole = "", fraction = "", exponent = ""] = hex;
  const digits = (whole + fraction).replaceAll("_", "");
  if (digits === "") return undefined;
  const scale = Number(exponent.replaceAll("_", "")) - 4 * fraction.replaceAll("_", "").length;
  const value = Number(BigInt(`0x${digits}`)) * 2 ** scale;
  if (!Number.isFinite(value)) return undefined;
  return sign === "-" ? -value : value;
}
