/** What Go says of texts that are no number, boolean or prefix, in its words: operators know them from istiod. */
import { parseIpAddress } from "../base/mod.ts";

/** Longest text that is repeated. */
const MAX_SAID_CHARS = 1_000;
const TRUE_TEXTS = ["1", "t", "T", "true", "TRUE", "True"];
const FALSE_TEXTS = ["0", "f", "F", "false", "FALSE", "False"];

/** A text as Go quotes it; JSON's quotes differ only for characters that cannot be shown. */
export function goQuote(text: string): string {
  return JSON.stringify(text.slice(0, MAX_SAID_CHARS));
}

/** Why a text is no unsigned integer of so many bits; `undefined` when it is one. */
export function uintFault(text: string, bits: 16 | 32): string | undefined {
  const because = (reason: string) => `strconv.ParseUint: parsing ${goQuote(text)}: ${reason}`;
  if (!/^[0-9]+$/.test(text)) return because("invalid syntax");
  const digits = text.replace(/^0+(?=.)/, "");
  return digits.length > 10 || Number(digits) >= 2 ** bits
    ? because("value out of range")
    : undefined;
}

/** A boolean of Go's; `undefined` for a text that is none. */
export function parseGoBool(text: string): boolean | undefined {
  return TRUE_TEXTS.includes(text) ? true : FALSE_TEXTS.includes(text) ? false : undefined;
}

/** Why a text is no boolean; `undefined` when it is one. */
export function boolFault(text: string): string | undefined {
  if (parseGoBool(text) !== undefined) return undefined;
  return `strconv.ParseBool: parsing ${goQuote(text)}: invalid syntax`;
}

/** Why a text is no prefix of addresses, such as `10.0.0.0/8`; `undefined` when it is one. */
export function prefixFault(text: string): string | undefined {
  const because = (reason: string) => `netip.ParsePrefix(${goQuote(text)}): ${reason}`;
  const slash = text.lastIndexOf("/");
  if (slash < 0) return because("no '/'");
  const [address, bits] = [text.slice(0, slash), text.slice(slash + 1)];
  const fault = addressFault(address);
  if (fault !== undefined) return because(fault);
  if (!/^(?:0|[1-9][0-9]*)$/.test(bits) || bits.length > 18) {
    return because(`bad bits after slash: ${goQuote(bits)}`);
  }
  const most = address.includes(":") ? 128 : 32;
  return Number(bits) > most ? because("prefix length out of range") : undefined;
}

function addressFault(text: string): string | undefined {
  const because = (reason: string) => `ParseAddr(${goQuote(text)}): ${reason}`;
  switch (/[.:%]/.exec(text)?.[0]) {
    case undefined:
      return because("unable to parse IP");
    case "%":
      return because("missing IPv6 address");
    case ".": {
      const fault = ipv4Fault(text);
      return fault === undefined ? undefined : because(fault);
    }
    default:
      if (text.includes("%")) return "IPv6 zones cannot be present in a prefix";
      // Go has nine reasons here; the text that is wrong is in the message either way.
      return parseIpAddress(text) === undefined ? because("unable to parse IP") : undefined;
  }
}

function ipv4Fault(text: string): string | undefined {
  const at = (place: number) => ` (at ${goQuote(text.slice(place))})`;
  let [value, digits, dots] = [0, 0, 0];
  for (let place = 0; place < text.length; place++) {
    const octet = text.charCodeAt(place) - 48;
    if (octet >= 0 && octet <= 9) {
      if (digits === 1 && value === 0) return "IPv4 field has octet with leading zero";
      value = value * 10 + octet;
      digits++;
      if (value > 255) return "IPv4 field has value >255";
    } else if (text[place] === ".") {
      if (digits === 0 || place === text.length - 1) {
        return `IPv4 field must have at least one digit${at(place)}`;
      }
      if (++dots > 3) return "IPv4 address too long";
      [value, digits] = [0, 0];
    } else return `unexpected character${at(place)}`;
  }
  return dots < 3 ? "IPv4 address too short" : undefined;
}

/** Several faults as Go's multierror writes them. */
export function joinFaults(faults: readonly string[]): string {
  const count = faults.length === 1 ? "1 error" : `${faults.length} errors`;
  return `${count} occurred:\n${faults.map((fault) => `\t* ${fault}\n`).join("")}\n`;
}
