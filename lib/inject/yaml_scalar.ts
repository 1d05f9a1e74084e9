/** What a plain scalar of YAML means to Go's YAML library, which Kubernetes and Istio read with: YAML 1.1 without numbers to base 60. */

const WORDS: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ...["y", "Y", "yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"].map((word) =>
    [word, true] as const
  ),
  ...["n", "N", "no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"].map((word) =>
    [word, false] as const
  ),
  ...["", "~", "null", "Null", "NULL"].map((word) => [word, null] as const),
]);
const LONGEST_WORD = 5;
const WHOLE_REGEXP = /^[-+]?(?:0|[1-9][0-9]*)$/;
const BASED_REGEXP = /^([-+]?)(0x[0-9a-fA-F]+|0b[01]+|0o[0-7]+|0[0-7]+)$/;
const FLOAT_REGEXP = /^[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?$/;
/** Longest text that may be a number. */
const MAX_NUMBER_CHARS = 400;

/** The value of a plain scalar. */
export function resolvePlain(text: string): unknown {
  if (text.length <= LONGEST_WORD && WORDS.has(text)) return WORDS.get(text);
  const first = text.charCodeAt(0);
  // Digits, sign, point: nothing else begins a number.
  const mayBeNumber = (first >= 0x30 && first <= 0x39) || first === 0x2b || first === 0x2d ||
    first === 0x2e;
  return mayBeNumber && text.length <= MAX_NUMBER_CHARS ? resolveNumber(text) : text;
}

function resolveNumber(text: string): unknown {
  const plain = text.includes("_") ? text.replaceAll("_", "") : text;
  if (WHOLE_REGEXP.test(plain)) return Number(plain);
  const based = BASED_REGEXP.exec(plain);
  if (based !== null) {
    const [, sign, digits = ""] = based;
    const value = Number(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
    return sign === "-" ? -value : value;
  }
  return FLOAT_REGEXP.test(plain) && Number.isFinite(Number(plain)) ? Number(plain) : text;
}
