/**
 * Keys that want work: each once, a few at a time, tried again after a while when it failed.
 *
 * A refusal is the key's own: while it waits, others take its place, so that whoever can make some keys fail holds up no other. A server in
 * trouble is everybody's: then those few keys wait for all, and it is not asked for each of the others.
 */
import { type Clock, createTaskGroup, isSignetError, sleep } from "../base/mod.ts";

/** Pieces of work at one time: an API server takes a few dozen requests at once from one client. */
const MAX_AT_ONCE = 16;
/** The first wait after a failure of a key, and the longest, in milliseconds. */
export const RETRY_MS = { first: 50, longest: 30_000 } as const;

/** What the work is. */
export interface WorkOptions {
  /** Does it. @throws {SignetError} to have it tried again. */
  readonly work: (key: string) => Promise<void>;
  /** Told each failure. */
  readonly onFailure: (key: string, thrown: unknown) => void;
  /** Time. */
  readonly clock: Clock;
}

/** Keys that want work; disposing it forgets them. */
export interface Work extends AsyncDisposable {
  /** Keys that wait or are being worked on. */
  readonly size: number;
  /** Wants work on a key; one that is being worked on is worked on again after that. */
  want(key: string): void;
}

/** Makes an empty set of keys. */
export function createWork({ work, onFailure, clock }: WorkOptions): Work {
  const waiting = new Set<string>();
  const busy = new Set<string>();
  const resting = new Set<string>();
  const failures = new Map<string, number>();
  const tasks = createTaskGroup({ onError: (name, thrown) => onFailure(name, thrown) });

  const doIt = async (key: string, signal: AbortSignal) => {
    try {
      await work(key);
      failures.delete(key);
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      onFailure(key, thrown);
      const before = failures.get(key) ?? 0;
      failures.set(key, before + 1);
      if (!isSignetError(thrown, "kube.unavailable")) rest(key);
      await sleep(clock, Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** before), { signal });
      waiting.add(key);
    } finally {
      busy.delete(key);
      resting.delete(key);
      begin();
    }
  };
  const rest = (key: string) => {
    resting.add(key);
    busy.delete(key);
    begin();
  };
  const begin = () => {
    for (const key of waiting) {
      if (busy.size >= MAX_AT_ONCE || tasks.signal.aborted) return;
      if (busy.has(key) || resting.has(key)) continue;
      waiting.delete(key);
      busy.add(key);
      tasks.run(key, (signal) => doIt(key, signal));
    }
  };
  return {
    get size() {
      return waiting.size + busy.size + resting.size;
    },
    want(key) {
      waiting.add(key);
      begin();
    },
    [Symbol.asyncDispose]: () => tasks[Symbol.asyncDispose](),
  };
}
