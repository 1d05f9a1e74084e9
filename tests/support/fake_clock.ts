/** A clock that stands still until it is told to go on. */
import { checkTimerDelay, type Clock } from "signet/base/mod.ts";

interface Waiting {
  readonly atMs: number;
  readonly fn: () => void;
}

/** See {@linkcode createFakeClock}. */
export interface FakeClock extends Clock {
  /** Lets time pass: timers fire at their moments, and what they start gets turns of the event loop. */
  advance(ms: number): Promise<void>;
  /** Moves the wall clock alone, as an operator or NTP does; timers do not notice. */
  jump(ms: number): void;
  /** Timers that wait. */
  readonly waiting: number;
  /** Longest delay that any timer was set to, in milliseconds. */
  readonly longestTimerMs: number;
}

/** Makes a clock that shows `startMs`. */
export function createFakeClock(startMs: number): FakeClock {
  const timers = new Set<Waiting>();
  let elapsedMs = 0;
  let offsetMs = startMs;
  let longestTimerMs = 0;
  return {
    nowMs: () => offsetMs + elapsedMs,
    monotonicMs: () => elapsedMs,
    setTimer(delayMs, fn) {
      checkTimerDelay(delayMs);
      longestTimerMs = Math.max(longestTimerMs, delayMs);
      const timer = { atMs: elapsedMs + delayMs, fn };
      timers.add(timer);
      const cancel = () => void timers.delete(timer);
      return { cancel, [Symbol.dispose]: cancel };
    },
    async advance(ms) {
      const endMs = elapsedMs + ms;
      for (;;) {
        const next = [...timers].reduce<Waiting | undefined>(
          (first, timer) => first === undefined || timer.atMs < first.atMs ? timer : first,
          undefined,
        );
        if (next === undefined || next.atMs > endMs) break;
        elapsedMs = next.atMs;
        timers.delete(next);
        next.fn();
        await turns();
      }
      elapsedMs = endMs;
      await turns();
    },
    jump: (ms) => void (offsetMs += ms),
    get waiting() {
      return timers.size;
    },
    get longestTimerMs() {
      return longestTimerMs;
    },
  };
}

/** A turn of the event loop: promises that are settled, and results of the thread pool that have arrived, are taken up. */
async function turns(): Promise<void> {
  await new Promise<void>((resolve) => setTimeout(resolve, 0));
}
