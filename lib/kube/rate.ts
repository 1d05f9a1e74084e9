/**
 * How often the API server is asked: a token bucket, as client-go has it (`--kubernetesApiQPS`, `--kubernetesApiBurst`).
 *
 * Requests wait in order for their turn. Some have no part in it: renewals of the Lease, which a server must make to stay what it is, and
 * reviews of tokens, of which callers decide how many there are: a review that is late would count as an API server that is away, and then
 * tokens are believed by their signature alone.
 */
import { type Clock, sleep } from "../base/mod.ts";

/** Requests that may be made. */
export interface RequestRate {
  /** Requests a second, for long. */
  readonly perSecond: number;
  /** Requests at once, after a pause. */
  readonly burst: number;
}

/** Whose turn it is. */
export interface Turns {
  /** Resolves when it is the caller's turn; rejects with the signal's reason, and the turn is another's. */
  take(options: { readonly signal?: AbortSignal; readonly isUrgent?: boolean }): Promise<void>;
}

/** Turns at a rate; without one, everybody's at once. */
export function createTurns(rate: RequestRate | undefined, clock: Clock): Turns {
  if (rate === undefined) return { take: () => Promise.resolve() };
  const { perSecond, burst } = rate;
  let left = burst;
  let lastMs = clock.monotonicMs();
  return {
    async take({ signal, isUrgent = false }) {
      if (isUrgent) return;
      const nowMs = clock.monotonicMs();
      left = Math.min(burst, left + (nowMs - lastMs) * perSecond / 1000) - 1;
      lastMs = nowMs;
      if (left >= 0) return;
      try {
        await sleep(clock, -left * 1000 / perSecond, signal === undefined ? {} : { signal });
      } catch (thrown) {
        left = Math.min(burst, left + 1);
        throw thrown;
      }
    },
  };
}
