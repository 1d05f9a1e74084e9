/** The port between a server's logic and what carries messages to it. */
import type { Exchange } from "./exchange.ts";

/** Carries exchanges to one server. */
export interface Carrier extends AsyncDisposable {
  /**
   * Sends what `write` makes for an ID, and gives the reply: a copy of the message, or `undefined` when it has to be asked for over a
   * stream, because it is truncated or may be forged.
   *
   * @throws {SignetError} `dns.upstream_failed`; the signal's reason when it is aborted first.
   */
  ask(
    write: (id: number) => Exchange,
    options: { readonly signal: AbortSignal },
  ): Promise<Uint8Array | undefined>;
}

/** Random octets. */
export type RandomBytes = (length: number) => Uint8Array;

/** A random ID (RFC 5452 section 9.1). */
export function randomId(randomBytes: RandomBytes): number {
  const [high = 0, low = 0] = randomBytes(2);
  return high << 8 | low;
}
