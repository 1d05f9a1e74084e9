/** Rules for the names in documents: DNS-1123 labels and subdomains as Kubernetes defines them, hosts, addresses, labels. */
import { parseIpAddress } from "../base/mod.ts";

const LABEL_REGEXP = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** A label of a host: Istio takes upper case here. */
const HOST_LABEL_REGEXP = /^[A-Za-z0-9](?:[-A-Za-z0-9]{0,61}[A-Za-z0-9])?$/;
/** Longest DNS name in presentation form without the last dot (RFC 1035 section 2.3.4). */
const MAX_HOST_CHARS = 253;
const LABEL_VALUE_REGEXP = /^(?:[A-Za-z0-9](?:[-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?$/;

/** What is wrong with a DNS-1123 label (RFC 1123 section 2.1); `undefined` when nothing is. */
export function labelFault(text: string): string | undefined {
  return LABEL_REGEXP.test(text)
    ? undefined
    : "should be a DNS label: at most 63 of a-z, 0-9 and -, with no - at either end";
}

/** What is wrong with the name of an object: a DNS-1123 subdomain. */
export function objectNameFault(text: string): string | undefined {
  return text.length <= MAX_HOST_CHARS && text.split(".").every((part) => LABEL_REGEXP.test(part))
    ? undefined
    : "should be a DNS name in lower case";
}

/** What is wrong with a fully qualified host without wildcards; one dot may end it. */
export function fqdnFault(text: string): string | undefined {
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (name.length === 0 || name.length > MAX_HOST_CHARS) {
    return `should be a DNS name of 1 to ${MAX_HOST_CHARS} characters`;
  }
  return name.split(".").every((part) => HOST_LABEL_REGEXP.test(part))
    ? undefined
    : "should be a DNS name: labels of letters, digits and - with dots between them";
}

/** What is wrong with a host of a ServiceEntry: a name or `*.` and a name, never `*` alone. */
export function hostFault(text: string): string | undefined {
  if (text === "*") return "is a wildcard for everything, should be a name or *.name";
  return fqdnFault(text.startsWith("*.") ? text.slice(2) : text);
}

/** What is wrong with an IP address or CIDR prefix. */
export function addressFault(text: string): string | undefined {
  const [address = "", length, ...more] = text.split("/");
  const octets = parseIpAddress(address);
  const bits = length === undefined || /^\d{1,3}$/.test(length) ? Number(length ?? 0) : NaN;
  return octets !== undefined && more.length === 0 && bits <= octets.length * 8
    ? undefined
    : "should be an IP address or a prefix such as 10.1.0.0/16";
}

/** What is wrong with the key of a label: a name, with a DNS name and a slash in front at will. */
export function labelKeyFault(text: string): string | undefined {
  const slash = text.indexOf("/");
  const prefix = slash < 0 ? undefined : text.slice(0, slash);
  const name = text.slice(slash + 1);
  const isFine = name !== "" && LABEL_VALUE_REGEXP.test(name) &&
    (prefix === undefined || fqdnFault(prefix) === undefined);
  return isFine ? undefined : "should be a label's key such as app or example.com/app";
}

/** What is wrong with the value of a label. */
export function labelValueFault(text: string): string | undefined {
  return LABEL_VALUE_REGEXP.test(text)
    ? undefined
    : "should be a label's value: at most 63 of letters, digits, -, _ and .";
}
