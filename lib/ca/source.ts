/** What the CA needs of the place that its sets come from: the first one at start, and whether there is another later. */
import type { Clock } from "../base/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import type { CaStore, PluggedInCa } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import type { LoadedSet } from "./bundle.ts";
import type { CaBundle, CaOrigin } from "./port.ts";

/** What a CA needs of the world. */
export interface CaHost {
  /** Time. */
  readonly clock: Clock;
  /** Key operations. */
  readonly crypto: CryptoProvider;
  /** Where a self-signed root is kept. */
  readonly store: CaStore;
  /** A CA that somebody else looks after; when it is there, it wins over the store, which is then only looked at. */
  readonly pluggedIn?: PluggedInCa;
  /** False where another server that shares the store rotates its root. Default: true. */
  readonly mayRotate?: () => boolean;
  /** For audit records, and for which CA is used. */
  readonly logger: Logger;
}

/** A source whose first set is loaded. */
export interface CaSource {
  /** Where the CA comes from. */
  readonly origin: CaOrigin;
  /** Where its files are, for people. */
  readonly location: string;
  /** The set that is in force at start. */
  readonly first: LoadedSet;
  /** What an operator should know of the choice, one sentence each. */
  readonly remarks: readonly string[];
  /** The revision that was looked at last, in force or refused. */
  revision(): string | undefined;
  /**
   * The set that became current after `inForce`; `undefined` when none did.
   *
   * @throws {SignetError} `store.*` once for each state that cannot be used.
   */
  next(inForce: CaBundle): Promise<LoadedSet | undefined>;
}
