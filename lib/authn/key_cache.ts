/**
 * The keys of an issuer: fetched when first needed, again after a while, and again when a token names a key that is not among them.
 *
 * While an issuer is out of reach the keys that are known keep working; each failure is told, and no issuer is asked more often than once
 * in {@linkcode COOLDOWN_MS}, whatever callers present. One fetch is in flight at a time.
 */
import { type Clock, createTaskGroup, messageOf, SignetError } from "../base/mod.ts";

/** Age at which keys are fetched again, so that a withdrawn key does not work for ever, in milliseconds. */
export const REFRESH_AFTER_MS = 10 * 60_000;
/** Time between two fetches at least, in milliseconds. */
export const COOLDOWN_MS = 10_000;

/**
 * Callers that may wait at one time for keys that are newer than the known ones. Anybody can name a key that is not there: while the issuer is
 * slow, those who do must not take the places of callers whose keys are known.
 */
export const MAX_WAITING = 64;

/** What a cache needs. */
export interface KeyCacheOptions<Keys> {
  /** Fetches the keys. */
  readonly load: () => Promise<Keys>;
  /** Time. */
  readonly clock: Clock;
  /** Hears of every fetch that succeeded. */
  readonly onLoaded: () => void;
  /** Hears of every fetch that failed. */
  readonly onFailure: (thrown: unknown) => void;
}

/** Cached keys of one issuer. */
export interface KeyCache<Keys> extends AsyncDisposable {
  /** The keys that are known, fetched first when there are none. @throws {SignetError} `authn.issuer_unreachable`. */
  keys(): Promise<Keys>;
  /** Keys fetched after `seen`, when the cooldown allows another fetch, not too many wait for it, and it succeeds; else `undefined`. */
  newerThan(seen: Keys): Promise<Keys | undefined>;
}

/** Makes an empty cache. */
export function createKeyCache<Keys extends object>(
  { load, clock, onLoaded, onFailure }: KeyCacheOptions<Keys>,
): KeyCache<Keys> {
  let known: Keys | undefined;
  let loadedMs = -Infinity;
  let triedMs = -Infinity;
  let lastFailure: unknown;
  let inFlight: Promise<void> | undefined;
  let waiting = 0;
  const tasks = createTaskGroup({ onError: (_name, thrown) => onFailure(thrown) });

  const fetchKeys = async () => {
    triedMs = clock.monotonicMs();
    try {
      known = await load();
      loadedMs = clock.monotonicMs();
      onLoaded();
    } catch (thrown) {
      lastFailure = thrown;
      onFailure(thrown);
    }
  };
  /** One fetch for all who want one; none within the cooldown. */
  const refresh = (): Promise<void> => {
    if (inFlight !== undefined) return inFlight;
    if (clock.monotonicMs() - triedMs < COOLDOWN_MS) return Promise.resolve();
    inFlight = fetchKeys().finally(() => inFlight = undefined);
    return inFlight;
  };

  return {
    async keys() {
      if (known === undefined) await refresh();
      else if (clock.monotonicMs() - loadedMs > REFRESH_AFTER_MS) {
        tasks.run("fetch an issuer's keys", refresh);
      }
      if (known !== undefined) return known;
      throw new SignetError(
        "authn.issuer_unreachable",
        `Cannot check tokens: the issuer's keys could not be fetched: ${messageOf(lastFailure)}`,
        { cause: lastFailure },
      );
    },
    async newerThan(seen) {
      if (known !== seen) return known;
      if (waiting >= MAX_WAITING) return undefined;
      waiting++;
      try {
        await refresh();
      } finally {
        waiting--;
      }
      return known === seen ? undefined : known;
    },
    [Symbol.asyncDispose]: () => tasks[Symbol.asyncDispose](),
  };
}
