/** The plain HTTP ports: `/ready`, `/version`, `/metrics`, `/debug` on each (istiod 1.31 splits them over two ports, 1.7 had both on both). */
import { messageOf, quote, SignetError } from "../base/mod.ts";
import { answerDebug, DEBUG_HEADERS, type DebugEndpoint, isLoopback } from "./debug.ts";
import type { Metrics } from "./port.ts";

/** Options of {@linkcode listenHttp}. */
export interface HttpOptions {
  /** Where to listen. */
  readonly addr: { readonly hostname: string; readonly port: number };
  /** The flag that gave the address, for messages. */
  readonly flag: string;
  /** True when every part of the server is ready. */
  readonly ready: () => boolean;
  /** Text of `/version`. */
  readonly version: string;
  /** Source of `/metrics`. */
  readonly metrics: Metrics;
  /** Refuse `/metrics` to peers that are not on this machine. */
  readonly metricsLocalhostOnly: boolean;
  /** The pages below `/debug`; `undefined` when there are none. */
  readonly debug: (() => readonly DebugEndpoint[]) | undefined;
  /** Answers requests to further paths; `undefined` for one that it leaves alone. */
  readonly further?: (request: Request) => Promise<Response> | undefined;
}

/** How long answers that are being made when the port closes may take, and then their octets, in milliseconds. */
const LAST_ANSWERS_MS = 1_000;
const LAST_OCTETS_MS = 50;

/** A bound HTTP port. */
export interface HttpListener extends AsyncDisposable {
  /** Where it listens, `host:port`. */
  readonly addr: string;
}

/**
 * Binds an HTTP port and serves it.
 *
 * @throws {SignetError} `transport.bind_failed`.
 */
export function listenHttp(options: HttpOptions): HttpListener {
  const { addr } = options;
  const stop = new AbortController();
  const answering = new Set<Promise<Response>>();
  const server = bind(addr, options, { signal: stop.signal, answering });
  const host = server.addr.hostname.includes(":")
    ? `[${server.addr.hostname}]`
    : server.addr.hostname;
  return {
    addr: `${host}:${server.addr.port}`,
    // Not by `server.shutdown()`: it waits for whoever has begun a request or does not read the answer, as long as that may take.
    async [Symbol.asyncDispose]() {
      if (answering.size > 0) {
        await atMost(LAST_ANSWERS_MS, Promise.allSettled(answering));
        await atMost(LAST_OCTETS_MS);
      }
      stop.abort();
      await server.finished;
    },
  };
}

/** Waits `ms`, or less when `done` settles before. */
async function atMost(ms: number, done?: Promise<unknown>): Promise<void> {
  const { promise: late, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  await Promise.race(done === undefined ? [late] : [late, done]);
  clearTimeout(timer);
}

/** An empty host is every interface: IPv6 with IPv4, or IPv4 alone where the machine has no IPv6. */
function bind(
  { hostname, port }: HttpOptions["addr"],
  options: HttpOptions,
  { signal, answering }: {
    readonly signal: AbortSignal;
    readonly answering: Set<Promise<Response>>;
  },
): Deno.HttpServer<Deno.NetAddr> {
  const handle = (request: Request, { remoteAddr }: Deno.ServeHandlerInfo<Deno.NetAddr>) => {
    const answered = answer(request, remoteAddr.hostname, options);
    answering.add(answered);
    const forget = () => void answering.delete(answered);
    answered.then(forget, forget);
    return answered;
  };
  const serve = (host: string) =>
    Deno.serve({
      hostname: host,
      port,
      signal,
      onListen: () => {},
      onError: () => new Response(null, { status: 500 }),
    }, handle);
  try {
    return hostname === "" ? firstThatBinds(["::", "0.0.0.0"], serve) : serve(hostname);
  } catch (cause) {
    throw new SignetError(
      "transport.bind_failed",
      `Cannot listen on ${hostname}:${port} (--${options.flag}): ${
        messageOf(cause)
      }; stop what uses it or give another address`,
      { cause },
    );
  }
}

function firstThatBinds<T>([first, ...others]: readonly string[], bindTo: (host: string) => T): T {
  try {
    return bindTo(first!);
  } catch (thrown) {
    if (others.length === 0 || thrown instanceof Deno.errors.AddrInUse) throw thrown;
    return firstThatBinds(others, bindTo);
  }
}

async function answer(request: Request, peer: string, options: HttpOptions): Promise<Response> {
  const further = options.further?.(request);
  if (further !== undefined) return await further;
  const url = new URL(request.url);
  const { pathname } = url;
  await request.body?.cancel();
  if (options.debug !== undefined && /^\/debug(\/|$)/.test(pathname)) {
    const { method, headers } = request;
    const { status, contentType, body } = answerDebug(
      { method, url, headers, peer },
      options.debug(),
    );
    return new Response(body, {
      status,
      headers: { ...DEBUG_HEADERS, "content-type": contentType },
    });
  }
  switch (pathname) {
    case "/ready":
      return new Response(null, { status: options.ready() ? 200 : 503 });
    case "/version":
      return new Response(options.version);
    case "/metrics": {
      if (options.metricsLocalhostOnly && !isLoopback(peer)) {
        return new Response("Only requests from localhost are allowed", { status: 403 });
      }
      const { contentType, body } = await options.metrics.expose();
      return new Response(body, { headers: { "content-type": contentType } });
    }
    default:
      return new Response(`404 page not found: ${quote(pathname)}\n`, { status: 404 });
  }
}
