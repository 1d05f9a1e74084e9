/** Places for connections: so many of each address, so that none takes all that a listener has. */

/** A connection that has a place until it is closed. */
export interface PlacedSocket {
  /** Hears of the end of the connection. */
  once(event: "close", listener: () => void): unknown;
}

/** The places of one listener. */
export class AddressPlaces {
  readonly #taken = new Map<string, number>();
  readonly #max: number;

  /** Each address may have `max`. */
  constructor(max: number) {
    this.#max = max;
  }

  /** Takes a place of that address until the connection closes; false when it has none left. */
  take(address: string, socket: PlacedSocket): boolean {
    const taken = this.#taken.get(address) ?? 0;
    if (taken >= this.#max) return false;
    this.#taken.set(address, taken + 1);
    socket.once("close", () => this.#giveBack(address));
    return true;
  }

  /** Addresses that have a place. */
  get size(): number {
    return this.#taken.size;
  }

  #giveBack(address: string): void {
    const left = (this.#taken.get(address) ?? 1) - 1;
    if (left > 0) this.#taken.set(address, left);
    else this.#taken.delete(address);
  }
}
