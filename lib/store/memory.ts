/** A {@linkcode CaStore} that forgets: for tests and for a CA that lives as long as its process. */
import type { CaSet, CaStore } from "./port.ts";

/** Makes a store that starts with `initial`, or empty. */
export function memoryCaStore(initial?: CaSet): CaStore {
  let current = initial;
  return {
    location: "memory",
    load: () => Promise.resolve(current),
    save(set) {
      current = set;
      return Promise.resolve();
    },
  };
}
