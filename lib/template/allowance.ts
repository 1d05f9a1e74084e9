/**
 * What all functions of one rendering may look at together. Each has bounds of its own, but a template calls them as often as it likes.
 *
 * A function is called as in Go, with its arguments alone, so that it cannot be handed what is left. A rendering is one synchronous call:
 * whose turn it is, is known without.
 */
import { fault } from "./failure.ts";

class Allowance {
  #left = Infinity;
  #most = Infinity;

  /**
   * Gives `work` so much and no more, also when what it calls made nothing of the refusal.
   *
   * @throws {SignetError} `template.failed`.
   */
  within<T>(most: number, work: () => T): T {
    const before = [this.#left, this.#most] as const;
    [this.#left, this.#most] = [most, most];
    try {
      const result = work();
      this.take(0);
      return result;
    } finally {
      [this.#left, this.#most] = before;
    }
  }

  /** Takes of what is left. @throws {SignetError} `template.failed` when that is too little. */
  take(count: number): void {
    this.#left -= count;
    if (this.#left < 0) throw fault(`functions look at more than ${this.#most} values`);
  }
}

const ALLOWANCE = new Allowance();

/** Renders with an allowance. @throws {SignetError} `template.failed` when it is used up. */
export function withinAllowance<T>(most: number, work: () => T): T {
  return ALLOWANCE.within(most, work);
}

/** A function looks at values, or at as much else as costs the same. @throws {SignetError} `template.failed`. */
export function look(count = 1): void {
  ALLOWANCE.take(count);
}
