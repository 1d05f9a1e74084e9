/** Who may ask: addresses by prefix, and clients with certificates of the mesh. */
import {
  type IpPrefix,
  parseIpAddress,
  parseIpPrefix,
  prefixHas,
  SignetError,
} from "../base/mod.ts";

/** Prefixes of addresses. */
export interface AddressList {
  /** True when the address, as text, lies in one of the prefixes. */
  has(address: string): boolean;
}

/**
 * Reads addresses and prefixes (`10.1.0.0/16`, `::1`).
 *
 * @throws {SignetError} `config.bad_value`, naming `where`.
 */
export function parseAddressList(texts: readonly string[], where: string): AddressList {
  const prefixes = texts.map((text) => parsePrefix(text, where));
  return {
    has(address) {
      const octets = parseIpAddress(address.replace(/%.*$/, ""));
      return octets !== undefined && prefixes.some((prefix) => prefixHas(prefix, octets));
    },
  };
}

function parsePrefix(text: string, where: string): IpPrefix {
  const prefix = parseIpPrefix(text);
  if (prefix !== undefined) return prefix;
  throw new SignetError(
    "config.bad_value",
    `Cannot use ${where}: ${
      JSON.stringify(text)
    } should be an address or a prefix such as 10.1.0.0/16`,
  );
}
