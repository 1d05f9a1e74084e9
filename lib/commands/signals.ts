/** How a long-running command is told to stop. */

const SIGNALS = ["SIGTERM", "SIGINT"] as const;

/** Waits for a signal until it is disposed. */
export interface SignalWatch extends Disposable {
  /** The first signal's name. */
  readonly first: Promise<string>;
  /** Aborted by the first signal, with its name. */
  readonly aborted: AbortSignal;
}

/** The first signal; a second one ends the process at once, as the system does. */
export function listenForSignals(): SignalWatch {
  const { promise, resolve } = Promise.withResolvers<string>();
  const stopping = new AbortController();
  const forget = () => {
    for (const [signal, listener] of listeners) Deno.removeSignalListener(signal, listener);
    listeners.length = 0;
  };
  const listeners = SIGNALS.map((signal) => {
    const listener = () => {
      forget();
      resolve(signal);
      stopping.abort(signal);
    };
    Deno.addSignalListener(signal, listener);
    return [signal, listener] as const;
  });
  return { first: promise, aborted: stopping.signal, [Symbol.dispose]: forget };
}
