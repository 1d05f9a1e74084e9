/**
 * The namespaces of a cluster, followed once for all who ask, and which of them the mesh takes: those that one of its label selectors
 * (`discoverySelectors` of the mesh config) matches, and all of them without selectors.
 *
 * Nothing is asked of the API server before somebody wants to know.
 */
import { isSame } from "../base/mod.ts";
import { asObject, asText } from "./documents.ts";
import { type LabelSelector, matchesLabels, type ObjectLabels } from "./label_selector.ts";
import type { KubeDocument } from "./port.ts";
import { createReflector, type Reflector, type ReflectorHost } from "./reflector.ts";

/** What is kept of a namespace. */
export interface NamespaceFacts {
  /** False for one that ends, which takes no new objects. */
  readonly isActive: boolean;
  /** Its labels. */
  readonly labels: ObjectLabels;
}

/** Namespaces that are followed; disposing ends that. */
export interface Namespaces extends AsyncDisposable {
  /** The copy, by name; empty before it is {@linkcode Namespaces.whole}. */
  readonly objects: ReadonlyMap<string, NamespaceFacts>;
  /** True while there are selectors. */
  readonly isSelective: boolean;
  /** True for a namespace that the mesh takes. With selectors, one that is not known yet is none. */
  isSelected(namespace: string): boolean;
  /** Other selectors, in force as soon as the namespaces are known. */
  select(selectors: readonly LabelSelector[]): void;
  /** Begins to follow, and resolves when the copy is whole for the first time. */
  whole(): Promise<void>;
  /** Told each change of a namespace, and of whether it is selected. */
  onChange(listener: (namespace: string) => void): Disposable;
  /** Told once after each change of which namespaces are selected. */
  onSelection(listener: () => void): Disposable;
}

/** What following needs of the world. */
export interface NamespacesHost extends ReflectorHost {
  /** Told each failure, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** Namespaces as the selectors take them. */
export function followNamespaces(
  selectors: readonly LabelSelector[],
  host: NamespacesHost,
): Namespaces {
  return new LiveNamespaces(selectors, host);
}

class LiveNamespaces implements Namespaces {
  readonly #host: NamespacesHost;
  readonly #changed = new Set<(namespace: string) => void>();
  readonly #selectionChanged = new Set<() => void>();
  readonly #selected = new Set<string>();
  /** In force. */
  #selectors: readonly LabelSelector[];
  /** What will be, when the copy is whole. */
  #wanted: readonly LabelSelector[];
  #reflector: Reflector<NamespaceFacts> | undefined;
  #synced: Promise<void> | undefined;
  #isWhole = false;

  constructor(selectors: readonly LabelSelector[], host: NamespacesHost) {
    this.#host = host;
    this.#selectors = selectors;
    this.#wanted = selectors;
  }

  get objects(): ReadonlyMap<string, NamespaceFacts> {
    return this.#reflector?.objects ?? new Map();
  }

  get isSelective(): boolean {
    return this.#selectors.length > 0;
  }

  isSelected(namespace: string): boolean {
    return !this.isSelective || this.#selected.has(namespace);
  }

  select(selectors: readonly LabelSelector[]): void {
    this.#wanted = selectors;
    if (this.#isWhole || selectors.length === 0) this.#apply();
    else void this.whole();
  }

  whole(): Promise<void> {
    this.#reflector ??= createReflector<NamespaceFacts>({
      path: "/api/v1/namespaces",
      keep: keepNamespace,
      onChange: (name, now, before) => now === before ? undefined : this.#namespaceChanged(name),
      onFailure: this.#host.onFailure,
    }, this.#host);
    return this.#synced ??= this.#reflector.synced.then(() => {
      this.#isWhole = true;
      this.#apply();
    });
  }

  onChange(listener: (namespace: string) => void): Disposable {
    this.#changed.add(listener);
    return { [Symbol.dispose]: () => void this.#changed.delete(listener) };
  }

  onSelection(listener: () => void): Disposable {
    this.#selectionChanged.add(listener);
    return { [Symbol.dispose]: () => void this.#selectionChanged.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changed.clear();
    this.#selectionChanged.clear();
    await this.#reflector?.[Symbol.asyncDispose]();
  }

  #namespaceChanged(name: string): void {
    if (!this.#isWhole) return;
    const isOther = this.#judge(name);
    for (const listener of this.#changed) listener(name);
    if (isOther && this.isSelective) { for (const listener of this.#selectionChanged) listener(); }
  }

  /** Everything anew: who was selected before is compared with who is now. */
  #apply(): void {
    const before = new Map(this.#names().map((name) => [name, this.isSelected(name)]));
    const wasSelective = this.isSelective;
    this.#selectors = this.#wanted;
    const names = this.#names();
    for (const name of names) this.#judge(name);
    const others = names.filter((name) => before.get(name) !== this.isSelected(name));
    for (const name of others) for (const listener of this.#changed) listener(name);
    if (wasSelective === this.isSelective && others.length === 0) return;
    for (const listener of this.#selectionChanged) listener();
  }

  #names(): readonly string[] {
    return [...this.objects.keys()];
  }

  /** True when it is selected and was not, or the other way round. */
  #judge(name: string): boolean {
    const labels = this.objects.get(name)?.labels;
    const isSelected = labels !== undefined &&
      this.#selectors.some((selector) => matchesLabels(selector, labels));
    if (isSelected === this.#selected.has(name)) return false;
    if (isSelected) this.#selected.add(name);
    else this.#selected.delete(name);
    return true;
  }
}

function keepNamespace(object: KubeDocument, before: NamespaceFacts | undefined): NamespaceFacts {
  const labels = Object.entries(asObject(asObject(object["metadata"])["labels"]))
    .filter((entry): entry is [string, string] => typeof entry[1] === "string");
  const kept = {
    isActive: asText(asObject(object["status"])["phase"]) !== "Terminating",
    labels: Object.fromEntries(labels),
  };
  return before !== undefined && isSame(kept, before) ? before : kept;
}
