/**
 * Reading bodies within bounds: of octets for each, of octets that are held for all, and of time.
 *
 * Small bodies, which nearly all are, come whole in one call. Larger ones are read as they come and count against what all of them may
 * hold, since whoever reaches the port may send some: an API server shows no certificate.
 */
import { type Clock, concatBytes } from "../base/mod.ts";
import type { ServerStream } from "../transport/mod.ts";

/**
 * A body of at most this many octets is taken in one piece. Until it is whole it is not consumed, so that a connection's window must hold
 * as many as may be under way on it: else they would wait for one another.
 */
export const SMALL_BYTES = 16 << 10;
/** Octets of larger bodies that are held at one time. */
export const MAX_HELD_BYTES = 64 << 20;
/** Requests whose bodies have not come whole, on all connections; small ones of that number hold 32 MiB. */
export const MAX_PENDING = 2_000;
/** Time for a whole request, in milliseconds: an API server gives up after 30 s at most. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** Time between two looks at requests that are late. */
const LOOK_MS = 1_000;

/** What became of a body. */
export type TakenBody =
  | { readonly kind: "whole"; readonly body: Uint8Array }
  | { readonly kind: "too_large" | "too_slow" | "too_many" };

/** Reads bodies. */
export interface Intake extends Disposable {
  /** Reads the body of a stream and calls `take` once, unless the stream is lost before. The octets are valid during the call. */
  read(stream: ServerStream<unknown>, maxBytes: number, take: (taken: TakenBody) => void): void;
  /** Reads a body that is iterated. */
  readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<TakenBody>;
}

interface Pending {
  readonly sinceMs: number;
  readonly isLost: () => boolean;
  readonly late: () => void;
}

/** Makes an intake with nothing in it. */
export function createIntake(clock: Clock): Intake {
  return new LiveIntake(clock);
}

class LiveIntake implements Intake {
  readonly #clock: Clock;
  readonly #pending = new Set<Pending>();
  #timer: Disposable | undefined;
  #heldBytes = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  read(stream: ServerStream<unknown>, maxBytes: number, take: (taken: TakenBody) => void): void {
    let isTaken = false;
    const once = (taken: TakenBody) => {
      if (isTaken) return;
      isTaken = true;
      if (!stream.isLost) take(taken);
    };
    if (this.#pending.size >= MAX_PENDING) return once({ kind: "too_many" });
    // A stream that is lost before its body has come calls nobody.
    const pending = this.#await(() => once({ kind: "too_slow" }), () => stream.isLost);
    stream.collect(Math.min(SMALL_BYTES, maxBytes), (body, rest) => {
      if (rest === undefined) {
        this.#forget(pending);
        return once({ kind: "whole", body });
      }
      const chunks = replay(body.slice(), rest);
      void this.#gather(chunks, maxBytes, () => isTaken).then((taken) => {
        this.#forget(pending);
        if (taken !== undefined) once(taken);
      });
    });
  }

  async readAll(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<TakenBody> {
    if (this.#pending.size >= MAX_PENDING) return { kind: "too_many" };
    const late = Promise.withResolvers<TakenBody>();
    let isLate = false;
    const pending = this.#await(() => {
      isLate = true;
      late.resolve({ kind: "too_slow" });
    }, () => false);
    const gathered = this.#gather(body, maxBytes, () => isLate);
    try {
      return await Promise.race([gathered, late.promise]) ?? { kind: "too_slow" };
    } finally {
      this.#forget(pending);
    }
  }

  [Symbol.dispose](): void {
    this.#timer?.[Symbol.dispose]();
    this.#pending.clear();
  }

  /** Reads to the end; `undefined` when the body broke off or nobody wants it any more. */
  async #gather(
    body: AsyncIterable<Uint8Array>,
    maxBytes: number,
    isUnwanted: () => boolean,
  ): Promise<TakenBody | undefined> {
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body) {
        if (isUnwanted()) return undefined;
        if (bytes + chunk.length > maxBytes) return { kind: "too_large" };
        if (this.#heldBytes + chunk.length > MAX_HELD_BYTES) return { kind: "too_many" };
        bytes += chunk.length;
        this.#heldBytes += chunk.length;
        chunks.push(chunk);
      }
      return { kind: "whole", body: concatBytes(chunks) };
    } catch {
      // The peer reset the stream, or is gone: nobody waits for an answer.
      return undefined;
    } finally {
      this.#heldBytes -= bytes;
    }
  }

  #await(late: () => void, isLost: () => boolean): Pending {
    const pending = { sinceMs: this.#clock.monotonicMs(), late, isLost };
    this.#pending.add(pending);
    this.#timer ??= this.#look();
    return pending;
  }

  #forget(pending: Pending): void {
    this.#pending.delete(pending);
  }

  #look(): Disposable {
    return this.#clock.setTimer(LOOK_MS, () => {
      const untilMs = this.#clock.monotonicMs() - REQUEST_TIMEOUT_MS;
      for (const pending of this.#pending) {
        if (pending.isLost()) this.#pending.delete(pending);
        else if (pending.sinceMs <= untilMs) {
          this.#pending.delete(pending);
          pending.late();
        }
      }
      this.#timer = this.#pending.size > 0 ? this.#look() : undefined;
    });
  }
}

async function* replay(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array>,
): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield first;
  yield* rest;
}
