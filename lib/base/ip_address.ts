/**
 * IP addresses as text and as the octets of an iPAddress (RFC 5280 section 4.2.1.6; RFC 4291 section 2.2; RFC 5952).
 *
 * Left out: zones (`%eth0`), prefixes, and IPv4 in fewer than four parts or with leading zeros.
 */

const IPV4_PART_REGEXP = /^(?:0|[1-9]\d{0,2})$/;
const GROUP_REGEXP = /^[0-9A-Fa-f]{1,4}$/;
/** The longest text of an address: eight groups, the last two in dotted form. */
const MAX_ADDRESS_CHARS = 45;
const GROUPS = 8;

/** The octets of an address: 4 for IPv4 and IPv4-mapped IPv6, else 16. `undefined` when the text is not an address. */
export function parseIpAddress(text: string): Uint8Array | undefined {
  if (text.length < 2 || text.length > MAX_ADDRESS_CHARS) return undefined;
  if (!text.includes(":")) return parseIpv4(text);
  const groups = parseGroups(text);
  if (groups === undefined) return undefined;
  const octets = Uint8Array.from(groups.flatMap((group) => [group >> 8, group & 0xff]));
  return isMapped(octets) ? octets.slice(12) : octets;
}

function parseIpv4(text: string): Uint8Array | undefined {
  const parts = text.split(".");
  if (parts.length !== 4) return undefined;
  if (!parts.every((part) => IPV4_PART_REGEXP.test(part) && Number(part) <= 255)) return undefined;
  return Uint8Array.from(parts, Number);
}

/** Eight groups of 16 bits; `::` stands for one or more groups of zero, and the last two may be written as IPv4. */
function parseGroups(text: string): number[] | undefined {
  const halves = text.split("::");
  if (halves.length > 2) return undefined;
  const [head, tail] = halves.map((half, i) => parseHalf(half, i === halves.length - 1));
  if (head === undefined) return undefined;
  if (halves.length === 1) return head.length === GROUPS ? head : undefined;
  if (tail === undefined || head.length + tail.length >= GROUPS) return undefined;
  return [...head, ...new Array<number>(GROUPS - head.length - tail.length).fill(0), ...tail];
}

function parseHalf(half: string, last: boolean): number[] | undefined {
  if (half === "") return [];
  const parts = half.split(":");
  const groups: number[] = [];
  for (const [i, part] of parts.entries()) {
    if (GROUP_REGEXP.test(part)) {
      groups.push(parseInt(part, 16));
      continue;
    }
    const dotted = last && i === parts.length - 1 ? parseIpv4(part) : undefined;
    if (dotted === undefined) return undefined;
    groups.push(dotted[0]! * 256 + dotted[1]!, dotted[2]! * 256 + dotted[3]!);
  }
  return groups;
}

function isMapped(octets: Uint8Array): boolean {
  return octets[10] === 0xff && octets[11] === 0xff &&
    octets.subarray(0, 10).every((octet) => octet === 0);
}

/**
 * The text of 4 or 16 octets: dotted, or the canonical IPv6 form of RFC 5952; an IPv4-mapped address is written dotted, as Go does.
 * `undefined` for any other number of octets.
 */
export function formatIpAddress(octets: Uint8Array): string | undefined {
  if (octets.length === 4) return octets.join(".");
  if (octets.length !== 16) return undefined;
  if (isMapped(octets)) return octets.subarray(12).join(".");
  const groups = Array.from(
    { length: GROUPS },
    (_, i) => octets[i * 2]! * 256 + octets[i * 2 + 1]!,
  );
  const { start, length } = longestZeros(groups);
  const hex = groups.map((group) => group.toString(16));
  if (length < 2) return hex.join(":");
  return `${hex.slice(0, start).join(":")}::${hex.slice(start + length).join(":")}`;
}

/** The first of the longest runs of zero groups. */
function longestZeros(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 };
  let start = 0;
  for (let i = 0; i <= groups.length; i++) {
    if (groups[i] === 0) continue;
    if (i - start > best.length) best = { start, length: i - start };
    start = i + 1;
  }
  return best;
}
