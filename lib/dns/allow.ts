/** Who may ask: addresses by prefix, and clients with certificates of the mesh. */
import { parseIpAddress, SignetError } from "../base/mod.ts";

/** Prefixes of addresses. */
export interface AddressList {
  /** True when the address, as text, lies in one of the prefixes. */
  has(address: string): boolean;
}

interface Prefix {
  readonly octets: Uint8Array;
  readonly bits: number;
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
      return octets !== undefined && prefixes.some((prefix) => contains(prefix, octets));
    },
  };
}

function parsePrefix(text: string, where: string): Prefix {
  const [address = "", length, ...more] = text.split("/");
  const octets = parseIpAddress(address);
  const most = (octets?.length ?? 0) * 8;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  if (octets === undefined || more.length > 0 || !(bits <= most)) {
    throw new SignetError(
      "config.bad_value",
      `Cannot use ${where}: ${
        JSON.stringify(text)
      } should be an address or a prefix such as 10.1.0.0/16`,
    );
  }
  return { octets, bits };
}

function contains({ octets, bits }: Prefix, address: Uint8Array): boolean {
  if (octets.length !== address.length) return false;
  for (let at = 0; at * 8 < bits; at++) {
    const mask = 0xff00 >> Math.min(8, bits - at * 8) & 0xff;
    if (((octets[at]! ^ address[at]!) & mask) !== 0) return false;
  }
  return true;
}
