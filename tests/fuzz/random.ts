/** Chance from a seed, so that a run can be had again. */

/** See the module comment. */
export interface Random {
  /** A number from 0 up to, not including, `below`. */
  below(below: number): number;
  /** True once in `of` times. */
  once(of: number): boolean;
  /** One of a list. */
  pick<T>(list: readonly T[]): T;
  /** Octets. */
  octets(length: number): Uint8Array;
}

/** Makes a {@linkcode Random}: a linear congruence whose high bits are mixed (PCG's output function, 32 bits). */
export function createRandom(seed: number): Random {
  let state = (seed >>> 0) + 1;
  const next = (): number => {
    state = Math.imul(state, 747796405) + 2891336453 >>> 0;
    const word = Math.imul(state >>> (state >>> 28) + 4 ^ state, 277803737) >>> 0;
    return (word >>> 22 ^ word) >>> 0;
  };
  const below = (limit: number) => Math.floor(next() / 2 ** 32 * limit);
  return {
    below,
    once: (of) => below(of) === 0,
    pick: <T>(list: readonly T[]) => list[below(list.length)] as T,
    octets: (length) => Uint8Array.from({ length }, () => below(256)),
  };
}
