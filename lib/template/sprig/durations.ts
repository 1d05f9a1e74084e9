/** `duration` and `durationRound`: lengths of time that need no clock. */
import { GoInt, type TemplateFunction } from "../go_values.ts";
import { goFunction } from "../signature.ts";

const NANOSECONDS = {
  ns: 1n,
  us: 1_000n,
  "\u00b5s": 1_000n,
  "\u03bcs": 1_000n,
  ms: 1_000_000n,
  s: 1_000_000_000n,
  m: 60_000_000_000n,
  h: 3_600_000_000_000n,
} as const;
const DAY = 24n * NANOSECONDS.h;
/** From long to short, with what sprig calls them. */
const ROUNDED = [
  [365n * DAY, "y"],
  [30n * DAY, "mo"],
  [DAY, "d"],
  [NANOSECONDS.h, "h"],
  [NANOSECONDS.m, "m"],
  [NANOSECONDS.s, "s"],
] as const;
const MAX_INT64 = (1n << 63n) - 1n;

/** By their names in templates. */
export const DURATION_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  duration: goFunction("any", (seconds) => durationText(secondsOf(seconds) * NANOSECONDS.s)),
  durationRound: goFunction("any", (value) => {
    const length = nanosecondsOf(value);
    const magnitude = length < 0n ? -length : length;
    const found = ROUNDED.find(([unit]) => magnitude > unit);
    return found === undefined ? "0s" : `${magnitude / found[0]}${found[1]}`;
  }),
};

/** An `int64`, or a text of one; anything else is 0. */
function secondsOf(value: unknown): bigint {
  if (value instanceof GoInt && value.type === "int64") return value.value;
  if (typeof value !== "string" || !/^[+-]?[0-9]+$/.test(value)) return 0n;
  const number = BigInt(value.replace("+", ""));
  if (number > MAX_INT64) return MAX_INT64;
  return number < -MAX_INT64 - 1n ? -MAX_INT64 - 1n : number;
}

function nanosecondsOf(value: unknown): bigint {
  if (value instanceof GoInt && value.type === "int64") return value.value;
  return typeof value === "string" ? parseDuration(value) : 0n;
}

/** `2h10m5.5s`; 0 when it is none. */
function parseDuration(text: string): bigint {
  const [, sign = "", parts = ""] = /^([+-]?)(.*)$/s.exec(text) ?? [];
  if (!/^(?:(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:ns|us|\u00b5s|\u03bcs|ms|s|m|h))+$/.test(parts)) {
    return 0n;
  }
  let total = 0n;
  for (
    const [, whole = "", fraction = "", unit = ""] of parts.matchAll(
      /([0-9]*)\.?([0-9]*)(ns|us|\u00b5s|\u03bcs|ms|s|m|h)/g,
    )
  ) {
    const scale = NANOSECONDS[unit as keyof typeof NANOSECONDS];
    const places = fraction.slice(0, 18);
    total += BigInt(whole === "" ? "0" : whole) * scale;
    total += BigInt(places === "" ? "0" : places) * scale / 10n ** BigInt(places.length);
  }
  if (total > MAX_INT64) return 0n;
  return sign === "-" ? -total : total;
}

/** Of whole seconds, as Go's `time.Duration` prints them. */
function durationText(given: bigint): string {
  const length = BigInt.asIntN(64, given);
  if (length === 0n) return "0s";
  const magnitude = length < 0n ? -length : length;
  const nanoseconds = String(magnitude % NANOSECONDS.m).padStart(10, "0");
  let end = nanoseconds.length;
  while (end > nanoseconds.length - 9 && nanoseconds[end - 1] === "0") end--;
  const point = nanoseconds.length - 9;
  const seconds = Number(nanoseconds.slice(0, point)) +
    (end > point ? `.${nanoseconds.slice(point, end)}` : "");
  const minutes = magnitude / NANOSECONDS.m % 60n;
  const hours = magnitude / NANOSECONDS.h;
  const shown = hours > 0n
    ? `${hours}h${minutes}m${seconds}s`
    : minutes > 0n
    ? `${minutes}m${seconds}s`
    : `${seconds}s`;
  return length < 0n ? `-${shown}` : shown;
}
