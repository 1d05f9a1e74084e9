/** A behaviour of istiod and the tests that hold signet to it. */

/** One behaviour. */
export interface Row {
  /** Names of istiod's tests. */
  readonly upstream: string;
  /** What they pin, as signet does it. */
  readonly pins: string;
  /** `file: test`, or `file: step`. */
  readonly cases: readonly string[];
}
