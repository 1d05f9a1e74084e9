/**
 * The requests of a stream, one read ahead: the next is asked for when the last has been taken, so that a client that sends faster than it
 * is served waits in its own flow control. Whoever works on the stream is woken by a request, by its end, or by {@linkcode Inbox.wake}.
 */

/** Requests of one stream. */
export interface Inbox<Request> extends Disposable {
  /** The next request; undefined when none has come yet. @throws what the requests ended with, once. */
  take(): Request | undefined;
  /** True when no more will come. */
  readonly isEnded: boolean;
  /** Resolves when there is something to look at. */
  wait(): Promise<void>;
  /** Ends a wait, now or the next one. */
  wake(): void;
}

/** Reads `requests` until they end, or until the inbox is disposed. */
export function createInbox<Request extends object>(
  requests: AsyncIterable<Request>,
): Inbox<Request> {
  let next: Request | undefined;
  let failure: { readonly thrown: unknown } | undefined;
  let [isEnded, isClosed, isAwake] = [false, false, false];
  let onWake: (() => void) | undefined;
  let onTaken: (() => void) | undefined;
  const wake = () => {
    isAwake = true;
    onWake?.();
  };
  const read = async () => {
    try {
      for await (const request of requests) {
        if (isClosed) return;
        next = request;
        wake();
        await new Promise<void>((resolve) => {
          onTaken = resolve;
        });
        if (isClosed) return;
      }
    } catch (thrown) {
      failure = { thrown };
    } finally {
      isEnded = true;
      wake();
    }
  };
  void read();
  return {
    take() {
      if (failure !== undefined) {
        const { thrown } = failure;
        failure = undefined;
        throw thrown;
      }
      const taken = next;
      next = undefined;
      if (taken !== undefined) onTaken?.();
      return taken;
    },
    get isEnded() {
      return isEnded && next === undefined && failure === undefined;
    },
    async wait() {
      if (!isAwake) {
        await new Promise<void>((resolve) => {
          onWake = resolve;
        });
        onWake = undefined;
      }
      isAwake = false;
    },
    wake,
    [Symbol.dispose]() {
      isClosed = true;
      onTaken?.();
    },
  };
}
