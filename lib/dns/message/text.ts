/**
 * Messages as people read them: data of records in presentation format (RFC 1035 section 5.1, RFC 3597), the names of flags, and what an
 * OPT record says. Every text is printable ASCII, whatever the octets are.
 */
import { formatIpAddress, isSignetError, SignetError } from "../../base/mod.ts";
import type { DnsMessage, DnsRecord } from "./message.ts";
import { readName } from "./name.ts";
import { FLAG, OPTION, rcodeName, TYPE } from "./numbers.ts";

/** An extended error of an answer (RFC 8914). */
export interface ReadExtendedError {
  /** INFO-CODE. */
  readonly code: number;
  /** Its name. */
  readonly name: string;
  /** EXTRA-TEXT, with what is no printable ASCII escaped. */
  readonly text: string;
}

/** What an OPT record says (RFC 6891). */
export interface ReadEdns {
  /** EDNS version. */
  readonly version: number;
  /** Payload size of the sender. */
  readonly payloadBytes: number;
  /** The DO bit. */
  readonly dnssecOk: boolean;
  /** Octets of padding; `undefined` without the option (RFC 7830). */
  readonly paddingBytes: number | undefined;
  /** Time that the connection may stay idle, in milliseconds; `undefined` when it is not said (RFC 7828). */
  readonly keepaliveMs: number | undefined;
  /** Why the answer is what it is. */
  readonly extendedErrors: readonly ReadExtendedError[];
  /** Codes of all other options. */
  readonly otherOptions: readonly number[];
}

/** Purposes of INFO-CODE values, from 0 on (RFC 8914 section 4). */
const EXTENDED_ERROR_NAMES: readonly string[] = [
  ...["Other", "Unsupported DNSKEY Algorithm", "Unsupported DS Digest Type", "Stale Answer"],
  ...["Forged Answer", "DNSSEC Indeterminate", "DNSSEC Bogus", "Signature Expired"],
  ...["Signature Not Yet Valid", "DNSKEY Missing", "RRSIGs Missing", "No Zone Key Bit Set"],
  ...["NSEC Missing", "Cached Error", "Not Ready", "Blocked", "Censored", "Filtered"],
  ...["Prohibited", "Stale NXDOMAIN Answer", "Not Authoritative", "Not Supported"],
  ...["No Reachable Authority", "Network Error", "Invalid Data"],
];
const KEEPALIVE_UNIT_MS = 100;
const DNSSEC_OK = 0x8000;

/** The names of the flags that are set, in the order of the header. */
export function flagNames(flags: number): readonly string[] {
  return Object.entries(FLAG).filter(([, bit]) => (flags & bit) !== 0).map(([name]) =>
    name.toLowerCase()
  );
}

/** The response code of a message, with the upper bits of its OPT record. */
export function statusOf({ flags, additionals }: DnsMessage): string {
  const opt = additionals.find(({ type }) => type === TYPE.OPT);
  return rcodeName((opt === undefined ? 0 : opt.ttl >>> 24 << 4) | flags & 15);
}

/**
 * What the OPT record of a message says; `undefined` without one.
 *
 * @throws {SignetError} `dns.bad_message` when its options do not fill it.
 */
export function readEdns({ additionals }: DnsMessage): ReadEdns | undefined {
  const opt = additionals.find(({ type }) => type === TYPE.OPT);
  if (opt === undefined) return undefined;
  const options = optionsOf(opt);
  const padding = options.find(({ code }) => code === OPTION.PADDING);
  const keepalive = options.find(({ code, data }) =>
    code === OPTION.TCP_KEEPALIVE && data.length === 2
  );
  const known: readonly number[] = Object.values(OPTION);
  return {
    version: opt.ttl >>> 16 & 0xff,
    payloadBytes: opt.class,
    dnssecOk: (opt.ttl & DNSSEC_OK) !== 0,
    paddingBytes: padding?.data.length,
    keepaliveMs: keepalive && read16(keepalive.data, 0) * KEEPALIVE_UNIT_MS,
    extendedErrors: options
      .filter(({ code, data }) => code === OPTION.EXTENDED_ERROR && data.length >= 2)
      .map(({ data }) => extendedError(data)),
    otherOptions: options.map(({ code }) => code).filter((code) => !known.includes(code)),
  };
}

