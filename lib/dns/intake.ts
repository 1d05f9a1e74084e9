/** What a client has sent and nobody has looked at: in one piece for those who read frames, in pieces while none are read. */
import { concatBytes } from "../base/mod.ts";
import { Unread } from "../transport/mod.ts";

const NOTHING: Uint8Array = new Uint8Array(0);

/** See the module comment. */
export class Intake {
  #bytes: Uint8Array = NOTHING;
  /** True when the bytes are a chunk as it came. */
  #isView = false;
  readonly #backlog = new Unread();

  /** Octets that nobody has read. */
  get length(): number {
    return this.#bytes.length + this.#backlog.bytes;
  }

  /** What is there to read, but for the backlog. A view into a chunk: valid until the next one. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  /** Takes a chunk that is read at once. */
  take(chunk: Uint8Array): void {
    this.#isView = this.#bytes.length === 0;
    this.#bytes = this.#isView ? chunk : concatBytes([this.#bytes, chunk]);
  }

  /** Takes a chunk that is read later: a copy, as a small chunk may be a view into a large buffer. */
  keep(chunk: Uint8Array): void {
    this.#backlog.push(chunk);
  }

  /** Joins the backlog to what is there to read. */
  join(): void {
    if (this.#backlog.bytes === 0) return;
    this.#bytes = concatBytes([this.#bytes, this.#backlog.takeAll()]);
    this.#isView = false;
  }

  /** Drops what was read; the rest becomes a copy, which the next chunk leaves alone. */
  drop(length: number): void {
    if (length === this.#bytes.length) this.#bytes = NOTHING;
    else if (length > 0 || this.#isView) this.#bytes = this.#bytes.slice(length);
    this.#isView = false;
  }

  /** Drops all. */
  clear(): void {
    this.#bytes = NOTHING;
    this.#backlog.clear();
  }
}
