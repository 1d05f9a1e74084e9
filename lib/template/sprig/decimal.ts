/** Sums and products of floats in decimals, so that 0.1 and 0.2 are 0.3. */
import { fault } from "../failure.ts";
import { formatValue } from "../go_format.ts";

/** `digits` times ten to the power of `exponent`. */
export interface Decimal {
  /** The number without its decimal point. */
  readonly digits: bigint;
  /** Where the point stands. */
  readonly exponent: number;
}

/** Places after the point of a quotient. */
const DIVISION_PLACES = 16;
/** Digits beyond which a product or quotient is no longer worked out. */
const MAX_DIGITS = 10_000;
const TOO_MANY_DIGITS = 10n ** BigInt(MAX_DIGITS);

/** Refuses a number that is too long to be worked on. */
function checkDigits(digits: bigint, what: string): void {
  if (digits > TOO_MANY_DIGITS || digits < -TOO_MANY_DIGITS) {
    throw fault(`${what} has more than ${MAX_DIGITS} digits`);
  }
}

/** The decimal with the fewest digits that reads back as the float. */
export function decimalOf(value: number): Decimal {
  if (!Number.isFinite(value)) throw fault(`Cannot create a Decimal from ${formatValue(value)}`);
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  const [whole = "0", fraction = ""] = mantissa.split(".");
  return { digits: BigInt(whole + fraction), exponent: Number(exponent) - fraction.length };
}

/** The float that is nearest. */
export function floatOf({ digits, exponent }: Decimal): number {
  return Number(`${digits}e${exponent}`);
}

function aligned(a: Decimal, b: Decimal): readonly [bigint, bigint, number] {
  const exponent = Math.min(a.exponent, b.exponent);
  return [
    a.digits * 10n ** BigInt(a.exponent - exponent),
    b.digits * 10n ** BigInt(b.exponent - exponent),
    exponent,
  ];
}

/** a + b. */
export function addDecimals(a: Decimal, b: Decimal): Decimal {
  const [left, right, exponent] = aligned(a, b);
  return { digits: left + right, exponent };
}

/** a - b. */
export function subtractDecimals(a: Decimal, b: Decimal): Decimal {
  return addDecimals(a, { ...b, digits: -b.digits });
}

/** a * b. */
export function multiplyDecimals(a: Decimal, b: Decimal): Decimal {
  const digits = a.digits * b.digits;
  checkDigits(digits, "product");
  return { digits, exponent: a.exponent + b.exponent };
}

/** a / b, rounded half away from zero. */
export function divideDecimals(a: Decimal, b: Decimal): Decimal {
  if (b.digits === 0n) throw fault("decimal division by 0");
  const shift = a.exponent - b.exponent + DIVISION_PLACES;
  const numerator = shift >= 0 ? a.digits * 10n ** BigInt(shift) : a.digits;
  const denominator = shift >= 0 ? b.digits : b.digits * 10n ** BigInt(-shift);
  const quotient = numerator / denominator;
  checkDigits(quotient, "quotient");
  const rest = numerator % denominator;
  const isNegative = (a.digits < 0n) !== (b.digits < 0n);
  const magnitude = (value: bigint) => value < 0n ? -value : value;
  const isUp = 2n * magnitude(rest) >= magnitude(denominator);
  const step = isNegative ? -1n : 1n;
  return { digits: isUp ? quotient + step : quotient, exponent: -DIVISION_PLACES };
}
