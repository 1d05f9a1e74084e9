/** A {@linkcode CaStore} that forgets: for tests and for a CA that lives as long as its process. */
import type { CaSet, CaStore, InForceReport } from "./port.ts";

/** Makes a store that starts with `initial`, or empty. */
export function memoryCaStore(initial?: CaSet): CaStore {
  let current = initial;
  let revision = initial === undefined ? 0 : 1;
  let report: InForceReport | undefined;
  const ends = new Map<string, number>();
  const save = (set: CaSet) => {
    current = set;
    revision++;
    return Promise.resolve();
  };
  return {
    location: "memory",
    current: "memory/current",
    load: () => Promise.resolve(current),
    revision: () => Promise.resolve(revision === 0 ? undefined : String(revision)),
    save,
    async update(change) {
      if (current === undefined) throw new TypeError("There is no set to change");
      const changed = await change(current);
      if (changed !== undefined) await save(changed);
      return String(revision);
    },
    leafEnds: {
      note(keyId, notAfterMs) {
        ends.set(keyId, Math.max(notAfterMs, ends.get(keyId) ?? 0));
        return Promise.resolve(notAfterMs);
      },
      last: (keyId) => Promise.resolve(ends.get(keyId)),
    },
    report: {
      write: (fresh) => Promise.resolve(void (report = fresh)),
      read: () => Promise.resolve(report),
    },
  };
}
