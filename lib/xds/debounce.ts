/** When changes are pushed: as soon as nothing more has come for a while, and not much later than the first of them. */

/** Changes that wait. */
export interface Waiting {
  /** When the first of them came. */
  readonly firstMs: number;
  /** When the last of them came. */
  readonly lastMs: number;
}

/** How long changes wait. */
export interface DebounceTimes {
  /** Quiet time before a push. */
  readonly debounceAfterMs: number;
  /** Longest wait from the first change. */
  readonly debounceMaxMs: number;
}

/** The changes that wait after another one has come. */
export function withChange(waiting: Waiting | undefined, nowMs: number): Waiting {
  return { firstMs: waiting?.firstMs ?? nowMs, lastMs: nowMs };
}

/** Milliseconds until these changes are pushed; 0 for now. */
export function waitMs({ firstMs, lastMs }: Waiting, nowMs: number, times: DebounceTimes): number {
  const dueMs = Math.min(lastMs + times.debounceAfterMs, firstMs + times.debounceMaxMs);
  return Math.max(0, dueMs - nowMs);
}
