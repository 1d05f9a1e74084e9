/** The numbers of DNS that signet uses, by the names of IANA's registries (RFC 1035, 6891, 8914). */

/** TYPE values. */
export const TYPE = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  PTR: 12,
  HINFO: 13,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  OPT: 41,
  DS: 43,
  RRSIG: 46,
  NSEC: 47,
  DNSKEY: 48,
  NSEC3: 50,
  SVCB: 64,
  HTTPS: 65,
  TKEY: 249,
  TSIG: 250,
  IXFR: 251,
  AXFR: 252,
  MAILB: 253,
  MAILA: 254,
  ANY: 255,
} as const;

/** CLASS values. */
export const CLASS = { IN: 1, ANY: 255 } as const;

/** RCODE values; those above 15 are split between header and OPT. */
export const RCODE = {
  NOERROR: 0,
  FORMERR: 1,
  SERVFAIL: 2,
  NXDOMAIN: 3,
  NOTIMP: 4,
  REFUSED: 5,
  BADVERS: 16,
} as const;

/** OPCODE values. */
export const OPCODE = { QUERY: 0 } as const;

/** Bits of the second and third octet of a message's header, as one 16-bit number. */
export const FLAG = {
  QR: 0x8000,
  AA: 0x0400,
  TC: 0x0200,
  RD: 0x0100,
  RA: 0x0080,
  AD: 0x0020,
  CD: 0x0010,
} as const;

/** EDNS option codes. */
export const OPTION = { TCP_KEEPALIVE: 11, PADDING: 12, EXTENDED_ERROR: 15 } as const;

/** INFO-CODE values of extended errors (RFC 8914 section 4). */
export const EXTENDED_ERROR = {
  OTHER: 0,
  STALE_ANSWER: 3,
  CACHED_ERROR: 13,
  NOT_READY: 14,
  BLOCKED: 15,
  PROHIBITED: 18,
  STALE_NXDOMAIN: 19,
  NOT_AUTHORITATIVE: 20,
  NOT_SUPPORTED: 21,
  NO_REACHABLE_AUTHORITY: 22,
  NETWORK_ERROR: 23,
  INVALID_DATA: 24,
} as const;

/** Octets of a message's header (RFC 1035 section 4.1.1). */
export const HEADER_BYTES = 12;
/** Longest name on the wire, with its root label (RFC 1035 section 2.3.4). */
export const MAX_NAME_BYTES = 255;
/** Longest label (RFC 1035 section 2.3.4). */
export const MAX_LABEL_BYTES = 63;
/** Longest message over a stream: its length has two octets (RFC 1035 section 4.2.2). */
export const MAX_MESSAGE_BYTES = 65_535;
/** Longest TTL (RFC 2181 section 8); a TTL with the top bit is read as zero. */
export const MAX_TTL = 0x7fff_ffff;

const TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(TYPE).map(([name, number]) => [number, name]),
);
const RCODE_NAMES: ReadonlyMap<number, string> = new Map(
  [...Object.entries(RCODE)].map(([name, number]) => [number, name]),
);

/** The name of a type, `TYPE65280` for one without a name here (RFC 3597 section 5). */
export function typeName(type: number): string {
  return TYPE_NAMES.get(type) ?? `TYPE${type}`;
}

/** The number of a type by its name in any case; `undefined` for an unknown one. */
export function typeNumber(name: string): number | undefined {
  const upper = name.toUpperCase();
  const generic = /^TYPE(\d{1,5})$/.exec(upper);
  const number = generic === null
    ? TYPE[upper as keyof typeof TYPE] as number | undefined
    : Number(generic[1]);
  return number !== undefined && number <= 0xffff ? number : undefined;
}

/** The name of a response code. */
export function rcodeName(rcode: number): string {
  return RCODE_NAMES.get(rcode) ?? `RCODE${rcode}`;
}
