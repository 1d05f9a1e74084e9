/** What was said of credentials lately, by the hash of each: bounded, and never kept longer than the caller allows. */
import type { Clock } from "../base/mod.ts";

/** Most credentials that are remembered; the one that was learned first goes first. */
export const MAX_VERDICTS = 20_000;

/** Remembers verdicts. */
export interface VerdictCache<V> {
  /** How many are remembered. */
  readonly size: number;
  /** The verdict on the credential of this hash, when there is one that may still be used. */
  find(hash: string): V | undefined;
  /** Remembers one until `untilMs`, by the wall clock, and for `maxMs` at most, whatever that clock does. */
  remember(
    hash: string,
    verdict: V,
    until: { readonly untilMs: number; readonly maxMs: number },
  ): void;
}

/** Makes an empty cache. */
export function createVerdictCache<V>(
  clock: Pick<Clock, "nowMs" | "monotonicMs">,
  options: { readonly maxVerdicts?: number } = {},
): VerdictCache<V> {
  const { maxVerdicts = MAX_VERDICTS } = options;
  const verdicts = new Map<
    string,
    { readonly verdict: V; readonly untilMs: number; readonly untilTick: number }
  >();
  return {
    get size() {
      return verdicts.size;
    },
    find(hash) {
      const found = verdicts.get(hash);
      if (found === undefined) return undefined;
      if (clock.nowMs() < found.untilMs && clock.monotonicMs() < found.untilTick) {
        return found.verdict;
      }
      verdicts.delete(hash);
      return undefined;
    },
    remember(hash, verdict, { untilMs, maxMs }) {
      verdicts.delete(hash);
      verdicts.set(hash, { verdict, untilMs, untilTick: clock.monotonicMs() + maxMs });
      for (const oldest of verdicts.keys()) {
        if (verdicts.size <= maxVerdicts) break;
        verdicts.delete(oldest);
      }
    },
  };
}
