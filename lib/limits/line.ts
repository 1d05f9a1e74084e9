/** First in, first out, in constant time: an array's `shift` moves all that is left. */

interface Link<T> {
  readonly value: T;
  next: Link<T> | undefined;
}

/** A line of values. */
export class Line<T> {
  #first: Link<T> | undefined;
  #last: Link<T> | undefined;
  #length = 0;

  /** Values in the line. */
  get length(): number {
    return this.#length;
  }

  /** Adds a value at the end. */
  push(value: T): void {
    const link: Link<T> = { value, next: undefined };
    if (this.#last === undefined) this.#first = link;
    else this.#last.next = link;
    this.#last = link;
    this.#length++;
  }

  /** Takes the value at the begin; `undefined` when there is none. */
  shift(): T | undefined {
    const link = this.#first;
    if (link === undefined) return undefined;
    this.#first = link.next;
    if (link.next === undefined) this.#last = undefined;
    this.#length--;
    return link.value;
  }
}
