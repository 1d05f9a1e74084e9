/** What the values of a policy's fields may be; each says what is wrong with a list of them, in istiod's words. */
import { quote } from "../../base/mod.ts";
import { isIpAddress, isIpPrefix } from "../names.ts";

const MAX_PORT = 65_535;
const MAX_ACCOUNTS = 16;
const MAX_ACCOUNT_CHARS = 320;
const ONE = "{*}";
const ANY = "{**}";
/** What stands between the slashes of a template (RFC 3986 appendix A, `pchar`). */
const LITERAL_REGEXP = /^[a-zA-Z0-9\-._~%!$&'()+,;:@=]+$/;

/** No value is empty. */
export function emptyFault(values: readonly string[], name: string): string | undefined {
  return values.includes("") ? `empty value not allowed, found in ${name}` : undefined;
}

/** IP addresses and prefixes. */
export function addressesFault(values: readonly string[], name: string): string | undefined {
  const wrong = values.find((value) => !(value.includes("/") ? isIpPrefix : isIpAddress)(value));
  if (wrong === undefined) return emptyFault(values, name);
  return wrong.includes("/")
    ? `bad CIDR range (${wrong})${prefixFault(wrong)}`
    : `bad IP address (${wrong})`;
}

/** What Go's `netip.ParsePrefix` says behind an address that is one. */
function prefixFault(prefix: string): string {
  const slash = prefix.lastIndexOf("/");
  const [address, bits] = [prefix.slice(0, slash), prefix.slice(slash + 1)];
  const [numeric = "", zone] = address.split("%");
  if (!isIpAddress(numeric)) return "";
  const hasBits = /^(0|[1-9]\d*)$/.test(bits);
  const why = zone !== undefined
    ? "IPv6 zones cannot be present in a prefix"
    : hasBits
    ? "prefix length out of range"
    : `bad bits after slash: ${quote(bits)}`;
  return `: netip.ParsePrefix(${quote(prefix)}): ${why}`;
}

/** Port numbers, 0 included. */
export function portsFault(values: readonly string[], _name: string): string | undefined {
  const isPort = (value: string) => /^\d+$/.test(value) && Number(value) <= MAX_PORT;
  const wrong = values.find((value) => !isPort(value));
  return wrong === undefined ? undefined : `bad port (${wrong}): ${goParseFault(wrong)}`;
}

/** What Go says of a text that is no number, as istiod's operators know it. */
function goParseFault(text: string): string {
  const isNumber = /^\d+$/.test(text);
  const why = isNumber ? "value out of range" : "invalid syntax";
  return `strconv.ParseUint: parsing ${quote(text)}: ${why}`;
}

/** Service accounts, with a namespace and a slash in front at will. */
export function serviceAccountsFault(values: readonly string[], name: string): string | undefined {
  if (values.length > MAX_ACCOUNTS) return `may not have more than ${MAX_ACCOUNTS} values`;
  for (const value of values) {
    if (value === "") return emptyFault(values, name);
    if (value.includes("*")) return `wildcard not allowed, found in ${name}`;
    if (value.length > MAX_ACCOUNT_CHARS) {
      return `value cannot exceed ${MAX_ACCOUNT_CHARS} characters, found ${
        quote(value)
      } in ${name}`;
    }
    const parts = value.split("/");
    if (parts.length > 2 || parts.includes("")) {
      const empty = parts.length > 2
        ? ""
        : parts[0] === ""
        ? "empty namespace "
        : "empty serviceAccount ";
      return `expected format 'serviceAccount' or 'namespace/serviceAccount', found ${empty}${
        quote(value)
      } in ${name}`;
    }
  }
  return undefined;
}

/** Texts with one wildcard at an end. */
export function wildcardsFault(values: readonly string[], name: string): string | undefined {
  const empty = emptyFault(values, name);
  if (empty !== undefined) return empty;
  for (const value of values) {
    const stars = value.split("*").length - 1;
    if (stars > 1) return `at most one wildcard is allowed, found in ${name}: ${quote(value)}`;
    if (stars === 1 && !value.startsWith("*") && !value.endsWith("*")) {
      return `wildcard is only allowed at the start or end, found in ${name}: ${quote(value)}`;
    }
  }
  return undefined;
}

/** Trust domains. */
export function trustDomainsFault(values: readonly string[], name: string): string | undefined {
  const wrong = values.find((value) => value.includes("/"));
  return wildcardsFault(values, name) ??
    (wrong === undefined
      ? undefined
      : `trust domain must not contain '/', found in ${name}: ${quote(wrong)}`);
}

/** Paths, whose parts may be `{*}`, and `{**}` once as the last of these. */
export function pathsFault(values: readonly string[], name: string): string | undefined {
  return emptyFault(values, name) ??
    values.map((value) => pathFault(value, name)).find((wrong) => wrong !== undefined);
}

/** In one pass: an expression for slashes at the end looks from each slash of a long row of them. */
function withoutOuterSlashes(path: string): string {
  let [start, end] = [0, path.length];
  while (start < end && path[start] === "/") start++;
  while (start < end && path[end - 1] === "/") end--;
  return path.slice(start, end);
}

function pathFault(value: string, name: string): string | undefined {
  const path = withoutOuterSlashes(value);
  const wrong = (why: string) => `invalid or unsupported path ${path}, found in ${name}. ${why}`;
  const isTemplate = value.includes(ONE) || value.includes(ANY);
  let endsHere = false;
  for (const part of path.split("/")) {
    if (part === ONE || part === ANY) {
      if (endsHere) return wrong("{**} is not the last operator");
      endsHere = part === ANY;
    } else if (/[{}]/.test(part)) {
      return wrong("Contains '{' or '}' beyond a supported path template");
    } else if (isTemplate && !LITERAL_REGEXP.test(part)) {
      return wrong(`Contains segment ${part} with invalid string literal`);
    }
  }
  return undefined;
}
