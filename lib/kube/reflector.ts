/**
 * A copy of a list of objects that follows the API server: list once, then watch from that version on.
 *
 * A watch that ends is resumed from the last version that was seen, bookmarks included. A version that the server has forgotten (status
 * 410) leads to a new list, whose difference to the copy is told as changes: nothing is missed. Failures are tried again, at once after a
 * watch that brought something, else after a growing, random part of some seconds. An answer that cannot be used leads to smaller pages:
 * whoever may write objects of the list must not make it too large to be read.
 */
import { type Clock, createTaskGroup, isSignetError, SignetError, sleep } from "../base/mod.ts";
import { asObject, asText, keyOf, metaOf, refusedStatus } from "./documents.ts";
import type { KubeClient, KubeDocument } from "./port.ts";

/** Objects of one page of a list. */
export const PAGE_OBJECTS = 500;
/** A page that small is always within the bound of an answer: etcd takes objects of 1.5 MB, which JSON may write six times as long. */
export const SMALLEST_PAGE_OBJECTS = 5;
/** Most objects of a copy; a cluster has some ten thousand namespaces at most. */
export const MAX_OBJECTS = 200_000;
/** The first wait after a failure, and the longest, in milliseconds: after an outage everything is there again within seconds. */
export const BACK_OFF_MS = { first: 100, longest: 3_000 } as const;

const GONE = 410;

/** What to follow. */
export interface ReflectorOptions<T> {
  /** Path of the list. */
  readonly path: string;
  /** Selectors. */
  readonly query?: Readonly<Record<string, string>>;
  /** What is kept of an object, when `before` was kept of it; `before` itself when it says the same. */
  readonly keep: (object: KubeDocument, before: T | undefined) => T;
  /** Told each change, after the copy has it: the object as it is kept, `undefined` when it is gone; and what was kept before. */
  readonly onChange?: (key: string, kept: T | undefined, before: T | undefined) => void;
  /** Told each failure, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** What a reflector needs of the world. */
export interface ReflectorHost {
  /** The API server. */
  readonly client: KubeClient;
  /** Time. */
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
}

/** A copy that follows; disposing it ends that. */
export interface Reflector<T> extends AsyncDisposable {
  /** Resolves when the copy is whole for the first time. */
  readonly synced: Promise<void>;
  /** The copy, by `namespace/name`. */
  readonly objects: ReadonlyMap<string, T>;
}

/** Starts to follow a list. */
export function createReflector<T>(
  options: ReflectorOptions<T>,
  host: ReflectorHost,
): Reflector<T> {
  const copy = new ListCopy(options, host);
  const tasks = createTaskGroup({ onError: (_name, thrown) => options.onFailure(thrown) });
  tasks.run(`follow ${options.path}`, (signal) => copy.follow(signal));
  return {
    synced: copy.synced,
    objects: copy.objects,
    [Symbol.asyncDispose]: () => tasks[Symbol.asyncDispose](),
  };
}

interface Kept<T> {
  readonly version: string;
  readonly value: T;
}

class ListCopy<T> {
  readonly #options: ReflectorOptions<T>;
  readonly #host: ReflectorHost;
  readonly #synced = Promise.withResolvers<void>();
  readonly #versions = new Map<string, string>();
  readonly objects = new Map<string, T>();
  readonly synced = this.#synced.promise;
  /** The version to watch from; `undefined` when a list is needed. */
  #version: string | undefined;
  #failures = 0;
  #pageObjects = PAGE_OBJECTS;

  constructor(options: ReflectorOptions<T>, host: ReflectorHost) {
    this.#options = options;
    this.#host = host;
  }

