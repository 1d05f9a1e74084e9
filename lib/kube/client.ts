/**
 * The thinnest client of the Kubernetes API: JSON over the runtime's `fetch`.
 *
 * Files of the access are looked at again every few seconds and after a 401, so that rotated tokens and certificates are taken up. A
 * connection on which a request failed is given up, since all requests share one and a dead one would fail them all for minutes.
 */
import { type Clock, messageOf, quote, readText, SignetError } from "../base/mod.ts";
import { asObject, asText } from "./documents.ts";
import { readSource } from "./file.ts";
import { parseWatchEvent, splitLines } from "./json_lines.ts";
import type {
  KubeAccess,
  KubeClient,
  KubeDocument,
  KubeRequest,
  TextSource,
  WatchEvent,
} from "./port.ts";
import { createTurns, type RequestRate, type Turns } from "./rate.ts";

/** Time for a whole answer, in milliseconds. */
export const REQUEST_TIMEOUT_MS = 10_000;
/** Time between two looks at the files of the access, in milliseconds. */
export const LOOK_AT_FILES_MS = 5_000;
/** Largest answer: a page of a list is at most some megabytes. */
export const MAX_ANSWER_BYTES = 64 << 20;
/** Time after which the server is asked to end a watch, in seconds: a connection that died unseen is found out about this soon. */
export const WATCH_SECONDS = 60;
/** Time that the end of a watch may be late, in milliseconds. */
const WATCH_GRACE_MS = 15_000;

/** The access as it is now. */
interface Credentials {
  readonly ca: string | undefined;
  readonly cert: string | undefined;
  readonly key: string | undefined;
  readonly token: string | undefined;
}

/** What a client needs of the world, and how often it may ask. */
export interface KubeClientOptions {
  /** Time. */
  readonly clock: Clock;
  /** How often it may ask; undefined for no limit. */
  readonly rate?: RequestRate | undefined;
}

/** Makes a client; nothing is read or sent before the first request. */
export function createKubeClient(access: KubeAccess, options: KubeClientOptions): KubeClient {
  return new FetchKubeClient(access, options);
}

class FetchKubeClient implements KubeClient {
  readonly #access: KubeAccess;
  readonly #clock: Clock;
  #credentials: Credentials | undefined;
  #lookedMs = -Infinity;
  readonly #turns: Turns;
  #http: Deno.HttpClient | undefined;

  constructor(access: KubeAccess, { clock, rate }: KubeClientOptions) {
    this.#access = access;
    this.#clock = clock;
    this.#turns = createTurns(rate, clock);
  }

  get server(): string {
    return this.#access.server;
  }

  async request(request: KubeRequest): Promise<KubeDocument> {
    using deadline = this.#deadline(request.timeoutMs ?? REQUEST_TIMEOUT_MS, request.signal);
    await this.#turn(request, deadline.signal);
    const response = await this.#send(request, deadline.signal);
    const text = await this.#guarded(request, deadline.signal, () => readBounded(response));
    if (response.status >= 400) throw refusal(request, response.status, text);
    return decode(request, text);
  }

  async *watch(
    request: Pick<KubeRequest, "path" | "query" | "signal">,
  ): AsyncGenerator<WatchEvent> {
    using deadline = this.#deadline(WATCH_SECONDS * 1000 + WATCH_GRACE_MS, request.signal);
    const query = {
      ...request.query,
      watch: "1",
      allowWatchBookmarks: "true",
      timeoutSeconds: String(WATCH_SECONDS),
    };
    await this.#turn(request, deadline.signal);
    const response = await this.#send({ ...request, query }, deadline.signal);
    if (response.status >= 400) {
      const text = await this.#guarded(request, deadline.signal, () => readBounded(response));
      throw refusal(request, response.status, text);
    }
    const lines = splitLines(response.body ?? []);
    try {
      for (;;) {
        const line = await this.#guarded(request, deadline.signal, () => lines.next());
        if (line.done) return;
        yield parseWatchEvent(line.value);
      }
    } finally {
      await lines.return(undefined);
    }
  }

  [Symbol.dispose](): void {
    this.#dropConnection();
  }

