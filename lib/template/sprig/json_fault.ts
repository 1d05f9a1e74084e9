/** What Go's `encoding/json` says of a text that is no JSON. */
import { quoteCharacter } from "../go_quote.ts";

/** Where a scan stands, in octets' order but by characters. */
interface Scan {
  readonly characters: readonly string[];
  at: number;
}

/** Ends the scan: what Go says of the character there. */
class Unexpected {
  readonly words: string;

  constructor(words: string) {
    this.words = words;
  }
}

const SPACES = " \t\r\n";

/** The complaint about a text that `JSON.parse` refuses, or about a number that is no float. */
export function jsonFault(text: string): string {
  const scan: Scan = { characters: [...text], at: 0 };
  try {
    scanValue(scan, "looking for beginning of value");
    skipSpaces(scan);
    if (scan.at < scan.characters.length) return invalid(scan, "after top-level value").words;
  } catch (thrown) {
    if (thrown instanceof Unexpected) return thrown.words;
    throw thrown;
  }
  return "invalid JSON";
}

function skipSpaces(scan: Scan): void {
  while (SPACES.includes(scan.characters[scan.at] ?? "x")) scan.at++;
}

function invalid({ characters, at }: Scan, where: string): Unexpected {
  const character = characters[at];
  if (character === undefined) return new Unexpected("unexpected end of JSON input");
  const shown = character === "'"
    ? "'\\''"
    : character === '"'
    ? "'\"'"
    : quoteCharacter(character);
  return new Unexpected(`invalid character ${shown} ${where}`);
}

/** At the end of the text Go looks at a space, which ends a literal wrongly. */
function invalidInside(scan: Scan, where: string): Unexpected {
  return scan.at < scan.characters.length
    ? invalid(scan, where)
    : new Unexpected(`invalid character ' ' ${where}`);
}

function scanValue(scan: Scan, where: string): void {
  skipSpaces(scan);
  const first = scan.characters[scan.at] ?? "";
  if (first === "{") return scanMembers(scan, "}", scanMember, "object key:value pair");
  if (first === "[") {
    return scanMembers(
      scan,
      "]",
      (inner) => scanValue(inner, "looking for beginning of value"),
      "array element",
    );
  }
  if (first === '"') return scanText(scan);
  if (first === "-" || /^[0-9]$/.test(first)) return scanNumber(scan);
  const literal = { t: "true", f: "false", n: "null" }[first];
  if (literal === undefined) throw invalid(scan, where);
  for (const letter of literal) {
    if (scan.characters[scan.at] !== letter) {
      throw invalidInside(scan, `in literal ${literal} (expecting '${letter}')`);
    }
    scan.at++;
  }
}

function scanMembers(
  scan: Scan,
  close: string,
  scanOne: (scan: Scan) => void,
  what: string,
): void {
  scan.at++;
  skipSpaces(scan);
  if (scan.characters[scan.at] === close) {
    scan.at++;
    return;
  }
  for (;;) {
    scanOne(scan);
    skipSpaces(scan);
    const next = scan.characters[scan.at];
    if (next !== "," && next !== close) throw invalid(scan, `after ${what}`);
    scan.at++;
    if (next === close) return;
  }
}

function scanMember(scan: Scan): void {
  skipSpaces(scan);
  if (scan.characters[scan.at] !== '"') {
    throw invalid(scan, "looking for beginning of object key string");
  }
  scanText(scan);
  skipSpaces(scan);
  if (scan.characters[scan.at] !== ":") throw invalid(scan, "after object key");
  scan.at++;
  scanValue(scan, "looking for beginning of value");
}

function scanText(scan: Scan): void {
  const { characters } = scan;
  for (scan.at++; characters[scan.at] !== '"'; scan.at++) {
    const character = characters[scan.at];
    if (character === undefined) throw invalid(scan, "");
    if (character < " ") throw invalid(scan, "in string literal");
    if (character !== "\\") continue;
    scan.at++;
    if (characters[scan.at] === "u") {
      for (let digit = 0; digit < 4; digit++) {
        scan.at++;
        if (!/^[0-9a-fA-F]$/.test(characters[scan.at] ?? "")) {
          throw invalid(scan, "in \\u hexadecimal character escape");
        }
      }
    } else if (!/^["\\/bfnrt]$/.test(characters[scan.at] ?? "")) {
      throw invalid(scan, "in string escape code");
    }
  }
  scan.at++;
}

function scanNumber(scan: Scan): void {
  const from = scan.at;
  const digits = (where: string) => {
    if (!/^[0-9]$/.test(scan.characters[scan.at] ?? "")) throw invalidInside(scan, where);
    while (/^[0-9]$/.test(scan.characters[scan.at] ?? "")) scan.at++;
  };
  if (scan.characters[scan.at] === "-") scan.at++;
  if (scan.characters[scan.at] === "0") scan.at++;
  else digits("in numeric literal");
  if (scan.characters[scan.at] === ".") {
    scan.at++;
    digits("after decimal point in numeric literal");
  }
  if (/^[eE]$/.test(scan.characters[scan.at] ?? "")) {
    scan.at++;
    if (/^[+-]$/.test(scan.characters[scan.at] ?? "")) scan.at++;
    digits("in exponent of numeric literal");
  }
  const number = scan.characters.slice(from, scan.at).join("");
  if (!Number.isFinite(Number(number))) {
    throw new Unexpected(
      `json: cannot unmarshal number ${number} into Go value of type float64`,
    );
  }
}
