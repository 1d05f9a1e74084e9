/** A {@linkcode CaStore} that forgets: for tests and for a CA that lives as long as its process. */
import type { CaSet, CaStore } from "./port.ts";

/** Makes a store that starts with `initial`, or empty. */
export function memoryCaStore(initial?: CaSet): CaStore {
  let current = initial;
  let revision = initial === undefined ? 0 : 1;
  return {
    location: "memory",
    load: () => Promise.resolve(current),
    revision: () => Promise.resolve(revision === 0 ? undefined : String(revision)),
    save(set) {
      current = set;
      revision++;
      return Promise.resolve();
    },
  };
}
