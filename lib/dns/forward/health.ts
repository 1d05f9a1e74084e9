/**
 * How a server does: the time its replies take, and whether it is down. A server is down after two tries in a row without a reply, and up
 * again with the first reply, whoever got it; until then it is asked last.
 */

/** Tries in a row without a reply that make a server down. */
export const MAX_FAILED_TRIES = 2;
/** A further server is asked when a reply takes this many times what is usual, within the bounds below, in milliseconds. */
const PATIENCE = 4;
const MIN_PATIENCE_MS = 150;
const MAX_PATIENCE_MS = 1_000;
/** What is taken as usual before the first reply. */
const FIRST_ROUND_TRIP_MS = 100;
/** Weight of a new round trip in the mean, as for TCP (RFC 6298 section 2). */
const WEIGHT = 1 / 8;

/** State of one server. */
export interface Health {
  /** True when it is asked last. */
  readonly isDown: boolean;
  /** Mean of its round trips, in milliseconds. */
  readonly roundTripMs: number;
  /** How long it is waited for before another is asked too, in milliseconds. */
  readonly patienceMs: number;
  /** It replied. True when that brings it up. */
  replied(tookMs: number): boolean;
  /** It did not. True when that brings it down. */
  failed(): boolean;
}

/** Makes the state of a server that was never asked. */
export function createHealth(): Health {
  let failures = 0;
  let roundTripMs = FIRST_ROUND_TRIP_MS;
  return {
    get isDown() {
      return failures >= MAX_FAILED_TRIES;
    },
    get roundTripMs() {
      return roundTripMs;
    },
    get patienceMs() {
      return Math.min(MAX_PATIENCE_MS, Math.max(MIN_PATIENCE_MS, roundTripMs * PATIENCE));
    },
    replied(tookMs) {
      const wasDown = failures >= MAX_FAILED_TRIES;
      failures = 0;
      roundTripMs += (tookMs - roundTripMs) * WEIGHT;
      return wasDown;
    },
    failed: () => ++failures === MAX_FAILED_TRIES,
  };
}
