/** Upstream servers that say what a test wants, when it wants it. */
import { EMPTY_SECTION, FLAG } from "../../lib/dns/message/mod.ts";
import { createHealth } from "../../lib/dns/forward/health.ts";
import type { KeptAnswer } from "../../lib/dns/forward/kept_answer.ts";
import type { ServerReply, UpstreamServer } from "../../lib/dns/forward/server.ts";
import { parseUpstream } from "../../lib/dns/forward/upstream.ts";
import type { ForwardQuestion } from "../../lib/dns/port.ts";

/** A question that a fake server was asked and that waits for what the test says. */
export interface FakeAsk {
  readonly question: ForwardQuestion;
  readonly signal: AbortSignal;
  readonly resolve: (reply: ServerReply) => void;
  readonly reject: (thrown: unknown) => void;
}

/** A server and what it was asked. */
export interface FakeServer extends UpstreamServer {
  readonly asks: FakeAsk[];
}

/** Makes one; `behave` is called with each question. */
export function fakeServer(
  at: string,
  behave: (ask: FakeAsk, server: FakeServer) => void = () => {},
): FakeServer {
  const asks: FakeAsk[] = [];
  const server: FakeServer = {
    upstream: parseUpstream(at),
    health: createHealth(),
    isLoop: false,
    asks,
    ask: (question, { signal }) =>
      new Promise((resolve, reject) => {
        const ask = { question, signal, resolve, reject };
        asks.push(ask);
        signal.addEventListener("abort", () => reject(signal.reason));
        behave(ask, server);
      }),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  return server;
}

/** An answer without records; what was said of it is in `said`. */
export function fakeAnswer(
  ttlSeconds: number,
  { bytes = 100, rcode = 0 }: { readonly bytes?: number; readonly rcode?: number } = {},
): KeptAnswer {
  const empty = { answer: EMPTY_SECTION, authority: EMPTY_SECTION, additional: EMPTY_SECTION };
  return {
    ttlSeconds,
    bytes,
    ttlsAt: [],
    giveOut: ({ source, isStale, ageSeconds }) => ({
      ...empty,
      rcode,
      flags: FLAG.RA,
      extendedError: isStale ? { code: 3, text: "stale" } : { code: 0, text: `age ${ageSeconds}` },
      source,
    }),
  };
}

/** The reply with such an answer. */
export function fakeReply(ttlSeconds: number): ServerReply {
  return { kind: "answer", answer: fakeAnswer(ttlSeconds) };
}
