/** A copy of a list, of which only the objects of selected namespaces are seen; what is selected changes while it is followed. */
import { createReflector, type ReflectorHost, type ReflectorOptions } from "../../kube/mod.ts";

/** A copy that follows and shows a part; disposing it ends that. */
export interface SelectedList<T> extends AsyncDisposable {
  /** Resolves when the copy is whole for the first time. */
  readonly synced: Promise<void>;
  /** What is seen, by `namespace/name`. */
  readonly objects: ReadonlyMap<string, T>;
  /** Other namespaces are selected: what comes and goes with that is told as changes. */
  reselect(): void;
}

/** The namespace of `namespace/name`; empty for an object of the whole cluster. */
export function namespaceOf(key: string): string {
  return key.slice(0, Math.max(0, key.indexOf("/")));
}

/** Starts to follow. Of changes only those are told that change what is seen. */
export function followSelected<T>(
  { onChange, ...options }: ReflectorOptions<T>,
  isSelected: (namespace: string) => boolean,
  host: ReflectorHost,
): SelectedList<T> {
  const seen = new Map<string, T>();
  const changed = (key: string, kept: T | undefined) => {
    const before = seen.get(key);
    const namespace = namespaceOf(key);
    const now = namespace === "" || isSelected(namespace) ? kept : undefined;
    if (now === before) return;
    if (now === undefined) seen.delete(key);
    else seen.set(key, now);
    onChange?.(key, now, before);
  };
  const all = createReflector<T>({ ...options, onChange: changed }, host);
  return {
    synced: all.synced,
    objects: seen,
    reselect() {
      for (const [key, kept] of all.objects) changed(key, kept);
    },
    [Symbol.asyncDispose]: () => all[Symbol.asyncDispose](),
  };
}
