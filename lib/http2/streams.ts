/** The streams of one connection: which live, which were reset lately, and which were never opened (RFC 9113 section 5.1). */
import { connectionError } from "./frame_reader.ts";
import { HTTP2_ERROR } from "./frames.ts";
import type { Http2Stream } from "./stream.ts";

/** Streams that we reset lately: frames that were under way for them are ignored. */
const MAX_REMEMBERED_RESETS = 1_000;
/** Streams that were answered before their request ended; more are reset, oldest first. */
const MAX_ANSWERED = 100;

/** The table of streams of one connection. */
export class Streams {
  readonly #server: boolean;
  readonly #live = new Map<number, Http2Stream>();
  readonly #resets = new Set<number>();
  readonly #answered = new Set<Http2Stream>();
  /** The highest stream that the peer opened. */
  lastPeer = 0;
  /** The next stream that we open. */
  nextOwn = 1;

  /** Starts empty, at the server's end or the client's. */
  constructor(server: boolean) {
    this.#server = server;
  }

  /** Streams that hold memory. */
  get size(): number {
    return this.#live.size;
  }

  /** Streams that somebody still waits for. */
  get open(): number {
    return this.#live.size - this.#answered.size;
  }

  /** A copy of the list, which may be walked while streams go away. */
  list(): readonly Http2Stream[] {
    return [...this.#live.values()];
  }

  /** A stream that lives. */
  get(streamId: number): Http2Stream | undefined {
    return this.#live.get(streamId);
  }

  /** Adds a stream. */
  add(stream: Http2Stream): void {
    this.#live.set(stream.id, stream);
  }

  /** Drops a stream; false when it was gone. */
  delete(stream: Http2Stream): boolean {
    this.#answered.delete(stream);
    return this.#live.delete(stream.id);
  }

  /** Keeps a stream that was answered too early; returns the one that must go for it. */
  keepAnswered(stream: Http2Stream): Http2Stream | undefined {
    this.#answered.add(stream);
    if (this.#answered.size <= MAX_ANSWERED) return undefined;
    const [oldest] = this.#answered;
    return oldest;
  }

  /** Remembers that a stream was reset by us. */
  rememberReset(streamId: number): void {
    this.#resets.add(streamId);
    if (this.#resets.size <= MAX_REMEMBERED_RESETS) return;
    this.#resets.delete(this.#resets.values().next().value!);
  }

  /** True for a stream that we reset lately. */
  wasReset(streamId: number): boolean {
    return this.#resets.has(streamId);
  }

  /** True for a stream that was never opened. */
  isIdle(streamId: number): boolean {
    const own = (streamId % 2 === 1) !== this.#server;
    return own ? streamId >= this.nextOwn || streamId % 2 === 0 : streamId > this.lastPeer;
  }

  /** Refuses a `frame` on stream 0 or on one that was never opened. @throws {SignetError} PROTOCOL_ERROR. */
  need(streamId: number, frame: string): void {
    if (streamId !== 0 && !this.isIdle(streamId)) return;
    throw connectionError(
      HTTP2_ERROR.PROTOCOL_ERROR,
      `${frame} on stream ${streamId}, which is idle`,
    );
  }
}
