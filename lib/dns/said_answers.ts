/**
 * Answers as they were written, to be said again: to the same question of a client that sees the same names, all that differs is the ID,
 * the case of the name, the keepalive time, and which of several addresses comes first. These are written over a copy, so that a name that
 * is asked for over and over costs neither decoding nor a look into the table.
 *
 * The same question is the same octets behind the ID, but for the case of the name. Only what was read by the strict reader and answered
 * once gets in, so nothing is judged here that was not judged there. The TTLs of an answer that an upstream server gave run down in the kept
 * octets, once a second.
 *
 * The number of answers and the octets of each are bounded. What was said again stays when there is no room; one that never was makes way.
 */
import { LOWER_CASE } from "./message/mod.ts";
import type { NoteAnswer } from "./observer.ts";
import type { Outbox } from "./outbox.ts";
import type { Reuse } from "./port.ts";

/** Answers in all: four for each of the places that a question may have. */
export const MAX_SAID = 8192;
/** Longest question, from the flags to the last octet of its frame. */
export const MAX_SAID_QUESTION_BYTES = 512;
/** Longest answer with its length: two blocks of padding, or what little is longer. */
export const MAX_SAID_ANSWER_BYTES = 1024;

const WAYS = 4;
const SET_MASK = MAX_SAID / WAYS - 1;
/** Octets of the length in front of a message. */
const LENGTH_BYTES = 2;
/** Octets of the ID, which a question is compared without. */
const ID_BYTES = 2;
/** Octets of the header behind the ID. */
const REST_OF_HEADER = 10;
/** The header's rest, the root, type and class. */
const MIN_QUESTION_BYTES = REST_OF_HEADER + 5;
/** FNV-1a over 32 bits, for the text of a namespace. */
const FNV_START = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
/** Four octets of a question at once: the bit of a letter's case set in each, then mixed by a multiplication (2^32 over the golden ratio). */
const CASE_BITS = 0x20202020;
const MIX = 0x9e3779b1;

/** A message in the chunk that brought it. */
export interface AskedQuestion {
  /** What the client sent. */
  readonly bytes: Uint8Array;
  /** Where the message begins, at its ID. */
  readonly start: number;
  /** Where it ends. */
  readonly end: number;
}

/** Those who see the same names. */
export interface Viewer {
  /** Namespace of the client's SPIFFE ID; undefined for one that is known by its address alone. */
  readonly namespace: string | undefined;
  /** {@linkcode viewSeed} of the namespace. */
  readonly seed: number;
}

/** An answer that may be said again. */
export interface SaidAnswer {
  /** With its length in front; of what is said, nothing but its TTLs is ever written to. */
  readonly framed: Uint8Array;
  /** Is told when it is said. */
  readonly note: NoteAnswer;
  /** How it may be said again. */
  readonly reuse: Reuse;
}

/** What an answer is said by. */
export interface SaidParts extends SaidAnswer {
  /** Octets of name, type and class. */
  readonly questionBytes: number;
  /** Where in `framed` the keepalive time stands; 0 for nowhere. */
  readonly keepaliveAt: number;
  /** Where in `framed` the records stand whose order changes; of no meaning without orders. */
  readonly ordersAt: number;
}

interface Entry extends SaidParts {
  readonly hash: number;
  /** The question behind its ID, the name in lower case. */
  readonly key: Uint8Array;
  readonly namespace: string | undefined;
  isUsed: boolean;
  /** Until when its TTLs are right. */
  untilMs: number;
  /** Seconds that they have run. */
  ageSeconds: number;
}

/** Where the hash of a question begins for the clients of a namespace. */
export function viewSeed(namespace: string | undefined): number {
  let hash = FNV_START;
  if (namespace === undefined) return hash;
  for (let at = 0; at < namespace.length; at++) {
    hash = Math.imul(hash ^ namespace.charCodeAt(at), FNV_PRIME);
  }
  return Math.imul(hash ^ 0x100, FNV_PRIME);
}

/** See the module comment. */
export class SaidAnswers {
  readonly #pick: (below: number) => number;
  #slots = emptySlots();
  #size = 0;

  /** Without answers; `pick` gives a number from 0 up to, not including, its argument. */
  constructor(pick: (below: number) => number) {
    this.#pick = pick;
  }

  /** Answers now. */
  get size(): number {
    return this.#size;
  }

  /** Forgets all: names have changed. */
  clear(): void {
    this.#slots = emptySlots();
    this.#size = 0;
  }

  /** The answer to a question, when it was given before and is still right. */
  find(question: AskedQuestion, viewer: Viewer, nowMs: number): SaidAnswer | undefined {
    const { start, end } = question;
    const length = end - start - ID_BYTES;
    if (this.#size === 0 || length < MIN_QUESTION_BYTES || length > MAX_SAID_QUESTION_BYTES) {
      return undefined;
    }
    const hash = hashOf(question, viewer.seed);
    const first = (hash & SET_MASK) * WAYS;
    for (let at = first; at < first + WAYS; at++) {
      const entry = this.#slots[at];
      if (entry === undefined || entry.hash !== hash) continue;
      if (entry.namespace !== viewer.namespace || !isSame(entry, question)) continue;
      if (nowMs >= entry.untilMs && !age(entry, nowMs)) return undefined;
      entry.isUsed = true;
      return entry;
    }
    return undefined;
  }

