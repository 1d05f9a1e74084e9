/** The part of a peer's address that a limit is counted by. */
import { parseIpAddress } from "../base/mod.ts";

const HOST_PORT_REGEXP = /^(?:\[([^\]]*)\]|([^:]*)):\d+$/;
/** A machine owns a whole /64 of IPv6 (RFC 4291 section 2.5.1), so it could change the rest at will. */
const IPV6_PREFIX_BYTES = 8;
const UNKNOWN = "unknown";

/**
 * The IPv4 address, or the /64 of the IPv6 address, of a `host:port`; IPv4-mapped addresses count as IPv4. What is no address shares
 * one key.
 */
export function addressKey(remoteAddress: string): string {
  const match = HOST_PORT_REGEXP.exec(remoteAddress);
  const octets = parseIpAddress((match?.[1] ?? match?.[2] ?? "").replace(/%.*$/, ""));
  if (octets === undefined) return UNKNOWN;
  return octets.length === 4
    ? octets.join(".")
    : `${octets.subarray(0, IPV6_PREFIX_BYTES).toHex()}/64`;
}
