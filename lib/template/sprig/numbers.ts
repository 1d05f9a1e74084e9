/** Functions on numbers. */
import { fault } from "../failure.ts";
import { formatValue } from "../go_format.ts";
import { goInt, goTyped, type TemplateFunction } from "../go_values.ts";
import { goFunction } from "../signature.ts";
import { checkItems, numberOf } from "./arguments.ts";
import { toFloat, toInteger } from "./casts.ts";
import {
  addDecimals,
  type Decimal,
  decimalOf,
  divideDecimals,
  floatOf,
  multiplyDecimals,
  subtractDecimals,
} from "./decimal.ts";

const int64 = (value: bigint) => goInt(value, "int64");
const wrap = (value: bigint) => BigInt.asIntN(64, value);

function ofIntegers(
  params: string,
  made: (first: bigint, ...others: readonly bigint[]) => bigint,
): TemplateFunction {
  return goFunction(
    params,
    (first, ...others) => int64(made(toInteger(first), ...others.map(toInteger))),
  );
}

function ofFloats(
  params: string,
  made: (first: number, ...others: readonly number[]) => number,
): TemplateFunction {
  return goFunction(params, (first, ...others) => made(toFloat(first), ...others.map(toFloat)));
}

/** `first` is the start of a sum of everything, or else the first argument. */
function ofDecimals(
  params: string,
  combine: (a: Decimal, b: Decimal) => Decimal,
  first?: number,
): TemplateFunction {
  return goFunction(params, (...values) => {
    const floats = values.map(toFloat);
    const start = first ?? floats.shift() ?? 0;
    return floatOf(floats.reduce(
      (result, value) => combine(result, decimalOf(value)),
      decimalOf(start),
    ));
  });
}

const largest = ofIntegers("any, ...any", (...values) => values.reduce((a, b) => b > a ? b : a));

/** By their names in templates. */
export const NUMBER_FUNCTIONS: Readonly<Record<string, TemplateFunction>> = {
  atoi: goFunction("string", (text) => goInt(parseDecimal(text as string))),
  int: goFunction("any", (value) => goInt(toInteger(value))),
  int64: goFunction("any", (value) => int64(toInteger(value))),
  float64: goFunction("any", toFloat),
  toDecimal: goFunction("any", (value) => int64(parseOctal(formatValue(value)))),
  add1: ofIntegers("any", (value) => wrap(value + 1n)),
  add: goFunction(
    "...any",
    (...values) => int64(values.reduce((sum: bigint, value) => wrap(sum + toInteger(value)), 0n)),
  ),
  sub: ofIntegers("any, any", (a, b = 0n) => wrap(a - b)),
  div: ofIntegers("any, any", (a, b = 0n) => wrap(a / divisor(b))),
  mod: ofIntegers("any, any", (a, b = 0n) => a % divisor(b)),
  mul: ofIntegers("any, ...any", (...values) => values.reduce((a, b) => wrap(a * b))),
  max: largest,
  biggest: largest,
  min: ofIntegers("any, ...any", (...values) => values.reduce((a, b) => b < a ? b : a)),
  maxf: ofFloats("any, ...any", (...values) => Math.max(...values)),
  minf: ofFloats("any, ...any", (...values) => Math.min(...values)),
  floor: ofFloats("any", Math.floor),
  ceil: ofFloats("any", Math.ceil),
  round: goFunction(
    "any, int, ...float64",
    (value, places, from = 0.5) => round(toFloat(value), numberOf(places), from as number),
  ),
  add1f: goFunction(
    "any",
    (value) => floatOf(addDecimals(decimalOf(toFloat(value)), { digits: 1n, exponent: 0 })),
  ),
  addf: ofDecimals("...any", addDecimals, 0),
  subf: ofDecimals("any, ...any", subtractDecimals),
  divf: ofDecimals("any, ...any", divideDecimals),
  mulf: ofDecimals("any, ...any", multiplyDecimals),
  until: goFunction("int", (count) => {
    const stop = numberOf(count);
    return integers(counted(0, stop, stop < 0 ? -1 : 1));
  }),
  untilStep: goFunction(
    "int, int, int",
    (start, stop, step) => integers(counted(numberOf(start), numberOf(stop), numberOf(step))),
  ),
  seq: goFunction("...int", (...values) => sequence(values.map(numberOf)).join(" ")),
};

function divisor(value: bigint): bigint {
  if (value === 0n) throw fault("runtime error: integer divide by zero");
  return value;
}

const DECIMAL_REGEXP = /^[+-]?[0-9]+$/;
const MAX_INT64 = (1n << 63n) - 1n;

/** A decimal integer, the nearest one of 64 bits; anything else is 0. */
function parseDecimal(text: string): bigint {
  if (!DECIMAL_REGEXP.test(text)) return 0n;
  const value = BigInt(text.replace("+", ""));
  if (value > MAX_INT64) return MAX_INT64;
  return value < -MAX_INT64 - 1n ? -MAX_INT64 - 1n : value;
}

function parseOctal(text: string): bigint {
  const digits = /^([+-]?)([0-7]+)$/.exec(text);
  if (digits === null) return 0n;
  const value = BigInt(`0o${digits[2]}`) * (digits[1] === "-" ? -1n : 1n);
  return value > MAX_INT64 || value < -MAX_INT64 - 1n ? 0n : value;
}

function round(value: number, places: number, from: number): number {
  const power = 10 ** places;
  const shifted = power * value;
  const fraction = shifted - Math.trunc(shifted);
  return (fraction >= from ? Math.ceil(shifted) : Math.floor(shifted)) / power;
}

function integers(values: readonly number[]): unknown {
  return goTyped(values.map((value) => goInt(value)), "[]int");
}

/** From `start` to before `stop`; nothing when the step leads away. */
function counted(start: number, stop: number, step: number): number[] {
  const isDown = stop < start;
  if (isDown ? step >= 0 : step <= 0) return [];
  checkItems(Math.ceil((stop - start) / step));
  const values: number[] = [];
  for (let at = start; isDown ? at > stop : at < stop; at += step) values.push(at);
  return values;
}

/** `seq LAST`, `seq FIRST LAST` and `seq FIRST STEP LAST`. */
function sequence(values: readonly number[]): readonly number[] {
  const [a, b, c] = values;
  if (a === undefined || values.length > 3) return [];
  const first = b === undefined ? 1 : a;
  const last = c ?? b ?? a;
  const direction = last < first ? -1 : 1;
  if (c !== undefined && direction < 0 && (b as number) > 0) return [];
  const step = c === undefined ? direction : b as number;
  return counted(first, last + direction, step);
}
