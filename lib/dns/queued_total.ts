/**
 * What waits in the server for the clients of a port, all together: answers that are not read, and queries that are not looked at. Each
 * client has bounds of its own; this is the bound on their sum, as ten thousand that keep just within theirs would take gigabytes.
 */

/** See the module comment. */
export class QueuedTotal {
  readonly #maxBytes: number;
  readonly #onFull: () => void;
  #bytes = 0;
  #isRelieved = false;

  /** `onFull` is called when more than `maxBytes` wait, and is to end clients until {@linkcode isFull} says no. */
  constructor(maxBytes: number, onFull: () => void) {
    this.#maxBytes = maxBytes;
    this.#onFull = onFull;
  }

  /** Octets that wait: no fewer than there are, as some have gone out since they were counted. */
  get bytes(): number {
    return this.#bytes;
  }

  /** True when more wait than may. */
  get isFull(): boolean {
    return this.#bytes > this.#maxBytes;
  }

  /** So many octets more wait, or fewer. */
  change(by: number): void {
    this.#bytes += by;
    if (!this.isFull || this.#isRelieved) return;
    // Whoever counts again while clients are being ended must not begin to end clients.
    this.#isRelieved = true;
    try {
      this.#onFull();
    } finally {
      this.#isRelieved = false;
    }
  }
}

/** A client for whom something waits. */
export interface Queuer {
  /** Octets that wait for it. */
  readonly waitingBytes: number;
  /** Counts them again. */
  recount(): void;
  /** Ends it at once; nothing waits for it then. */
  cutOff(): void;
}

/** Ends those for whom most waits, one after the other, until the sum is within its bound. */
export function relieve(total: QueuedTotal, queuers: readonly Queuer[]): void {
  for (const queuer of queuers) queuer.recount();
  if (!total.isFull) return;
  const largest = queuers.filter(({ waitingBytes }) => waitingBytes > 0)
    .sort((one, other) => other.waitingBytes - one.waitingBytes);
  for (const queuer of largest) {
    if (!total.isFull) return;
    queuer.cutOff();
  }
}
