/**
 * Rules for names in documents: DNS labels and names with Istio's wildcards, addresses and prefixes, labels of Kubernetes, ports, headers.
 *
 * Each says what is wrong with a text, in istiod's words where its webhook has some; `undefined` when nothing is.
 */
import { parseIpAddress, quote } from "../base/mod.ts";

const LABEL_REGEXP = /^[a-zA-Z0-9](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?$/;
const LOWER_LABEL_REGEXP = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** `*`, or a label with `*` or `*-` in front. */
const WILDCARD_LABEL_REGEXP = /^(?:\*|(?:\*-?)?[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)$/;
const QUALIFIED_NAME_REGEXP = /^(?:[A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;
const LABEL_PREFIX_REGEXP =
  /^[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9](?:[-a-zA-Z0-9]*[a-zA-Z0-9])?)*$/;
const MAX_LABEL_CHARS = 63;
const MAX_LABEL_PREFIX_CHARS = 253;
/** Istio's limit of a domain name. */
const MAX_DOMAIN_CHARS = 255;
/** Longest name of an object of Kubernetes. */
const MAX_OBJECT_NAME_CHARS = 253;
const MAX_PORT = 65_535;

/** Whether a text is a DNS-1123 label (RFC 1123 section 2.1); Istio takes upper case. */
export function isLabel(text: string): boolean {
  return LABEL_REGEXP.test(text);
}

/** The name of an object: a DNS-1123 subdomain in lower case. */
export function objectNameFault(text: string): string | undefined {
  const isName = text.length <= MAX_OBJECT_NAME_CHARS &&
    text.split(".").every((part) => LOWER_LABEL_REGEXP.test(part));
  return isName ? undefined : "should be a DNS name in lower case";
}

function lengthFault(domain: string): string | undefined {
  if (domain === "") return "empty domain name not allowed";
  return domain.length > MAX_DOMAIN_CHARS
    ? `domain name ${quote(domain)} too long (max ${MAX_DOMAIN_CHARS})`
    : undefined;
}

/** Labels with dots between them; one dot may end them, a number may not. */
function labelsOfDomainFault(domain: string): string | undefined {
  const parts = domain.split(".");
  const last = parts.at(-1)!;
  if (/^[+-]?\d+$/.test(last)) {
    return `domain name ${quote(domain)} invalid (top level domain ${
      quote(last)
    } cannot be all-numeric)`;
  }
  const wrong = parts.find((part, at) =>
    !(at === parts.length - 1 && part === "") && !isLabel(part)
  );
  return wrong === undefined
    ? undefined
    : `domain name ${quote(domain)} invalid (label ${quote(wrong)} invalid)`;
}

/** A fully qualified domain name. */
export function fqdnFault(text: string): string | undefined {
  return lengthFault(text) ?? labelsOfDomainFault(text);
}

/** A domain name whose first label may be or begin with a wildcard. */
export function wildcardDomainFault(text: string): string | undefined {
  const wrong = lengthFault(text);
  if (wrong !== undefined) return wrong;
  const dot = text.indexOf(".");
  const first = dot < 0 ? text : text.slice(0, dot);
  if (first.length > MAX_LABEL_CHARS || !WILDCARD_LABEL_REGEXP.test(first)) {
    return `domain name ${quote(text)} invalid (label ${quote(first)} invalid)`;
  }
  return dot < 0 ? undefined : labelsOfDomainFault(text.slice(dot + 1));
}

/** A wildcard that is a part of a label only: no lookup ever matches it. */
export function partialWildcardFault(text: string): string | undefined {
  return text.includes("*") && text.length !== 1 && !text.startsWith("*.")
    ? `partial wildcard ${quote(text)} not allowed`
    : undefined;
}

/** Whether a text is an IP address; a zone may follow one of IPv6. */
export function isIpAddress(text: string): boolean {
  const percent = text.indexOf("%");
  if (percent < 0) return parseIpAddress(text) !== undefined;
  const address = text.slice(0, percent);
  return percent < text.length - 1 && address.includes(":") &&
    parseIpAddress(address) !== undefined;
}

/** An IP address. */
export function ipFault(text: string): string | undefined {
  return isIpAddress(text) ? undefined : `${text} is not a valid IP`;
}

/** Whether a text is an address and the length of its prefix: `10.1.0.0/16`. */
export function isIpPrefix(text: string): boolean {
  const [, address = "", length = ""] = /^([^/%]*)\/(0|[1-9]\d{0,2})$/.exec(text) ?? [];
  if (parseIpAddress(address) === undefined) return false;
  return Number(length) <= (address.includes(":") ? 128 : 32);
}

/** An IP address or a prefix. */
export function subnetFault(text: string): string | undefined {
  if (text.split("/").length !== 2) return ipFault(text);
  return isIpPrefix(text) ? undefined : `${text} is not a valid CIDR block`;
}

/** A port number. */
export function portFault(port: number): string | undefined {
  return port >= 1 && port <= MAX_PORT
    ? undefined
    : `port number ${port} must be in the range 1..65535`;
}

/** The name of a port. */
export function portNameFault(name: string): string | undefined {
  return isLabel(name) ? undefined : `invalid port name: ${name}`;
}

/** The name of a subset. */
export function subsetNameFault(name: string): string | undefined {
  if (name === "") return "subset name cannot be empty";
  return isLabel(name) ? undefined : `subset name is invalid: ${name}`;
}

/** A socket of Unix without `unix://`: an absolute path to a file, or `@` and a name. */
export function unixAddressFault(path: string): string | undefined {
  if (path === "") return "unix address must not be empty";
  if (path.startsWith("@")) return undefined;
  return path.startsWith("/") && !path.endsWith("/")
    ? undefined
    : `${path} is not an absolute path to a file`;
}

/** The key of a label of Kubernetes: a name, with a DNS name and a slash in front at will. */
export function labelKeyFault(key: string): string | undefined {
  const slash = key.indexOf("/");
  const [prefix, name] = slash < 0 ? [undefined, key] : [key.slice(0, slash), key.slice(slash + 1)];
  const isFine = QUALIFIED_NAME_REGEXP.test(name) && name.length <= MAX_LABEL_CHARS &&
    (prefix === undefined ||
      LABEL_PREFIX_REGEXP.test(prefix) && prefix.length <= MAX_LABEL_PREFIX_CHARS);
  return isFine ? undefined : `invalid tag key: ${quote(key)}`;
}

/** The value of a label of Kubernetes. */
export function labelValueFault(value: string): string | undefined {
  return value === "" || QUALIFIED_NAME_REGEXP.test(value)
    ? undefined
    : `invalid tag value: ${quote(value)}`;
}
