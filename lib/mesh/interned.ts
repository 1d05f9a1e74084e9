/** One value for each list of objects: whoever brings the same objects in the same order gets the same value, for as long as they live. */

interface Step<T> {
  readonly next: WeakMap<object, Step<T>>;
  value: { readonly made: T } | undefined;
}

/** Makes a function that makes its value once for each list. */
export function interned<E extends object, T>(
  make: (list: readonly E[]) => T,
): (list: readonly E[]) => T {
  const newStep = (): Step<T> => ({ next: new WeakMap(), value: undefined });
  const start = newStep();
  return (list) => {
    let step = start;
    for (const each of list) {
      const next = step.next.get(each) ?? newStep();
      step.next.set(each, next);
      step = next;
    }
    return (step.value ??= { made: make(list) }).made;
  };
}
