/** What an expression of RE2 costs to compile, by its text alone: it is asked before anything is compiled. */

/** One step of an expression: a quotation, flags, a class of Unicode, an escape, a class, a counted repeat, or a character. */
const TOKEN_REGEXP =
  /\\Q.*?(?:\\E|$)|\(\?[imsU-]+\)|\\[pP](?:\{[^}]*\}|.)|\\.|\[\^?\]?(?:\\.|\[:\^?\w+:\]|[^\]\\])*\]?|\{(\d{1,4})(?:(,)(\d{0,4}))?\}|./gsu;
const FOLDING_REGEXP = /\(\?[imsU-]*i/;
const UNICODE_CLASS_REGEXP = /\\[pP]/g;
/** A range that ends beyond ASCII: each of its characters is looked at when case is folded. */
const WIDE_RANGE_REGEXP = /-(?:\\x\{|[^\0-\x7f])/g;
const UNICODE_CLASS_COST = 100;
const WIDE_RANGE_COST = 4000;
/** Copies that may be left out are nested into each other. */
const OPTIONAL_COPY_COST = 5;

/**
 * The cost, in units of one to three microseconds: its characters, as many times as groups around them and they themselves are repeated by
 * number, and more for what stands for large parts of Unicode.
 */
export function costOfRegex(regex: string): number {
  const isFolding = FOLDING_REGEXP.test(regex);
  const around: number[] = [];
  let size = 0;
  let last = 0;
  let classes = 0;
  for (const [token, least, comma, most] of regex.matchAll(TOKEN_REGEXP)) {
    if (token === "(") {
      around.push(size);
      size = last = 0;
    } else if (token === ")") {
      last = size + 2;
      size = last + (around.pop() ?? 0);
    } else if (least !== undefined) {
      const optional = comma === undefined ? 0 : Math.max(Number(most) - Number(least), 0);
      const repeated = last * (Number(least) + OPTIONAL_COPY_COST * optional);
      size += token.length + repeated;
      last += repeated;
    } else if (/^(?:\\[QE]|\(\?)/.test(token)) {
      // May be nothing in itself: a repeat behind it is one of what stands before it.
      size += token.length;
      last = Math.max(last, 1);
    } else {
      size += 1;
      last = 1;
      classes += costOfClasses(token, isFolding);
    }
  }
  return around.reduce((sum, each) => sum + each, size + classes);
}

function costOfClasses(token: string, isFolding: boolean): number {
  const count = (regexp: RegExp) => [...token.matchAll(regexp)].length;
  const wide = isFolding ? count(WIDE_RANGE_REGEXP) : 0;
  return token.length - 1 + UNICODE_CLASS_COST * count(UNICODE_CLASS_REGEXP) +
    WIDE_RANGE_COST * wide;
}
