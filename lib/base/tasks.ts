/**
 * Background work with an owner: a group that is told of each failure, cancels its tasks and waits for them at disposal.
 */

/** A set of background tasks that ends as a whole. */
export interface TaskGroup extends AsyncDisposable {
  /** Aborted when the group is being disposed. */
  readonly signal: AbortSignal;
  /** Starts `task`; its rejection goes to the group's `onError`, except when the group is ending. */
  run(name: string, task: (signal: AbortSignal) => Promise<void>): void;
}

/** Options of {@linkcode createTaskGroup}. */
export interface TaskGroupOptions {
  /** Called once for each task that rejects before the group ends. */
  readonly onError: (name: string, thrown: unknown) => void;
}

/** Makes an empty {@linkcode TaskGroup}. */
export function createTaskGroup(options: TaskGroupOptions): TaskGroup {
  const controller = new AbortController();
  const running = new Set<Promise<void>>();
  return {
    signal: controller.signal,
    run(name, task) {
      const promise = (async () => {
        try {
          await task(controller.signal);
        } catch (thrown) {
          if (!controller.signal.aborted) options.onError(name, thrown);
        }
      })();
      running.add(promise);
      promise.finally(() => running.delete(promise));
    },
    async [Symbol.asyncDispose]() {
      controller.abort(new DOMException("The task group is ending", "AbortError"));
      await Promise.all(running);
    },
  };
}
