/**
 * Answers on their way into one write: one buffer for all connections of a port, filled and emptied within the turn that reads a client's
 * chunk, so that an answer costs a copy and no memory of its own.
 */
import { MAX_MESSAGE_BYTES } from "./message/mod.ts";

/** Octets after which answers are written out before further ones are given: four TLS records. */
export const OUTBOX_HIGH_BYTES = 64 << 10;

/** See the module comment. */
export class Outbox {
  /** What is filled; only what was appended since the last {@linkcode take} may be changed. */
  readonly bytes: Uint8Array = new Uint8Array(OUTBOX_HIGH_BYTES + 2 + MAX_MESSAGE_BYTES);
  #length = 0;

  /** Octets that wait. */
  get length(): number {
    return this.#length;
  }

  /** True when what waits should be written out before more is appended. */
  get isFull(): boolean {
    return this.#length >= OUTBOX_HIGH_BYTES;
  }

  /**
   * Copies an answer, with its length in front, behind what waits, and gives the offset at which it stands.
   *
   * @throws {RangeError} when the outbox is full.
   */
  append(framed: Uint8Array): number {
    if (this.isFull) throw new RangeError("Cannot append an answer: the outbox is full");
    const at = this.#length;
    this.bytes.set(framed, at);
    this.#length = at + framed.length;
    return at;
  }

  /** What waits, as bytes of its own; nothing waits then. */
  take(): Uint8Array {
    const taken = this.bytes.slice(0, this.#length);
    this.#length = 0;
    return taken;
  }

  /** Forgets what waits. */
  clear(): void {
    this.#length = 0;
  }
}