  async follow(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this.#version === undefined) await this.#list(signal);
        await this.#watch(signal);
      } catch (thrown) {
        if (signal.aborted) return;
        if (refusedStatus(thrown) === GONE) this.#version = undefined;
        // Whatever it is, a copy that followed no more would say the same for ever, and nobody would see it.
        else this.#options.onFailure(thrown);
        if (isSignetError(thrown, "kube.bad_answer")) this.#askForLess();
        await this.#backOff(signal);
      }
    }
  }

  #askForLess(): void {
    this.#pageObjects = Math.max(SMALLEST_PAGE_OBJECTS, Math.floor(this.#pageObjects / 2));
  }

  async #backOff(signal: AbortSignal): Promise<void> {
    const { first, longest } = BACK_OFF_MS;
    const most = Math.min(longest, first * 2 ** this.#failures++);
    const delayMs = most / 2 + this.#host.random() * most / 2;
    await sleep(this.#host.clock, delayMs, { signal }).catch((thrown) => {
      if (!signal.aborted) throw thrown;
    });
  }

  /** The whole list, page by page; the copy changes when all of it has come. */
  async #list(signal: AbortSignal): Promise<void> {
    const { path, query, keep } = this.#options;
    const fresh = new Map<string, Kept<T>>();
    let next = "";
    let version = "";
    do {
      const page = await this.#host.client.request({
        path,
        query: {
          ...query,
          limit: String(this.#pageObjects),
          ...(next === "" ? {} : { continue: next }),
        },
        signal,
      });
      const meta = asObject(page["metadata"]);
      for (const item of Array.isArray(page["items"]) ? page["items"] : []) {
        const object = asObject(item);
        const key = keyOf(object);
        const { resourceVersion } = metaOf(object);
        fresh.set(key, {
          version: resourceVersion,
          value: keep(object, this.objects.get(key)),
        });
      }
      this.#checkSize(fresh.size);
      next = asText(meta["continue"]);
      version = asText(meta["resourceVersion"]);
      if (version === "") throw noList(path);
    } while (next !== "");
    for (const key of [...this.objects.keys()]) if (!fresh.has(key)) this.#remove(key);
    for (const [key, { version, value }] of fresh) this.#put(key, version, value);
    this.#version = version;
    this.#failures = 0;
    this.#pageObjects = PAGE_OBJECTS;
    this.#synced.resolve();
  }

  async #watch(signal: AbortSignal): Promise<void> {
    const { path, query, keep } = this.#options;
    const from = { ...query, resourceVersion: this.#version! };
    for await (const { type, object } of this.#host.client.watch({ path, query: from, signal })) {
      if (type === "ERROR") throw watchError(object, path);
      const { resourceVersion } = metaOf(object);
      const key = keyOf(object);
      if (type === "DELETED") this.#remove(key);
      else if (type !== "BOOKMARK") {
        this.#put(key, resourceVersion, keep(object, this.objects.get(key)));
      }
      this.#checkSize(this.objects.size);
      this.#version = resourceVersion;
      this.#failures = 0;
    }
  }

  #put(key: string, version: string, value: T): void {
    if (this.#versions.get(key) === version) return;
    const before = this.objects.get(key);
    this.#versions.set(key, version);
    this.objects.set(key, value);
    this.#options.onChange?.(key, value, before);
  }

  #remove(key: string): void {
    const before = this.objects.get(key);
    this.#versions.delete(key);
    if (this.objects.delete(key)) this.#options.onChange?.(key, undefined, before);
  }

  #checkSize(size: number): void {
    if (size <= MAX_OBJECTS) return;
    throw new SignetError(
      "kube.bad_answer",
      `Cannot follow ${this.#options.path}: it has more than ${MAX_OBJECTS} objects`,
    );
  }
}

/** Taken for an empty list, it would make everything that was known look removed. */
function noList(path: string): SignetError {
  return new SignetError(
    "kube.bad_answer",
    `Cannot follow ${path}: the answer has no resourceVersion, so that it is no list`,
  );
}

/** The Status of a watch that failed after it had begun. */
function watchError(object: KubeDocument, path: string): SignetError {
  const { code } = object;
  return new SignetError(
    "kube.refused",
    `Cannot watch ${path}: ${asText(object["message"])}`,
    { fields: { status: typeof code === "number" ? code : 0 } },
  );
}
