/** DNS messages written octet by octet, so that they can be wrong in any place. Nothing of signet's codec is used. */
import { concatBytes } from "signet/base/mod.ts";

/** 16 bits, the high octet first. */
export function u16(...values: readonly number[]): Uint8Array {
  return Uint8Array.from(values.flatMap((value) => [value >> 8 & 0xff, value & 0xff]));
}

/** A name of labels that are ASCII, uncompressed. */
export function wireName(...labels: readonly string[]): Uint8Array {
  const octets = labels.flatMap((label) => [label.length, ...new TextEncoder().encode(label)]);
  return Uint8Array.from([...octets, 0]);
}

/** Fields of a header; what is not given is that of a usual query. */
export interface HeaderFields {
  readonly id?: number;
  readonly flags?: number;
  readonly counts?: readonly [number, number, number, number];
}

/** A message of a header and whatever follows. */
export function message(header: HeaderFields, ...parts: readonly Uint8Array[]): Uint8Array {
  const { id = 0x1234, flags = 0x0100, counts = [1, 0, 0, 0] } = header;
  return concatBytes([u16(id, flags, ...counts), ...parts]);
}

/** Name, type and class. */
export function question(name: Uint8Array, type = 1, klass = 1): Uint8Array {
  return concatBytes([name, u16(type, klass)]);
}

/** An OPT record; `options` are its data as they stand. */
export function opt(
  options: Uint8Array = new Uint8Array(0),
  { owner = Uint8Array.of(0), size = 1232, version = 0, flags = 0, length = options.length }: {
    readonly owner?: Uint8Array;
    readonly size?: number;
    readonly version?: number;
    readonly flags?: number;
    readonly length?: number;
  } = {},
): Uint8Array {
  return concatBytes([
    owner,
    u16(41, size),
    Uint8Array.of(0, version),
    u16(flags, length),
    options,
  ]);
}

/** One EDNS option. */
export function option(code: number, ...data: readonly number[]): Uint8Array {
  return concatBytes([u16(code, data.length), Uint8Array.from(data)]);
}

/** A record of class IN with a TTL of 1. */
export function record(name: Uint8Array, type: number, data: Uint8Array): Uint8Array {
  return concatBytes([name, u16(type, 1, 0, 1, data.length), data]);
}
