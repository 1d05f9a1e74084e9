/** Durations in Go's notation, as istiod's flags and messages spell them. */

/**
 * A duration as Go's `time.Duration` prints it: `2160h0m0s`, `1m30s`, `1.5s`, `100ms`, `0s`.
 *
 * @param ms milliseconds, whole or not; a `bigint` for durations beyond the range of a number.
 */
export function formatGoDuration(ms: number | bigint): string {
  const negative = ms < 0;
  const nanos = typeof ms === "bigint" ? ms * 1_000_000n : BigInt(Math.round(ms * 1e6));
  const text = formatNanos(nanos < 0n ? -nanos : nanos);
  return negative && text !== "0s" ? `-${text}` : text;
}

function formatNanos(nanos: bigint): string {
  if (nanos === 0n) return "0s";
  if (nanos < 1_000n) return `${nanos}ns`;
  if (nanos < 1_000_000n) return `${decimal(nanos, 1_000n)}µs`;
  if (nanos < 1_000_000_000n) return `${decimal(nanos, 1_000_000n)}ms`;
  const minutes = nanos / 60_000_000_000n;
  const seconds = `${decimal(nanos % 60_000_000_000n, 1_000_000_000n)}s`;
  if (minutes === 0n) return seconds;
  return minutes < 60n ? `${minutes}m${seconds}` : `${minutes / 60n}h${minutes % 60n}m${seconds}`;
}

/** `value / unit` without trailing zeros after the point. */
function decimal(value: bigint, unit: bigint): string {
  const rest = value % unit;
  if (rest === 0n) return String(value / unit);
  const digits = String(rest).padStart(String(unit).length - 1, "0").replace(/0+$/, "");
  return `${value / unit}.${digits}`;
}

/** Nanoseconds of each unit of Go's notation. */
const UNIT_NANOS: Readonly<Record<string, number>> = {
  ns: 1,
  us: 1e3,
  "\u00b5s": 1e3,
  "\u03bcs": 1e3,
  ms: 1e6,
  s: 1e9,
  m: 60e9,
  h: 3600e9,
};
const DURATION_REGEXP = /^[+-]?(?:0|(?:(?:\d+\.?\d*|\.\d+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+)$/;
const PART_REGEXP = /(\d+\.?\d*|\.\d+)([a-z\u00b5\u03bc]+)/g;
/** What Go's int64 of nanoseconds holds. */
const MAX_NANOS = 2 ** 63;

/**
 * Parses Go's notation (`time.ParseDuration`): a sign, then numbers with units (`1h30m`, `1.5s`, `100ms`), or `0`.
 *
 * @returns milliseconds, perhaps with a fraction; `undefined` when the text is no duration or beyond Go's range.
 */
export function parseGoDuration(text: string): number | undefined {
  if (text.length > 100 || !DURATION_REGEXP.test(text)) return undefined;
  let nanos = 0;
  for (const [, number, unit] of text.matchAll(PART_REGEXP)) {
    nanos += Number(number) * UNIT_NANOS[unit!]!;
  }
  if (nanos > MAX_NANOS) return undefined;
  return (text.startsWith("-") ? -nanos : nanos) / 1e6;
}
