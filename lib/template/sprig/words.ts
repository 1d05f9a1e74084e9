/** Wrapping, abbreviating and the case of words, octet by octet where Go's libraries work so. */
import { byOctets, isSpace, lowerCharacter, upperCharacter } from "./go_text.ts";

/** Lines of at most `width` octets. */
export function wrapText(
  text: string,
  width: number,
  lineEnd: string,
  breaksWords: boolean,
): string {
  const [end, columns] = [lineEnd === "" ? "\n" : lineEnd, Math.max(1, width)];
  return byOctets(text, (octets) => {
    let [wrapped, at] = ["", 0];
    while (octets.length - at > columns) {
      if (octets[at] === " ") {
        at++;
        continue;
      }
      // No further back than the line: looking on would cost the text's length for each line.
      const inLine = octets.slice(at, at + columns + 1).lastIndexOf(" ");
      const space = at + inLine;
      if (inLine >= 0) {
        wrapped += octets.slice(at, space) + end;
        at = space + 1;
      } else if (breaksWords) {
        wrapped += octets.slice(at, at + columns) + end;
        at += columns;
      } else {
        const next = octets.indexOf(" ", at + columns);
        wrapped += next < 0 ? octets.slice(at) : octets.slice(at, next) + end;
        at = next < 0 ? octets.length : next + 1;
      }
    }
    return wrapped + octets.slice(at);
  });
}

const DOTS = "...";

/** At most `width` octets of a text, from about `offset`, with dots for the rest. */
export function abbreviate(text: string, offset: number, width: number): string {
  return byOctets(text, (octets) => {
    const { length } = octets;
    if (length <= width) return octets;
    let from = Math.min(offset, length);
    if (length - from < width - 3) from = length - (width - 3);
    if (from <= 4) return octets.slice(0, width - 3) + DOTS;
    if (width < 7) return "";
    if (from + width - 3 < length) {
      const rest = octets.slice(from);
      const inner = width - 3;
      if (inner < 4) return DOTS;
      return DOTS + (rest.length <= inner ? rest : rest.slice(0, inner - 3) + DOTS);
    }
    return DOTS + octets.slice(length - (width - 3));
  });
}

const UPPER_REGEXP = /\p{Lu}/u;
const TITLE_REGEXP = /\p{Lt}/u;
const LOWER_REGEXP = /\p{Ll}/u;

/** Capital letters become small and small ones capital. */
export function swapCase(text: string): string {
  return Array.from(text, (character) => {
    if (UPPER_REGEXP.test(character) || TITLE_REGEXP.test(character)) {
      return lowerCharacter(character);
    }
    return LOWER_REGEXP.test(character) ? upperCharacter(character) : character;
  }).join("");
}

/** True for what stands between words. */
export function isConnector(character: string): boolean {
  return character === "-" || character === "_" || isSpace(character);
}
