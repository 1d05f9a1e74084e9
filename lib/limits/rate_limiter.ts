/**
 * Rate limits by key: the generic cell rate algorithm (ITU-T I.371), one number a key.
 *
 * Memory is bounded: keys live in two generations. A generation is as long as a full burst takes to refill, so that a key that is
 * forgotten with its generation would have had its whole burst again. Only when more keys come than fit is a generation cut short; then
 * the oldest half of the keys begins anew, which forgives and never locks out.
 */

/** Keys that one limiter remembers; each costs about 100 bytes and its text. */
export const MAX_KEYS = 65_536;
/** Characters of all remembered keys together: SPIFFE IDs may have 2048 each. */
export const MAX_KEY_CHARS = 8 << 20;

/** A rate, and how much may come at once. */
export interface RateLimit {
  /** Events a second in the long run. */
  readonly perSecond: number;
  /** Events that may come at once after a pause; at least 1. */
  readonly burst: number;
}

/** Limits the rate of events of each key. */
export interface RateLimiter {
  /** Takes one event of a key: 0 when it may go on, else the milliseconds until one may. `nowMs` is of any steady clock. */
  take(key: string, nowMs: number): number;
  /** Keys remembered now. */
  readonly keys: number;
}

/** Makes a limiter that has seen nothing. @throws {RangeError} when the limit is not positive. */
export function createRateLimiter(
  { perSecond, burst }: RateLimit,
  options: { readonly maxKeys?: number; readonly maxKeyChars?: number } = {},
): RateLimiter {
  if (!(perSecond > 0 && burst >= 1)) {
    throw new RangeError(`Cannot limit rates: ${perSecond} a second, ${burst} at once`);
  }
  const intervalMs = 1000 / perSecond;
  const toleranceMs = (burst - 1) * intervalMs;
  const maxKeys = (options.maxKeys ?? MAX_KEYS) / 2;
  const maxChars = (options.maxKeyChars ?? MAX_KEY_CHARS) / 2;
  /** For each key the moment at which its events so far would be due at the steady rate. */
  let current = new Map<string, number>();
  let previous = new Map<string, number>();
  let sinceMs = -Infinity;
  let chars = 0;

  const remember = (key: string, dueMs: number, nowMs: number) => {
    if (!current.has(key)) {
      const isOld = nowMs - sinceMs >= toleranceMs + intervalMs;
      if (isOld || current.size >= maxKeys || chars + key.length > maxChars) {
        previous = current;
        current = new Map();
        sinceMs = nowMs;
        chars = 0;
      }
      chars += key.length;
    }
    current.set(key, dueMs);
  };

  return {
    take(key, nowMs) {
      const dueMs = Math.max(current.get(key) ?? previous.get(key) ?? nowMs, nowMs);
      const waitMs = dueMs - nowMs - toleranceMs;
      // What is smaller than a nanosecond is the rounding of the division above.
      if (waitMs > 1e-6) return waitMs;
      remember(key, dueMs + intervalMs, nowMs);
      return 0;
    },
    get keys() {
      return current.size + previous.size;
    },
  };
}