function extendedError(data: Uint8Array): ReadExtendedError {
  const code = read16(data, 0);
  const name = EXTENDED_ERROR_NAMES[code] ?? `INFO-CODE ${code}`;
  return { code, name, text: escaped(data.subarray(2), "") };
}

function optionsOf(
  { data }: DnsRecord,
): readonly { readonly code: number; readonly data: Uint8Array }[] {
  const options: { readonly code: number; readonly data: Uint8Array }[] = [];
  for (let at = 0; at < data.length;) {
    const end = at + 4 > data.length ? Infinity : at + 4 + read16(data, at + 2);
    if (end > data.length) {
      throw new SignetError(
        "dns.bad_message",
        "Cannot read EDNS: an option goes past the end of its record",
        { offset: at },
      );
    }
    options.push({ code: read16(data, at), data: data.subarray(at + 4, end) });
    at = end;
  }
  return options;
}

/** The data of a record; what is not of its type's shape, and types without a shape here, as counted hex (RFC 3597 section 5). */
export function dataText({ type, data }: Pick<DnsRecord, "type" | "data">): string {
  try {
    return shapedText(type, data) ?? opaqueText(data);
  } catch (thrown) {
    if (!isSignetError(thrown, "dns.bad_message")) throw thrown;
    return opaqueText(data);
  }
}

function opaqueText(data: Uint8Array): string {
  return `\\# ${data.length} ${data.toHex()}`.trimEnd();
}

/** `undefined` when the data does not have the shape of its type. */
function shapedText(type: number, data: Uint8Array): string | undefined {
  switch (type) {
    case TYPE.A:
    case TYPE.AAAA:
      return data.length === (type === TYPE.A ? 4 : 16) ? formatIpAddress(data) : undefined;
    case TYPE.NS:
    case TYPE.CNAME:
    case TYPE.DNAME:
    case TYPE.PTR:
      return namesText(data, { before: 0, names: 1 });
    case TYPE.MX:
      return namesText(data, { before: 1, names: 1 });
    case TYPE.SRV:
      return namesText(data, { before: 3, names: 1 });
    case TYPE.SOA:
      return soaText(data);
    case TYPE.TXT:
    case TYPE.HINFO:
      return stringsText(data);
    default:
      return undefined;
  }
}

/** Numbers of 16 bits, then names that fill the rest. */
function namesText(
  data: Uint8Array,
  { before, names }: { readonly before: number; readonly names: number },
): string | undefined {
  if (data.length < before * 2) return undefined;
  const words = Array.from({ length: before }, (_, i) => String(read16(data, i * 2)));
  let at = before * 2;
  for (let i = 0; i < names; i++) {
    const { key, end } = readName(data, at, { pointers: false });
    words.push(`${key}.`);
    at = end;
  }
  return at === data.length ? words.join(" ") : undefined;
}

function soaText(data: Uint8Array): string | undefined {
  const numbersAt = data.length - 20;
  if (numbersAt < 2) return undefined;
  const names = namesText(data.subarray(0, numbersAt), { before: 0, names: 2 });
  if (names === undefined) return undefined;
  const view = new DataView(data.buffer, data.byteOffset + numbersAt, 20);
  const numbers = [0, 4, 8, 12, 16].map((at) => view.getUint32(at));
  return [names, ...numbers].join(" ");
}

/** Texts with their length in front, each in quotes. */
function stringsText(data: Uint8Array): string | undefined {
  const texts: string[] = [];
  for (let at = 0; at < data.length;) {
    const end = at + 1 + data[at]!;
    if (end > data.length) return undefined;
    texts.push(`"${escaped(data.subarray(at + 1, end), '"\\')}"`);
    at = end;
  }
  return texts.length === 0 ? undefined : texts.join(" ");
}

/** Printable ASCII as it is, `special` characters behind a backslash, the rest as `\ddd`. */
function escaped(octets: Uint8Array, special: string): string {
  return Array.from(octets, (octet) => {
    const character = String.fromCharCode(octet);
    if (octet < 0x20 || octet > 0x7e) return `\\${String(octet).padStart(3, "0")}`;
    return special.includes(character) ? `\\${character}` : character;
  }).join("");
}

function read16(bytes: Uint8Array, at: number): number {
  return bytes[at]! << 8 | bytes[at + 1]!;
}
