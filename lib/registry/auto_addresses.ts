/**
 * Addresses for services that have none, so that a proxy can tell them apart by where a connection goes.
 *
 * istiod's controller writes them into the object's status, where they stay; files have no status. So the place of a host in the
 * prefix comes from a hash of its namespace and name (FNV-1a, as istiod's older allocation): the same after a restart, and the same on
 * another server with the same files. Two hosts with one hash are settled by order, and a host that has an address keeps it for as long
 * as the server runs, whoever comes later.
 */
import { formatIpAddress, parseIpAddress, SignetError } from "../base/mod.ts";
import type { AutoAddressPrefixes } from "./port.ts";

/** One host that wants addresses. */
export interface AddressWish {
  /** `namespace/host`: what an allocation is remembered by. */
  readonly key: string;
}

/** Addresses by the key of their host. */
export type Allocations = ReadonlyMap<string, readonly string[]>;

/** Most addresses of a prefix that are used: more hosts than this are another problem. */
const MAX_POOL = 1 << 24;
const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;

/** A prefix as its first octets and the number of addresses that may be given out. */
export interface AddressPool {
  /** The address that the others are counted from. */
  readonly base: Uint8Array;
  /** How many there are. */
  readonly size: number;
}

/**
 * Gives each wish one IPv4 and one IPv6 address; those that `previous` has keep theirs. An address of `taken` is never given out.
 * A host for which a prefix has no room is left out of the result.
 */
export function allocateAddresses(
  wishes: readonly AddressWish[],
  prefixes: AutoAddressPrefixes,
  { previous, taken }: { readonly previous: Allocations; readonly taken: ReadonlySet<string> },
): Allocations {
  const pools = [parsePrefix(prefixes.ipv4), parsePrefix(prefixes.ipv6)];
  const result = new Map<string, readonly string[]>();
  const used = new Set(taken);
  const keys = [...new Set(wishes.map(({ key }) => key))].sort();
  for (const key of keys) {
    const kept = previous.get(key);
    if (kept === undefined || kept.some((address) => used.has(address))) continue;
    for (const address of kept) used.add(address);
    result.set(key, kept);
  }
  for (const key of keys) {
    if (result.has(key)) continue;
    const addresses = pools.map((pool) => pick(pool, fnv1a(key), used));
    if (addresses.some((address) => address === undefined)) continue;
    for (const address of addresses) used.add(address!);
    result.set(key, addresses as string[]);
  }
  return result;
}

/** The first free address from the hash on; `undefined` when the pool is full. */
function pick(
  { base, size }: AddressPool,
  hash: number,
  used: ReadonlySet<string>,
): string | undefined {
  for (let step = 0; step < size && step <= used.size; step++) {
    const address = addressAt(base, 1 + (hash + step) % size);
    if (!used.has(address)) return address;
  }
  return undefined;
}

function addressAt(base: Uint8Array, number: number): string {
  const octets = base.slice();
  let carry = number;
  for (let at = octets.length - 1; at >= 0 && carry > 0; at--) {
    const sum = octets[at]! + (carry & 0xff);
    octets[at] = sum & 0xff;
    carry = (carry >>> 8) + (sum >> 8);
  }
  return formatIpAddress(octets)!;
}

/**
 * Reads a prefix. The first and the last address of an IPv4 prefix are not given out.
 *
 * @throws {SignetError} `config.bad_value`.
 */
export function parsePrefix(text: string): AddressPool {
  const [address = "", length = "", ...more] = text.split("/");
  const octets = parseIpAddress(address);
  const bits = /^\d{1,3}$/.test(length) ? Number(length) : NaN;
  const hostBits = octets === undefined ? NaN : octets.length * 8 - bits;
  if (octets === undefined || more.length > 0 || !(bits >= 1) || !(hostBits >= 2)) {
    throw new SignetError(
      "config.bad_value",
      `Cannot make up addresses from ${
        JSON.stringify(text)
      }: should be a prefix such as 240.240.0.0/16`,
    );
  }
  return { base: masked(octets, bits), size: Math.min(MAX_POOL, 2 ** Math.min(hostBits, 32) - 2) };
}

function masked(octets: Uint8Array, bits: number): Uint8Array {
  return octets.map((octet, at) => {
    const keep = Math.max(0, Math.min(8, bits - at * 8));
    return octet & (0xff00 >> keep);
  });
}

/** FNV-1a, 32 bits, over the UTF-8 octets. */
function fnv1a(text: string): number {
  let hash = FNV_OFFSET;
  for (const octet of new TextEncoder().encode(text)) {
    hash = Math.imul(hash ^ octet, FNV_PRIME) >>> 0;
  }
  return hash;
}
