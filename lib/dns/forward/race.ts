/**
 * One question to several servers: the first is asked, and the next as soon as it fails or takes longer than usual, while the earlier ones
 * may still reply. Over UDP a server is asked three times at most (RFC 9520 section 3.1), as datagrams get lost.
 */
import { type Clock, isSignetError, type Timer } from "../../base/mod.ts";
import { EXTENDED_ERROR, type ExtendedError } from "../message/mod.ts";
import type { ForwardQuestion } from "../port.ts";
import type { ServerReply, UpstreamServer } from "./server.ts";

/** Times that a server is asked one question over UDP. */
export const MAX_TRIES = 3;

/** Options of {@linkcode askServers}. */
export interface RaceOptions {
  /** Time. */
  readonly clock: Clock;
  /** Time for the whole of it, in milliseconds. */
  readonly timeoutMs: number;
  /** Hears of every question that is sent. */
  readonly onTry: (server: UpstreamServer) => void;
  /** Hears of what is no failure of a server. */
  readonly onError: (thrown: unknown) => void;
  /** Ends it. */
  readonly signal: AbortSignal;
}

/** Asks the servers in their order. Never rejects. */
export function askServers(
  servers: readonly UpstreamServer[],
  question: ForwardQuestion,
  options: RaceOptions,
): Promise<ServerReply> {
  return new Promise((resolve) => new Race(servers, question, { ...options, resolve }).begin());
}

class Race {
  readonly #queue: UpstreamServer[];
  readonly #question: ForwardQuestion;
  readonly #options: RaceOptions & { readonly resolve: (reply: ServerReply) => void };
  readonly #ended = new AbortController();
  /** Servers that gave no answer and would give none if they were asked again. */
  readonly #done = new Set<UpstreamServer>();
  #open = 0;
  #patience: Timer | undefined;
  #deadline: Timer | undefined;
  #why: ExtendedError;

  constructor(
    servers: readonly UpstreamServer[],
    question: ForwardQuestion,
    options: RaceOptions & { readonly resolve: (reply: ServerReply) => void },
  ) {
    const overUdp = servers.filter(({ upstream }) => upstream.transport === "udp");
    const further = Array.from({ length: MAX_TRIES - 1 }, () => overUdp).flat();
    this.#queue = [...servers, ...further];
    this.#question = question;
    this.#options = options;
    const text = servers.length === 0
      ? "no upstream server can be asked"
      : `no upstream server replied in ${options.timeoutMs} ms`;
    this.#why = { code: EXTENDED_ERROR.NO_REACHABLE_AUTHORITY, text };
  }

  begin(): void {
    const { clock, timeoutMs, signal } = this.#options;
    this.#deadline = clock.setTimer(timeoutMs, this.#give);
    signal.addEventListener("abort", this.#give);
    this.#next();
  }

  /** What there is when there is no answer. */
  readonly #give = (): void => this.#finish({ kind: "failed", why: this.#why });

  #finish(reply: ServerReply): void {
    this.#patience?.cancel();
    this.#deadline?.cancel();
    this.#options.signal.removeEventListener("abort", this.#give);
    this.#ended.abort(new DOMException("The question is settled", "AbortError"));
    this.#options.resolve(reply);
  }

  readonly #next = (): void => {
    this.#patience?.cancel();
    let server = this.#queue.shift();
    while (server !== undefined && this.#done.has(server)) server = this.#queue.shift();
    if (server !== undefined) return this.#try(server);
    if (this.#open === 0) this.#give();
  };

  #try(server: UpstreamServer): void {
    const { clock, onTry, onError } = this.#options;
    const { signal } = this.#ended;
    this.#open++;
    this.#patience = clock.setTimer(server.health.patienceMs, this.#next);
    onTry(server);
    const failed = (why: ExtendedError) => {
      this.#open--;
      this.#done.add(server);
      this.#why = why;
      this.#next();
    };
    server.ask(this.#question, { signal }).then(
      (reply) => {
        if (signal.aborted) return;
        if (reply.kind === "answer") this.#finish(reply);
        else failed(reply.why);
      },
      (thrown: unknown) => {
        if (signal.aborted) return;
        if (!isSignetError(thrown)) onError(thrown);
        const text = "an upstream server cannot be reached";
        failed({ code: EXTENDED_ERROR.NETWORK_ERROR, text });
      },
    );
  }
}