  /** Keeps an answer; one that is too long, or finds no place, is not kept. */
  keep(parts: SaidParts, question: AskedQuestion, viewer: Viewer): void {
    const { start, end, bytes } = question;
    const length = end - start - ID_BYTES;
    if (length > MAX_SAID_QUESTION_BYTES || parts.framed.length > MAX_SAID_ANSWER_BYTES) return;
    const hash = hashOf(question, viewer.seed);
    const key = bytes.slice(start + ID_BYTES, end);
    const nameEnd = nameEndOf(parts);
    for (let at = REST_OF_HEADER; at < nameEnd; at++) key[at] = LOWER_CASE[key[at]!]!;
    const { namespace } = viewer;
    const at = this.#placeFor(hash, { key, namespace });
    if (at === undefined) return;
    if (this.#slots[at] === undefined) this.#size++;
    const { untilMs, aging } = parts.reuse;
    const time = { untilMs, ageSeconds: aging?.seconds ?? 0 };
    this.#slots[at] = { ...parts, ...time, hash, key, namespace, isUsed: false };
  }

  /** Writes a {@linkcode find found} answer to the question; `keepalive` gives the idle time in units of 100 ms. */
  write(
    said: SaidAnswer,
    { bytes, start }: AskedQuestion,
    { outbox, keepalive }: { readonly outbox: Outbox; readonly keepalive: () => number },
  ): void {
    const entry = said as Entry;
    const { framed, keepaliveAt, reuse: { orders } } = entry;
    const at = outbox.append(framed);
    const out = outbox.bytes;
    const message = at + 2;
    out[message] = bytes[start]!;
    out[message + 1] = bytes[start + 1]!;
    const nameEnd = ID_BYTES + nameEndOf(entry);
    for (let i = ID_BYTES + REST_OF_HEADER; i < nameEnd; i++) out[message + i] = bytes[start + i]!;
    if (orders.length > 1) {
      out.set(orders[this.#pick(orders.length)]!.bytes, at + entry.ordersAt);
    }
    if (keepaliveAt > 0) {
      const units = keepalive();
      out[at + keepaliveAt] = units >> 8;
      out[at + keepaliveAt + 1] = units & 0xff;
    }
  }

  /** The same question's place, a free one, or that of an answer that was never said again; `undefined` when all were. */
  #placeFor(hash: number, key: Pick<Entry, "key" | "namespace">): number | undefined {
    const first = (hash & SET_MASK) * WAYS;
    let place: number | undefined;
    for (let at = first; at < first + WAYS; at++) {
      const entry = this.#slots[at];
      if (entry !== undefined && entry.hash === hash && isSameKey(entry, key)) return at;
      if (entry === undefined || !entry.isUsed) place ??= at;
    }
    // Each has one more turn to be asked for.
    if (place === undefined) {
      for (let at = first; at < first + WAYS; at++) this.#slots[at]!.isUsed = false;
    }
    return place;
  }
}

function emptySlots(): (Entry | undefined)[] {
  return Array.from<Entry | undefined>({ length: MAX_SAID }).fill(undefined);
}

/** Lets the TTLs run down to what they are now; false when the answer is to be made anew. */
function age(entry: Entry, nowMs: number): boolean {
  const { framed, questionBytes, reuse: { aging } } = entry;
  const now = aging?.at(nowMs);
  if (aging === undefined || now === undefined) return false;
  const view = new DataView(framed.buffer, framed.byteOffset);
  const records = LENGTH_BYTES + ID_BYTES + REST_OF_HEADER + questionBytes;
  for (const offset of aging.ttlsAt) {
    const left = view.getUint32(records + offset) - (now.seconds - entry.ageSeconds);
    view.setUint32(records + offset, Math.max(0, left));
  }
  entry.ageSeconds = now.seconds;
  entry.untilMs = now.untilMs;
  return true;
}

/** Offset behind the name in a key. */
function nameEndOf({ questionBytes }: SaidParts): number {
  return REST_OF_HEADER + questionBytes - 4;
}

/** Questions that differ in case alone have one hash; so have some others, which {@linkcode isSame} tells apart. */
function hashOf({ bytes, start, end }: AskedQuestion, seed: number): number {
  let hash = seed;
  let at = start + ID_BYTES;
  for (; at + 4 <= end; at += 4) {
    const four = bytes[at]! | bytes[at + 1]! << 8 | bytes[at + 2]! << 16 | bytes[at + 3]! << 24;
    hash = Math.imul(hash ^ (four | CASE_BITS), MIX);
    hash ^= hash >>> 15;
  }
  for (; at < end; at++) hash = Math.imul(hash ^ (bytes[at]! | 0x20), MIX);
  return hash ^ hash >>> 13;
}

/** Flags, counts and what follows the name octet by octet; the name in any case: the octets that count its labels are no letters. */
function isSame(entry: Entry, { bytes, start, end }: AskedQuestion): boolean {
  const { key } = entry;
  const from = start + ID_BYTES;
  if (key.length !== end - from) return false;
  const nameEnd = nameEndOf(entry);
  for (let at = 0; at < key.length; at++) {
    const octet = bytes[from + at]!;
    if (key[at] === octet) continue;
    if (at < REST_OF_HEADER || at >= nameEnd || key[at] !== LOWER_CASE[octet]) return false;
  }
  return true;
}

function isSameKey(entry: Entry, { key, namespace }: Pick<Entry, "key" | "namespace">): boolean {
  if (entry.namespace !== namespace || entry.key.length !== key.length) return false;
  for (let at = 0; at < key.length; at++) if (entry.key[at] !== key[at]) return false;
  return true;
}
