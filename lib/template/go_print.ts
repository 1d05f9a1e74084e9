/** `print`, `println`, `printf`, and how an action shows its value. */
import { fault } from "./failure.ts";
import { formatArgument, formatValue, type Verb } from "./go_format.ts";
import { GoInt, GoStruct, kindOf, typeName } from "./go_values.ts";
import { MAX_MADE_CHARS } from "./limits.ts";

/** What an action shows: a pointer's struct rather than the pointer, and nothing as `<no value>`. */
export function printedValue(value: unknown): string {
  if (value === undefined) return "<no value>";
  return formatValue(pointedTo(value));
}

function pointedTo(value: unknown): unknown {
  return value instanceof GoStruct && value.isPointer
    ? new GoStruct(value.type, value.fields, false)
    : value;
}

/** What `html` and its kin work on. */
export function printedValues(values: readonly unknown[]): string {
  const [only] = values;
  if (values.length === 1 && typeof only === "string") return only;
  return sprint(
    values.map((value) => value === undefined || value === null ? "<no value>" : pointedTo(value)),
  );
}

/** `fmt.Sprint`: a space between two that are both no texts. */
export function sprint(values: readonly unknown[]): string {
  let text = "";
  let wasText = true;
  values.forEach((value, at) => {
    const isText = kindOf(value) === "string";
    if (at > 0 && !isText && !wasText) text += " ";
    text += formatValue(value);
    wasText = isText;
  });
  return text;
}

/** `fmt.Sprintln`. */
export function sprintln(values: readonly unknown[]): string {
  return `${values.map(formatValue).join(" ")}\n`;
}

/** Widths and precisions beyond are refused, as Go does. */
const MAX_WIDTH = 1_000_000;

/** Reads one format, place by place. */
interface Reader {
  readonly format: string;
  readonly values: readonly unknown[];
  at: number;
  /** The argument that comes next. */
  next: number;
  /** True when an argument was named by its number. */
  isReordered: boolean;
  isGoodIndex: boolean;
  text: string;
  /** Where the last bracket closes, so that not each that opens looks for it to the end. */
  readonly lastClose: number;
}

/** `fmt.Sprintf`. */
export function sprintf(format: string, values: readonly unknown[]): string {
  const reader: Reader = {
    ...{ format, values, at: 0, next: 0, isReordered: false, isGoodIndex: true, text: "" },
    lastClose: format.lastIndexOf("]"),
  };
  while (reader.at < format.length) {
    const percent = format.indexOf("%", reader.at);
    const end = percent < 0 ? format.length : percent;
    reader.text += format.slice(reader.at, end);
    reader.at = end + 1;
    if (percent >= 0) readVerb(reader);
    if (reader.text.length > MAX_MADE_CHARS) {
      throw fault(`format makes more than ${MAX_MADE_CHARS} characters`);
    }
  }
  if (!reader.isReordered && reader.next < values.length) {
    const extra = values.slice(reader.next).map((value) =>
      value === undefined || value === null ? "<nil>" : `${typeName(value)}=${formatValue(value)}`
    );
    reader.text += `%!(EXTRA ${extra.join(", ")})`;
  }
  return reader.text;
}

type Flags = { -readonly [Key in keyof Verb]: Verb[Key] };

function readVerb(reader: Reader): void {
  const flags: Flags = { letter: "" };
  reader.isGoodIndex = true;
  readFlags(reader, flags);
  let afterIndex = readIndex(reader);
  afterIndex = readWidth(reader, flags, afterIndex);
  afterIndex = readPrecision(reader, flags, afterIndex);
  if (!afterIndex) readIndex(reader);
  const code = reader.format.codePointAt(reader.at);
  if (code === undefined) {
    reader.text += "%!(NOVERB)";
    return;
  }
  const letter = String.fromCodePoint(code);
  reader.at += letter.length;
  if (letter === "%") reader.text += "%";
  else if (!reader.isGoodIndex) reader.text += `%!${letter}(BADINDEX)`;
  else if (reader.next >= reader.values.length) reader.text += `%!${letter}(MISSING)`;
  else {
    flags.letter = letter;
    reader.text += formatArgument(reader.values[reader.next], flags);
    reader.next++;
  }
}

function readFlags(reader: Reader, flags: Flags): void {
  for (;; reader.at++) {
    switch (reader.format[reader.at]) {
      case "#":
        flags.sharp = true;
        break;
      case "0":
        flags.zero = true;
        break;
      case "+":
        flags.plus = true;
        break;
      case "-":
        flags.minus = true;
        break;
      case " ":
        flags.space = true;
        break;
      default:
        return;
    }
  }
}

/** `[2]`: which argument comes next. True when one was named, well or not. */
function readIndex(reader: Reader): boolean {
  const { format, at } = reader;
  if (format[at] !== "[") return false;
  reader.isReordered = true;
  const close = reader.lastClose < at ? -1 : format.indexOf("]", at);
  if (format.length - at < 3 || close < 0) {
    reader.isGoodIndex = false;
    reader.at++;
    return false;
  }
  reader.at = close + 1;
  const number = /^[0-9]{1,7}$/.exec(format.slice(at + 1, close));
  const index = number === null ? -1 : Number(number[0]) - 1;
  if (index >= 0 && index < reader.values.length) {
    reader.next = index;
    return true;
  }
  reader.isGoodIndex = false;
  return number !== null;
}

/** Digits at this place; undefined when there are none or too many. */
function readDigits(reader: Reader): number | undefined {
  const digits = /^[0-9]*/.exec(reader.format.slice(reader.at, reader.at + 400))?.[0] ?? "";
  if (digits === "") return undefined;
  if (Number(digits.slice(0, -1)) > MAX_WIDTH) {
    reader.at = reader.format.length;
    return undefined;
  }
  reader.at += digits.length;
  return Number(digits);
}

/** The argument that a `*` takes. */
function readStar(reader: Reader): number | undefined {
  reader.at++;
  const value = reader.values[reader.next];
  if (reader.next < reader.values.length) reader.next++;
  if (!(value instanceof GoInt)) return undefined;
  const number = Number(value.value);
  return Math.abs(number) > MAX_WIDTH ? undefined : number;
}

function readWidth(reader: Reader, flags: Flags, afterIndex: boolean): boolean {
  if (reader.format[reader.at] === "*") {
    const width = readStar(reader);
    if (width === undefined) reader.text += "%!(BADWIDTH)";
    else {
      flags.width = Math.abs(width);
      if (width < 0) [flags.minus, flags.zero] = [true, false];
    }
    return false;
  }
  flags.width = readDigits(reader);
  if (afterIndex && flags.width !== undefined) reader.isGoodIndex = false;
  return afterIndex;
}

function readPrecision(reader: Reader, flags: Flags, afterIndex: boolean): boolean {
  const { format } = reader;
  if (format[reader.at] !== "." || reader.at + 1 >= format.length) return afterIndex;
  reader.at++;
  if (afterIndex) reader.isGoodIndex = false;
  const named = readIndex(reader);
  if (format[reader.at] === "*") {
    const precision = readStar(reader);
    if (precision === undefined || precision < 0) reader.text += "%!(BADPREC)";
    else flags.precision = precision;
    return false;
  }
  flags.precision = readDigits(reader) ?? 0;
  return named;
}
