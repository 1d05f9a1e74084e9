/** Any value as a number, by the rules of the library that sprig uses: what cannot be one is 0. */
import { readFloat, readInteger } from "../go_literals.ts";
import { GoInt, GoStruct, underlying } from "../go_values.ts";

const MAX_INT64 = (1n << 63n) - 1n;
const DECIMALS_REGEXP = /^([-+]?[0-9]*)\.[0-9]*$/;

/** As an `int64`. */
export function toInteger(value: unknown): bigint {
  const below = underlying(value);
  switch (typeof below) {
    case "number":
      return floatToInteger(below);
    case "boolean":
      return below ? 1n : 0n;
    case "string":
      return textToInteger(below);
    default:
      return below instanceof GoInt ? BigInt.asIntN(64, below.value) : 0n;
  }
}

/** A float outside of `int64` becomes the least one, as on most processors. */
function floatToInteger(value: number): bigint {
  if (!(Math.abs(value) < 2 ** 63)) return -MAX_INT64 - 1n;
  return BigInt(Math.trunc(value));
}

function textToInteger(text: string): bigint {
  const decimals = DECIMALS_REGEXP.exec(text);
  const whole = decimals === null ? text : decimals[1] ?? "";
  const value = readInteger(/^[-+]?$/.test(whole) && decimals !== null ? `${whole}0` : whole) ?? 0n;
  return value > MAX_INT64 || value < -MAX_INT64 - 1n ? 0n : value;
}

const SPECIAL_FLOAT_REGEXP = /^([+-]?)(inf|infinity|nan)$/i;

/** As a `float64`. */
export function toFloat(value: unknown): number {
  const below = underlying(value);
  switch (typeof below) {
    case "number":
      return below;
    case "boolean":
      return below ? 1 : 0;
    case "string": {
      const special = SPECIAL_FLOAT_REGEXP.exec(below);
      if (special === null) return readFloat(below) ?? 0;
      if (special[2]?.toLowerCase() === "nan") return special[1] === "" ? NaN : 0;
      return special[1] === "-" ? -Infinity : Infinity;
    }
    default:
      return below instanceof GoInt && !(value instanceof GoStruct) ? Number(below.value) : 0;
  }
}
