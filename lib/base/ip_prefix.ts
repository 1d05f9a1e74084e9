/** Prefixes of IP addresses: `10.1.0.0/16`, and an address for itself alone (RFC 4632 section 3.1, RFC 4291 section 2.3). */
import { parseIpAddress } from "./ip_address.ts";

/** A prefix; its octets beyond `bits` count for nothing. */
export interface IpPrefix {
  /** 4 or 16. */
  readonly octets: Uint8Array;
  /** Bits that an address shares with it. */
  readonly bits: number;
}

/** `undefined` when the text is neither an address nor a prefix. */
export function parseIpPrefix(text: string): IpPrefix | undefined {
  const [address = "", length, ...more] = text.split("/");
  const octets = parseIpAddress(address);
  if (octets === undefined || more.length > 0) return undefined;
  const most = octets.length * 8;
  const bits = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  return bits <= most ? { octets, bits } : undefined;
}

/** True when an address's octets lie in the prefix; one of the other family never does. */
export function prefixHas({ octets, bits }: IpPrefix, address: Uint8Array): boolean {
  if (octets.length !== address.length) return false;
  for (let at = 0; at * 8 < bits; at++) {
    const mask = 0xff00 >> Math.min(8, bits - at * 8) & 0xff;
    if (((octets[at]! ^ address[at]!) & mask) !== 0) return false;
  }
  return true;
}
