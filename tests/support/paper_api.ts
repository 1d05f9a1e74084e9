/** An API server of paper: lists by path that a test writes, told to whoever watches. What is written is kept for the test to read. */
import { SignetError } from "signet/base/mod.ts";
import type { KubeClient, KubeDocument, KubeRequest, WatchEvent } from "signet/kube/mod.ts";

/** An object to put into a list. */
export interface PaperObject {
  readonly name: string;
  readonly namespace?: string;
  readonly labels?: Readonly<Record<string, string>>;
  /** The rest of it. */
  readonly more?: KubeDocument;
}

/** The server, and what a test does with it. */
export interface PaperApi {
  readonly client: KubeClient;
  /** Makes or changes an object. */
  put(path: string, object: PaperObject): void;
  /** Takes one away. */
  remove(path: string, object: PaperObject): void;
  /** What was sent to change something. */
  readonly written: KubeRequest[];
  /** Paths of lists that were asked for. */
  readonly listed: string[];
  /** Lists that answer 503 until they are taken out. */
  readonly away: Set<string>;
}

/** Makes one without objects. */
export function createPaperApi(): PaperApi {
  let version = 1;
  const lists = new Map<string, Map<string, KubeDocument>>();
  const watchers = new Map<string, (event: WatchEvent) => void>();
  const [written, listed, away]: [KubeRequest[], string[], Set<string>] = [[], [], new Set()];
  const listOf = (path: string) => {
    const list = lists.get(path) ?? new Map<string, KubeDocument>();
    lists.set(path, list);
    return list;
  };
  const keyOf = ({ name, namespace = "" }: PaperObject) => `${namespace}/${name}`;
  const documentOf = ({ name, namespace, labels = {}, more = {} }: PaperObject): KubeDocument => ({
    ...more,
    metadata: { name, ...(namespace && { namespace }), labels, resourceVersion: String(++version) },
  });
  const client: KubeClient = {
    server: "https://paper",
    request(request) {
      const { method = "GET", path } = request;
      if (method !== "GET") written.push(request);
      if (method !== "GET") return Promise.resolve({});
      listed.push(path);
      if (away.has(path)) {
        return Promise.reject(new SignetError("kube.unavailable", `Cannot GET ${path}`));
      }
      const items = [...listOf(path).values()];
      return Promise.resolve({ metadata: { resourceVersion: String(version) }, items });
    },
    async *watch({ path, signal }) {
      const events: WatchEvent[] = [];
      for (;;) {
        const next = events.shift();
        if (next !== undefined) yield next;
        else {
          await new Promise<void>((resolve, reject) => {
            signal!.addEventListener("abort", () => reject(signal!.reason), { once: true });
            watchers.set(path, (event) => {
              events.push(event);
              resolve();
            });
          });
        }
      }
    },
    [Symbol.dispose]() {},
  };
  return {
    ...{ client, written, listed, away },
    put(path, object) {
      const document = documentOf(object);
      listOf(path).set(keyOf(object), document);
      watchers.get(path)?.({ type: "MODIFIED", object: document });
    },
    remove(path, object) {
      listOf(path).delete(keyOf(object));
      watchers.get(path)?.({ type: "DELETED", object: documentOf(object) });
    },
  };
}
