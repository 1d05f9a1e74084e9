/** Making a thing once, and keeping it for as long as what it was made of. */

/** Things of one map by text: as many as there are namespaces with proxies, in a mesh that has that many. */
const MAX_KEPT = 1_000;

/** What is kept under a text, else what is made now; beyond a bound the one that nobody asked for longest is forgotten. */
export function rememberedAt<T>(kept: Map<string, T>, key: string, make: () => T): T {
  const found = kept.get(key) ?? make();
  // Workloads come and go under other addresses for as long as the policies stay.
  kept.delete(key);
  kept.set(key, found);
  if (kept.size > MAX_KEPT) kept.delete(kept.keys().next().value!);
  return found;
}

/** A function whose results are kept with its argument. */
export function remembered<K extends object, T>(make: (key: K) => T): (key: K) => T {
  const kept = new WeakMap<K, T>();
  return (key) => rememberedIn(kept, key, () => make(key));
}

/** What is kept with an object, else what is made now. */
export function rememberedIn<K extends object, T>(kept: WeakMap<K, T>, key: K, make: () => T): T {
  const found = kept.get(key);
  if (found !== undefined) return found;
  const made = make();
  kept.set(key, made);
  return made;
}
