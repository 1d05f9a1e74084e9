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
