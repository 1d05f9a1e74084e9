/**
 * Encoded address records, kept beside the records of a table for as long as that table lives: the same host is asked for over and over.
 * Of several addresses each comes first in its turn, by chance, so that clients that take the first one spread.
 */
import { concatBytes } from "../base/mod.ts";
import {
  encodeName,
  encodeRecord,
  QUESTION_NAME,
  readName,
  type Section,
  sectionOf,
  TYPE,
} from "./message/mod.ts";
import type { NameRecords } from "./name_records.ts";

/** TTL of every local record, in seconds, as Istio's agent has it. */
export const LOCAL_TTL_SECONDS = 30;
/** Orders of one record set that are kept: every rotation of a small one, some of a large one. */
const MAX_ROTATIONS = 16;

/** Sections by record set. */
export interface RecordCache {
  /**
   * The addresses of `type`, owned by the question's name, or by `owner`, in each order that is kept; `undefined` when there are none or
   * `type` is no address.
   */
  orders(
    records: NameRecords,
    type: number,
    owner: string | undefined,
  ): readonly Section[] | undefined;
  /** One of the orders, by chance. */
  addresses(records: NameRecords, type: number, owner: string | undefined): Section | undefined;
  /** A section whose records stand under the question's name, with that name written out as `owner`. */
  ownedBy(section: Section, owner: Uint8Array): Section;
}

interface Rotations {
  v4: readonly Section[] | undefined;
  v6: readonly Section[] | undefined;
}

/** Makes a {@linkcode RecordCache}; `pick` gives a number below its argument. */
export function createRecordCache(pick: (below: number) => number): RecordCache {
  const kept = new WeakMap<NameRecords, Rotations>();
  const ownRotations = (records: NameRecords, family: "v4" | "v6"): readonly Section[] => {
    let rotations = kept.get(records);
    if (rotations === undefined) {
      kept.set(records, rotations = { v4: undefined, v6: undefined });
    }
    return rotations[family] ??= rotate(records[family], QUESTION_NAME);
  };
  const orders: RecordCache["orders"] = (records, type, owner) => {
    const family = type === TYPE.A ? "v4" : type === TYPE.AAAA ? "v6" : undefined;
    if (family === undefined || records[family].length === 0) return undefined;
    return owner === undefined
      ? ownRotations(records, family)
      : rotate(records[family], encodeName(owner));
  };
  return {
    orders,
    addresses(records, type, owner) {
      const found = orders(records, type, owner);
      return found?.[found.length === 1 ? 0 : pick(found.length)];
    },
    ownedBy: renameOwner,
  };
}

function rotate(addresses: readonly Uint8Array[], owner: Uint8Array): readonly Section[] {
  const records = addresses.map((data) =>
    encodeRecord(owner, {
      type: data.length === 4 ? TYPE.A : TYPE.AAAA,
      ttl: LOCAL_TTL_SECONDS,
      data,
    })
  );
  const count = records.length;
  // Twice, one behind the other: as all records have one length, each order is a part of that and costs no octets of its own.
  const { bytes } = sectionOf([...records, ...records]);
  const recordBytes = records[0]!.length;
  return records.slice(0, MAX_ROTATIONS).map((_, first) => ({
    bytes: bytes.subarray(first * recordBytes, (first + count) * recordBytes),
    count,
  }));
}

function renameOwner({ bytes, count }: Section, owner: Uint8Array): Section {
  const parts: Uint8Array[] = [];
  let at = 0;
  for (let i = 0; i < count; i++) {
    const isOwn = bytes[at] === QUESTION_NAME[0] && bytes[at + 1] === QUESTION_NAME[1];
    const fixed = isOwn ? at + 2 : readName(bytes, at, { pointers: false }).end;
    const end = fixed + 10 + (bytes[fixed + 8]! << 8 | bytes[fixed + 9]!);
    parts.push(isOwn ? owner : bytes.subarray(at, fixed), bytes.subarray(fixed, end));
    at = end;
  }
  return { bytes: concatBytes(parts), count };
}
