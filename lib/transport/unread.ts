/**
 * Octets of a body that nobody has read yet.
 *
 * A peer may cut a body into DATA frames of one octet each (RFC 9113 section 6.1): flow control counts the octets alone, and a piece of
 * its own for each would cost some hundred times as much. So small pieces are joined as they come, each octet copied twice at most.
 */
import { concatBytes } from "../base/mod.ts";

/** Pieces are joined up to this many octets: what a usual DATA frame holds. */
const JOINED_BYTES = 16_384;

/** Octets in the order in which they came, in few pieces. */
export class Unread {
  #pieces: Uint8Array[] = [];
  /** The latest octets, with room for more behind the first {@linkcode Unread.#lastBytes}. */
  #last: Uint8Array | undefined;
  #lastBytes = 0;
  #bytes = 0;

  /** Octets that wait. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Takes a copy of a view. */
  push(view: Uint8Array): void {
    if (view.length === 0) return;
    this.#bytes += view.length;
    const together = this.#lastBytes + view.length;
    if (this.#last === undefined || together > JOINED_BYTES) {
      this.#seal();
      this.#last = view.slice();
    } else {
      if (together > this.#last.length) this.#grow(together);
      this.#last.set(view, this.#lastBytes);
    }
    this.#lastBytes += view.length;
  }

  #grow(needed: number): void {
    const last = this.#last!;
    const grown = new Uint8Array(Math.min(Math.max(needed, last.length * 2), JOINED_BYTES));
    grown.set(last.subarray(0, this.#lastBytes));
    this.#last = grown;
  }

  #seal(): void {
    if (this.#last !== undefined) this.#pieces.push(this.#last.subarray(0, this.#lastBytes));
    this.#last = undefined;
    this.#lastBytes = 0;
  }

  /** The next piece; `undefined` when nothing waits. */
  shift(): Uint8Array | undefined {
    if (this.#pieces.length === 0) this.#seal();
    const piece = this.#pieces.shift();
    this.#bytes -= piece?.length ?? 0;
    return piece;
  }

  /** Everything that waits, and `more` behind it, in one piece: `more` itself when nothing waits. */
  takeAll(more?: Uint8Array): Uint8Array {
    this.#seal();
    const pieces = more === undefined ? this.#pieces : [...this.#pieces, more];
    this.clear();
    return pieces.length === 1 ? pieces[0]! : concatBytes(pieces);
  }

  /** Forgets what waits. */
  clear(): void {
    this.#pieces = [];
    this.#last = undefined;
    this.#lastBytes = 0;
    this.#bytes = 0;
  }
}
