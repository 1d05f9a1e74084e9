/** Floats in Go's notations, as `strconv.FormatFloat` writes them. */

/** A number as decimal digits: `0.DIGITS` times ten to the power of `point`. */
interface Decimal {
  readonly digits: string;
  readonly point: number;
}

/** The fewest digits that read back as the same float. */
function shortestDecimal(value: number): Decimal {
  const [mantissa = "0", exponent = "0"] = value.toExponential().split("e");
  const digits = mantissa.replace(".", "");
  return digits === "0" ? { digits: "", point: 0 } : { digits, point: Number(exponent) + 1 };
}

const view = new DataView(new ArrayBuffer(8));

/** All digits of a float. */
function exactDecimal(value: number): Decimal {
  if (value === 0) return { digits: "", point: 0 };
  view.setFloat64(0, value);
  const bits = view.getBigUint64(0);
  const biased = Number((bits >> 52n) & 0x7ffn);
  const mantissa = (bits & 0xfffffffffffffn) | (biased === 0 ? 0n : 1n << 52n);
  const exponent = (biased === 0 ? 1 : biased) - 1075;
  const [scaled, places] = exponent >= 0
    ? [mantissa << BigInt(exponent), 0]
    : [mantissa * 5n ** BigInt(-exponent), -exponent];
  const digits = String(scaled);
  return { digits: digits.replace(/0+$/, ""), point: digits.length - places };
}

/** Rounds to `count` digits; of two that are as near the even one. */
function roundTo({ digits, point }: Decimal, count: number): Decimal {
  if (count >= digits.length) return { digits, point };
  if (count < 0) return { digits: "", point: 0 };
  const rest = digits.slice(count);
  const last = count === 0 ? 0 : Number(digits[count - 1]);
  const isHalf = /^50*$/.test(rest);
  const up = isHalf ? last % 2 === 1 : (rest[0] ?? "0") >= "5";
  const kept = digits.slice(0, count);
  if (!up) return { digits: kept.replace(/0+$/, ""), point: kept === "" ? 0 : point };
  const raised = String(BigInt(kept === "" ? "0" : kept) + 1n);
  const grown = raised.length > Math.max(count, 0) ? 1 : 0;
  return {
    digits: raised.padStart(count + grown, "0").replace(/0+$/, ""),
    point: point + grown,
  };
}

function fixed({ digits, point }: Decimal, precision: number): string {
  const whole = point > 0 ? digits.slice(0, point).padEnd(point, "0") : "0";
  if (precision === 0) return whole;
  const zeros = "0".repeat(Math.min(precision, Math.max(0, -point)));
  const fraction = (zeros + digits.slice(Math.max(0, point))).slice(0, precision);
  return `${whole}.${fraction.padEnd(precision, "0")}`;
}

function exponential({ digits, point }: Decimal, precision: number, letter: string): string {
  const exponent = digits === "" ? 0 : point - 1;
  const fraction = precision === 0
    ? ""
    : `.${digits.slice(1, 1 + precision).padEnd(precision, "0")}`;
  const sign = exponent < 0 ? "-" : "+";
  const power = String(Math.abs(exponent)).padStart(2, "0");
  return `${digits[0] ?? "0"}${fraction}${letter}${sign}${power}`;
}

/** How a float is written: `e`, `f` or `g`, or `E` or `G`. */
export type FloatVerb = "e" | "E" | "f" | "g" | "G";

/** A float; a negative precision stands for the fewest digits that read back. */
export function formatFloat(value: number, verb: FloatVerb, precision: number): string {
  if (Number.isNaN(value)) return "NaN";
  const sign = value < 0 || Object.is(value, -0) ? "-" : "";
  if (!Number.isFinite(value)) return sign === "-" ? "-Inf" : "+Inf";
  return sign + formatAbsolute(Math.abs(value), verb, precision);
}

function formatAbsolute(value: number, verb: FloatVerb, precision: number): string {
  const isShortest = precision < 0;
  const decimal = isShortest ? shortestDecimal(value) : exactDecimal(value);
  switch (verb) {
    case "f": {
      const places = isShortest ? Math.max(0, decimal.digits.length - decimal.point) : precision;
      return fixed(isShortest ? decimal : roundTo(decimal, decimal.point + places), places);
    }
    case "e":
    case "E": {
      const places = isShortest ? Math.max(0, decimal.digits.length - 1) : precision;
      return exponential(isShortest ? decimal : roundTo(decimal, places + 1), places, verb);
    }
    default: {
      const wanted = isShortest ? decimal.digits.length : Math.max(1, precision);
      const rounded = isShortest ? decimal : roundTo(decimal, wanted);
      const { digits, point } = rounded;
      let limit = wanted;
      if (limit > digits.length && digits.length >= point) limit = digits.length;
      if (isShortest) limit = 6;
      const exponent = digits === "" ? -1 : point - 1;
      if (exponent < -4 || exponent >= limit) {
        const letter = verb === "g" ? "e" : "E";
        return exponential(rounded, Math.max(0, Math.min(wanted, digits.length) - 1), letter);
      }
      return fixed(rounded, Math.max(0, digits.length - point));
    }
  }
}
