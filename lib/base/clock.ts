/**
 * Time as a port: the wall clock (certificates, logs), a monotonic clock (durations) and timers of at most a day.
 *
 * `setTimeout` of more than 2^31 ms fires at once in Deno, so long waits are periodic looks at the wall clock.
 */
import { setImmediate } from "node:timers";

/** Longest delay that {@linkcode Clock.setTimer} accepts: one day, in milliseconds. */
export const MAX_TIMER_MS = 86_400_000;

/** A timer that has been set; disposing it cancels it. */
export interface Timer extends Disposable {
  /** Cancels the timer; harmless when it has fired. */
  cancel(): void;
}

/** The source of time for everything in signet. */
export interface Clock {
  /** Wall-clock time in milliseconds since the epoch. */
  nowMs(): number;
  /** Monotonic time in milliseconds from an arbitrary start; never jumps. */
  monotonicMs(): number;
  /**
   * Calls `fn` once after `delayMs`. The timer does not keep the process alive.
   *
   * @throws {RangeError} when `delayMs` is negative, not finite, or more than {@linkcode MAX_TIMER_MS}.
   */
  setTimer(delayMs: number, fn: () => void): Timer;
}

/** Checks a timer's delay, for every implementation of {@linkcode Clock}. */
export function checkTimerDelay(delayMs: number): void {
  if (!(delayMs >= 0 && delayMs <= MAX_TIMER_MS)) {
    throw new RangeError(
      `Cannot set timer: delay is ${delayMs} ms, should be 0 to ${MAX_TIMER_MS}`,
    );
  }
}

/** The clock of the machine. */
export function systemClock(): Clock {
  return {
    nowMs: () => Date.now(),
    monotonicMs: () => performance.now(),
    setTimer(delayMs, fn) {
      checkTimerDelay(delayMs);
      const id = setTimeout(fn, delayMs);
      Deno.unrefTimer(id);
      const cancel = () => clearTimeout(id);
      return { cancel, [Symbol.dispose]: cancel };
    },
  };
}

/** Calls `fn` in the next turn of the event loop, after whatever has arrived on sockets by then; a timer of 0 ms takes two. */
export function onNextTurn(fn: () => void): void {
  setImmediate(fn);
}

/**
 * Waits `delayMs` on `clock`.
 *
 * @throws the reason of `options.signal` when it is aborted first.
 */
export function sleep(
  clock: Clock,
  delayMs: number,
  options: { readonly signal?: AbortSignal } = {},
): Promise<void> {
  const { signal } = options;
  return new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason);
    const onAbort = () => {
      timer.cancel();
      reject(signal?.reason);
    };
    const timer = clock.setTimer(delayMs, () => {
      signal?.removeEventListener("abort", onAbort);
      resolve();
    });
    signal?.addEventListener("abort", onAbort, { once: true });
  });
}
