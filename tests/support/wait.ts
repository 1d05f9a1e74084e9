/** Waiting for what another process does. */

const POLL_MS = 20;
const DEFAULT_TIMEOUT_MS = 60_000;

/** Waits until `condition` holds; a minute without that is an error with what `explain` says. */
export async function waitFor(condition: () => boolean, explain: () => string): Promise<void> {
  const gaveUpAt = performance.now() + DEFAULT_TIMEOUT_MS;
  while (!condition()) {
    if (performance.now() > gaveUpAt) throw new TypeError(`Waited in vain: ${explain()}`);
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
}
