/**
 * Questions that no server could answer (RFC 9520): each is left alone for a while, that doubles with every further failure, so that a
 * name whose servers are broken costs its askers a cached error and the network nothing.
 */
import type { ExtendedError } from "../message/mod.ts";

/** First time that a failure is kept (RFC 9520 section 3.2 asks for 1 s to 5 min). */
export const MIN_FAILURE_MS = 5_000;
/** Longest time that a failure is kept. */
export const MAX_FAILURE_MS = 60_000;
/** Failures that are kept; the oldest go first. */
export const MAX_FAILURES = 10_000;

interface Failure {
  readonly untilMs: number;
  readonly lastsMs: number;
  readonly why: ExtendedError;
}

/** See the module comment. */
export interface Failures {
  /** Failures that are kept, past ones included. */
  readonly size: number;
  /** Why the question is not to be asked now; `undefined` when it may be. */
  get(key: string, nowMs: number): ExtendedError | undefined;
  /** Takes note of a failure. */
  add(key: string, why: ExtendedError, nowMs: number): void;
  /** The question was answered. */
  remove(key: string): void;
  /** Servers have changed or are back: what was said before says nothing now. */
  clear(): void;
}

/** Makes an empty list. */
export function createFailures(): Failures {
  const failures = new Map<string, Failure>();
  return {
    get size() {
      return failures.size;
    },
    get(key, nowMs) {
      const failure = failures.get(key);
      return failure !== undefined && nowMs < failure.untilMs ? failure.why : undefined;
    },
    add(key, why, nowMs) {
      const before = failures.get(key);
      const isRecent = before !== undefined && nowMs < before.untilMs + MAX_FAILURE_MS;
      const lastsMs = isRecent ? Math.min(before.lastsMs * 2, MAX_FAILURE_MS) : MIN_FAILURE_MS;
      failures.delete(key);
      for (const [oldest] of failures) {
        if (failures.size < MAX_FAILURES) break;
        failures.delete(oldest);
      }
      failures.set(key, { untilMs: nowMs + lastsMs, lastsMs, why });
    },
    remove: (key) => void failures.delete(key),
    clear: () => failures.clear(),
  };
}
