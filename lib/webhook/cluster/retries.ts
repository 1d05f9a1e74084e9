/** Keys that want work, one piece at a time for each; what failed is tried again after a while, and at once when it is wanted anew. */
import { type Clock, createTaskGroup, isSignetError } from "../../base/mod.ts";

/** What the work is. */
export interface RetriesOptions {
  /** Does it. @throws {SignetError} to have it tried again. */
  readonly work: (key: string) => Promise<void>;
  /** The wait after so many failures one after another, in milliseconds. */
  readonly delayMs: (failures: number) => number;
  /** Told each failure. */
  readonly onFailure: (key: string, thrown: unknown) => void;
  /** Time. */
  readonly clock: Clock;
}

/** Keys that want work; disposing it forgets them. */
export interface Retries extends AsyncDisposable {
  /** Wants work on a key now; one that is being worked on is worked on again after that. */
  want(key: string): void;
}

interface Key {
  failures: number;
  isBusy: boolean;
  isWantedAgain: boolean;
  timer: Disposable | undefined;
}

/** Makes an empty set of keys. */
export function createRetries({ work, delayMs, onFailure, clock }: RetriesOptions): Retries {
  const keys = new Map<string, Key>();
  const tasks = createTaskGroup({ onError: onFailure });
  const doIt = async (name: string, key: Key) => {
    try {
      await work(name);
      key.failures = 0;
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      onFailure(name, thrown);
      key.failures++;
    } finally {
      key.isBusy = false;
    }
    if (tasks.signal.aborted) return;
    if (key.isWantedAgain) begin(name, key);
    else if (key.failures > 0) {
      key.timer = clock.setTimer(delayMs(key.failures), () => begin(name, key));
    } else keys.delete(name);
  };
  const begin = (name: string, key: Key) => {
    key.timer?.[Symbol.dispose]();
    key.timer = undefined;
    key.isWantedAgain = false;
    key.isBusy = true;
    tasks.run(name, () => doIt(name, key));
  };
  return {
    want(name) {
      if (tasks.signal.aborted) return;
      const key = keys.get(name) ??
        { failures: 0, isBusy: false, isWantedAgain: false, timer: undefined };
      keys.set(name, key);
      if (key.isBusy) key.isWantedAgain = true;
      else begin(name, key);
    },
    async [Symbol.asyncDispose]() {
      for (const { timer } of keys.values()) timer?.[Symbol.dispose]();
      await tasks[Symbol.asyncDispose]();
    },
  };
}
