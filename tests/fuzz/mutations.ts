/** Messages that are wrong in ways that a fuzzer finds: bits, lengths, pointers, pieces of one message in another. */
import { concatBytes } from "signet/base/mod.ts";
import vectors from "../vectors/dns/messages.json" with { type: "json" };
import { message, opt, option, question, record, u16, wireName } from "../support/dns_messages.ts";
import type { Random } from "./random.ts";

const HEADER_BYTES = 12;
/** Octets that lengths, labels and pointers turn on. */
const EDGES = [0, 1, 11, 12, 13, 63, 64, 127, 128, 191, 192, 255] as const;
const MAX_MESSAGE_BYTES = 0xffff;

const NAMES: readonly (readonly string[])[] = [
  ["db", "example"],
  ["a", "wild", "example"],
  ["b", "a", "wild", "example"],
  ["www", "up", "test-zone"],
  ["nope", "svc", "cluster", "local"],
  ["_http", "_tcp", "db", "example"],
  ["7", "0", "0", "10", "in-addr", "arpa"],
  ["dns-version", "cluster", "local"],
  ["localhost"],
  [],
];
const TYPES = [1, 2, 5, 6, 12, 15, 16, 28, 33, 41, 43, 64, 65, 250, 251, 252, 255, 65_535] as const;
const OPTIONS = [3, 8, 10, 11, 12, 15, 65_001] as const;

/** A message that someone may well send. */
function usual(random: Random): Uint8Array {
  if (random.once(4)) return Uint8Array.fromHex(random.pick(vectors).hex);
  const labels = random.pick(NAMES);
  const name = random.once(3)
    ? wireName(`f${random.below(1 << 20)}`, "up", "test-zone")
    : wireName(...labels);
  const asked = question(name, random.pick(TYPES), random.once(20) ? random.below(0x10000) : 1);
  const flags = random.once(8) ? random.below(0x8000) : 0x0100;
  const id = random.below(0x10000);
  if (random.once(3)) return message({ id, flags }, asked);
  const options = Array.from(
    { length: random.below(4) },
    () => option(random.pick(OPTIONS), ...random.octets(random.once(3) ? random.below(64) : 0)),
  );
  const records = random.once(10) ? [record(name, random.pick(TYPES), random.octets(8))] : [];
  const counts = [1, 0, 0, 1 + records.length] as const;
  return message({ id, flags, counts }, asked, ...records, opt(concatBytes(options)));
}

const BEND: readonly ((bytes: Uint8Array, random: Random) => Uint8Array)[] = [
  (bytes, random) => {
    const at = random.below(bytes.length);
    bytes[at]! ^= 1 << random.below(8);
    return bytes;
  },
  (bytes, random) => {
    bytes[random.below(bytes.length)] = random.pick(EDGES);
    return bytes;
  },
  (bytes, random) => bytes.slice(0, random.below(bytes.length)),
  (bytes, random) => concatBytes([bytes, random.octets(random.below(300))]),
  (bytes, random) => {
    // A pointer, to anywhere.
    if (bytes.length > HEADER_BYTES + 2) {
      const to = 0xc000 | random.below(random.once(4) ? 0x4000 : bytes.length);
      bytes.set(u16(to), HEADER_BYTES + random.below(bytes.length - HEADER_BYTES - 1));
    }
    return bytes;
  },
  (bytes, random) => {
    // A count of the header.
    if (bytes.length >= HEADER_BYTES) {
      bytes.set(u16(random.pick([0, 1, 2, 255, 0xffff])), 4 + 2 * random.below(4));
    }
    return bytes;
  },
  (bytes, random) => {
    const from = random.below(bytes.length);
    const piece = bytes.slice(from, from + random.below(40));
    const at = random.below(bytes.length);
    return concatBytes([bytes.subarray(0, at), piece, bytes.subarray(at)]);
  },
  (bytes, random) => {
    const other = usual(random);
    return concatBytes([
      bytes.subarray(0, random.below(bytes.length)),
      other.subarray(random.below(other.length)),
    ]);
  },
  (_, random) => random.octets(random.once(50) ? MAX_MESSAGE_BYTES : random.below(600)),
];

/** A message with up to four things wrong, or none. */
export function bentMessage(random: Random): Uint8Array {
  return bend(usual(random), random, random.below(5));
}

/** The bytes with so many things wrong. */
export function bend(bytes: Uint8Array, random: Random, times: number): Uint8Array {
  let bent: Uint8Array = bytes.slice();
  for (let i = 0; i < times && bent.length > 0; i++) bent = random.pick(BEND)(bent, random);
  return bent.subarray(0, MAX_MESSAGE_BYTES);
}
