/**
 * Answers that are kept, within a number of octets. What was not asked for since the last time its turn came is dropped first, what is past
 * its last use before that; a hit costs no more than a look into a map.
 */
import type { KeptAnswer } from "./kept_answer.ts";

/** A kept answer. */
export interface CacheEntry {
  /** The answer. */
  readonly answer: KeptAnswer;
  /** When it came, monotonic milliseconds. */
  readonly keptAtMs: number;
  /** Until when it is fresh. */
  readonly freshUntilMs: number;
  /** Until when it may be given out when no server answers; `freshUntilMs` when it may not. */
  readonly usableUntilMs: number;
  /** Hits since it came. */
  hits: number;
  /** Asked for since its turn came last. */
  isUsed: boolean;
}

/** See the module comment. */
export interface AnswerCache {
  /** Entries now. */
  readonly size: number;
  /** Octets now, about. */
  readonly bytes: number;
  /** The entry of a key, fresh or stale; `undefined` when there is none or it is past use. */
  get(key: string, nowMs: number): CacheEntry | undefined;
  /** Keeps an answer in the place of an older one. */
  set(key: string, answer: KeptAnswer, nowMs: number): void;
  /** Forgets everything. */
  clear(): void;
}

/** Options of {@linkcode createAnswerCache}. */
export interface AnswerCacheOptions {
  /** Octets that all entries may take together; 0 keeps nothing. */
  readonly maxBytes: number;
  /** How long past its time an answer may be given out when no server answers; 0 for never. */
  readonly maxStaleMs: number;
}

/** An answer that takes more than this share of the cache is not kept. */
const MAX_SHARE = 1 / 16;

/** Makes an empty cache. */
export function createAnswerCache({ maxBytes, maxStaleMs }: AnswerCacheOptions): AnswerCache {
  const entries = new Map<string, CacheEntry>();
  let bytes = 0;

  const remove = (key: string, entry: CacheEntry) => {
    entries.delete(key);
    bytes -= entry.answer.bytes;
  };
  /** Makes room: the entry in front goes, or to the back when it was used; each is moved once at most before it goes. */
  const makeRoom = (wanted: number, nowMs: number) => {
    for (const [key, entry] of entries) {
      if (bytes + wanted <= maxBytes) return;
      if (entry.isUsed && nowMs < entry.usableUntilMs) {
        entry.isUsed = false;
        entries.delete(key);
        entries.set(key, entry);
      } else remove(key, entry);
    }
  };
  return {
    get size() {
      return entries.size;
    },
    get bytes() {
      return bytes;
    },
    get(key, nowMs) {
      const entry = entries.get(key);
      if (entry === undefined) return undefined;
      if (nowMs < entry.usableUntilMs) return entry;
      remove(key, entry);
      return undefined;
    },
    set(key, answer, nowMs) {
      const before = entries.get(key);
      if (before !== undefined) remove(key, before);
      if (answer.ttlSeconds <= 0 || answer.bytes > maxBytes * MAX_SHARE) return;
      makeRoom(answer.bytes, nowMs);
      const freshUntilMs = nowMs + answer.ttlSeconds * 1000;
      const usableUntilMs = freshUntilMs + maxStaleMs;
      const times = { keptAtMs: nowMs, freshUntilMs, usableUntilMs };
      entries.set(key, { answer, ...times, hits: 0, isUsed: false });
      bytes += answer.bytes;
    },
    clear() {
      entries.clear();
      bytes = 0;
    },
  };
}
