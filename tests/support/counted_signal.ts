/** A signal that tells how many listeners wait at it. */

/** See {@linkcode countedSignal}. */
export interface CountedSignal {
  /** The signal; nobody aborts it. */
  readonly signal: AbortSignal;
  /** Listeners that were added and not taken away. */
  listeners(): number;
}

/** Makes a signal whose listeners are counted. */
export function countedSignal(): CountedSignal {
  const { signal } = new AbortController();
  let count = 0;
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => {
    count++;
    add(...args);
  };
  signal.removeEventListener = (...args: Parameters<typeof remove>) => {
    count--;
    remove(...args);
  };
  return { signal, listeners: () => count };
}