  /** Waits for the turn of a request; one that would be late is given up before it is sent. */
  async #turn(request: KubeRequest, deadline: AbortSignal): Promise<void> {
    const { method = "GET", path, signal, isUrgent = false } = request;
    try {
      await this.#turns.take({ signal: deadline, isUrgent });
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason;
      throw new SignetError(
        "kube.unavailable",
        `Cannot ${method} ${path} at ${this.server}: more waits than --kubernetesApiQPS lets through in time`,
        { cause: thrown },
      );
    }
  }

  /** One try, and another with credentials that were read anew when the first was refused with 401. */
  async #send(request: KubeRequest, signal: AbortSignal): Promise<Response> {
    const before = await this.#current();
    const response = await this.#sendAs(before, request, signal);
    if (response.status !== 401) return response;
    this.#lookedMs = -Infinity;
    const fresh = await this.#current();
    if (fresh === before) return response;
    await response.body?.cancel();
    return await this.#sendAs(fresh, request, signal);
  }

  async #sendAs(
    { token }: Credentials,
    request: KubeRequest,
    signal: AbortSignal,
  ): Promise<Response> {
    const { method = "GET", path, query, body } = request;
    const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
    const type = method === "PATCH" ? "application/merge-patch+json" : "application/json";
    const client = this.#connection();
    return await this.#guarded(request, signal, () =>
      fetch(`${this.server}${path}${search}`, {
        client,
        method,
        redirect: "manual",
        signal,
        headers: {
          // Key sets have a type of their own, and are JSON all the same.
          accept: "application/json, application/jwk-set+json",
          ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
          ...(body === undefined ? {} : { "content-type": type }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }));
  }

  /** The access as it is now; the same object as long as nothing changed. */
  async #current(): Promise<Credentials> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#credentials !== undefined && nowMs - this.#lookedMs < LOOK_AT_FILES_MS) {
      return this.#credentials;
    }
    const { ca, client, token } = this.#access;
    const read = (source: TextSource | undefined) => source && readSource(source);
    const fresh = {
      ca: await read(ca),
      cert: await read(client?.cert),
      key: await read(client?.key),
      token: (await read(token))?.trim(),
    };
    this.#lookedMs = nowMs;
    const before = this.#credentials;
    if (before !== undefined && isSame(before, fresh)) return before;
    const { ca: ca_, cert, key } = fresh;
    if (
      before !== undefined && !isSame({ ...before, token: "" }, { ca: ca_, cert, key, token: "" })
    ) {
      this.#dropConnection();
    }
    this.#credentials = fresh;
    return fresh;
  }

  #connection(): Deno.HttpClient {
    if (this.#http !== undefined) return this.#http;
    const { ca, cert, key } = this.#credentials!;
    try {
      return this.#http = Deno.createHttpClient({
        ...(ca === undefined ? {} : { caCerts: [ca] }),
        ...(cert === undefined || key === undefined ? {} : { cert, key }),
      });
    } catch (thrown) {
      throw new SignetError(
        "kube.bad_config",
        `Cannot use the certificates of ${this.#access.from}: ${messageOf(thrown)}`,
        { cause: thrown },
      );
    }
  }

  #dropConnection(): void {
    this.#http?.close();
    this.#http = undefined;
  }

  /** Says what could not be reached, and gives the connection up, unless the caller wants no answer any more. */
  async #guarded<T>(
    { method = "GET", path, signal }: KubeRequest,
    deadline: AbortSignal,
    step: () => Promise<T>,
  ): Promise<T> {
    try {
      return await step();
    } catch (thrown) {
      if (signal?.aborted) throw signal.reason;
      if (thrown instanceof SignetError) throw thrown;
      this.#dropConnection();
      const why = deadline.aborted ? messageOf(deadline.reason) : messageOf(thrown);
      throw new SignetError(
        "kube.unavailable",
        `Cannot ${method} ${path} at ${this.server}: ${why}`,
        { cause: thrown },
      );
    }
  }

  /** Aborted after `delayMs` or with `signal`; disposing it clears its timer. */
  #deadline(
    delayMs: number,
    signal: AbortSignal | undefined,
  ): Disposable & { signal: AbortSignal } {
    const controller = new AbortController();
    const timer = this.#clock.setTimer(
      delayMs,
      () => controller.abort(new DOMException(`no answer within ${delayMs} ms`, "TimeoutError")),
    );
    const signals = signal === undefined ? [controller.signal] : [controller.signal, signal];
    return { signal: AbortSignal.any(signals), [Symbol.dispose]: () => timer.cancel() };
  }
}

function isSame(a: Credentials, b: Credentials): boolean {
  return a.ca === b.ca && a.cert === b.cert && a.key === b.key && a.token === b.token;
}

/** The body as text, given up when it grows too large. */
async function readBounded({ body }: Response): Promise<string> {
  try {
    return await readText(body, { maxBytes: MAX_ANSWER_BYTES });
  } catch (thrown) {
    if (!(thrown instanceof RangeError)) throw thrown;
    throw new SignetError(
      "kube.bad_answer",
      `Cannot read the API server's answer: ${thrown.message}`,
      { cause: thrown },
    );
  }
}

function decode({ method = "GET", path }: KubeRequest, text: string): KubeDocument {
  try {
    return asObject(JSON.parse(text));
  } catch (thrown) {
    throw new SignetError(
      "kube.bad_answer",
      `Cannot use the answer to ${method} ${path}: no JSON`,
      {
        cause: thrown,
      },
    );
  }
}

/** What the server said against it: the message of a Status, or the text that a proxy sent. */
function refusal({ method = "GET", path }: KubeRequest, status: number, text: string): SignetError {
  let said = text;
  let reason = "";
  try {
    const document = asObject(JSON.parse(text));
    said = asText(document["message"]) || said;
    reason = asText(document["reason"]);
  } catch {
    // Not the API server's own answer: its text is told as it came.
  }
  const isTrouble = status === 429 || status >= 500;
  return new SignetError(
    isTrouble ? "kube.unavailable" : "kube.refused",
    `Cannot ${method} ${path}: the API server says ${status} ${quote(said)}`,
    { fields: { status, reason } },
  );
}
