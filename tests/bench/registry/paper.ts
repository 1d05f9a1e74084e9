/**
 * An API server of paper: lists as a real one writes them, out of memory, watches that bring one change at a time, and enough of the rest
 * for a server to start. A real one takes a quarter of an hour of two busy cores to be told of five thousand services.
 */
import type { KubeDocument } from "../../support/kubernetes.ts";

/** Objects by the path of their list. */
export type Lists = ReadonlyMap<string, readonly KubeDocument[]>;

/** A running one. */
export interface PaperApi extends AsyncDisposable {
  /** Its URL. */
  readonly url: string;
  /** Tells all who watch the list of an object that it is another one now. */
  change(path: string, object: KubeDocument): void;
}

const encoder = new TextEncoder();

/** Serves lists. */
export function servePaper(lists: Lists): PaperApi {
  const watchers = new Map<string, Set<(line: string) => void>>();
  const written = new Map<string, KubeDocument>();
  let version = 1_000_000;
  const watch = (path: string, signal: AbortSignal) => {
    let send: (line: string) => void = () => {};
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        send = (line) => controller.enqueue(encoder.encode(`${line}\n`));
        const ofPath = watchers.get(path) ?? new Set();
        watchers.set(path, ofPath.add(send));
        signal.addEventListener("abort", () => ofPath.delete(send));
      },
      cancel: () => void watchers.get(path)?.delete(send),
    });
    return new Response(body);
  };
  const list = (path: string, query: URLSearchParams) => {
    const [limit, from] = [Number(query.get("limit") ?? 500), Number(query.get("continue") ?? 0)];
    const all = lists.get(path) ?? [...written].filter(([key]) => key.startsWith(`${path}/`))
      .map(([, object]) => object);
    const items = all.slice(from, from + limit);
    const more = from + limit < all.length ? { continue: String(from + limit) } : {};
    return Response.json({ metadata: { resourceVersion: String(version), ...more }, items });
  };
  const one = async (request: Request, path: string) => {
    const known = written.get(path);
    if (request.method === "GET") {
      return known === undefined
        ? Response.json({ message: "not found", reason: "NotFound" }, { status: 404 })
        : Response.json(known);
    }
    const object = await request.json();
    const key = request.method === "POST" ? `${path}/${object.metadata?.name}` : path;
    const kept = { ...object, metadata: { ...object.metadata, resourceVersion: `${++version}` } };
    written.set(key, kept);
    return Response.json(kept);
  };
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => {
      const { pathname, searchParams } = new URL(request.url);
      if (searchParams.has("watch")) return watch(pathname, request.signal);
      const isList = lists.has(pathname) || searchParams.has("limit") ||
        searchParams.has("fieldSelector");
      return isList ? list(pathname, searchParams) : one(request, pathname);
    },
  );
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    change(path, object) {
      const changed = {
        ...object,
        metadata: { ...object.metadata, resourceVersion: `${++version}` },
      };
      const line = JSON.stringify({ type: "MODIFIED", object: changed });
      watchers.get(path)?.forEach((send) => send(line));
    },
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}
