/**
 * Answers for what is not the mesh's: kept ones at once, others from upstream servers. The same question is asked once however many wait
 * for it, what is asked for often is asked again before its time is over, and what no server answers is answered from what is past its
 * time (RFC 8767), or with SERVFAIL and the reason; never with NXDOMAIN.
 */
import { type Clock, sleep } from "../../base/mod.ts";
import { EMPTY_SECTION, EXTENDED_ERROR, type ExtendedError, FLAG, RCODE } from "../message/mod.ts";
import type { Age, AnswerSource, DnsAnswer, Forwarder, ForwardQuestion } from "../port.ts";
import { type AnswerCache, type CacheEntry, createAnswerCache } from "./cache.ts";
import { createFailures } from "./failures.ts";
import type { ForwardCounters } from "./counters.ts";
import { askServers } from "./race.ts";
import type { ServerReply } from "./server.ts";
import type { UpstreamServers } from "./servers.ts";

/** Questions that wait for servers together; one more is answered from what is kept, or with SERVFAIL. */
export const MAX_WAITING = 1024;
/** Time after which a client gets a stale answer while servers are still waited for, in milliseconds (RFC 8767 section 5). */
export const STALE_AFTER_MS = 1_800;
/** After a failure what is stale is given out for this long before servers are asked again, in milliseconds (RFC 8767 section 5). */
export const STALE_RECHECK_MS = 30_000;
/** Hits that make a name hot. */
const HOT_HITS = 3;
/** Share of its time that is left when a hot name is asked for again. */
const PREFETCH_SHARE = 0.1;

/** Settings of forwarding. */
export interface ForwardSettings {
  /** Time for a question in all, in milliseconds. */
  readonly timeoutMs: number;
  /** Octets of kept answers. */
  readonly cacheBytes: number;
  /** How long past its time an answer may be given out when no server answers, in milliseconds; 0 for never. */
  readonly maxStaleMs: number;
}

/** What forwarding needs. */
export interface ForwarderHost {
  /** Time. */
  readonly clock: Clock;
  /** Who is asked. */
  readonly servers: UpstreamServers;
  /** What is counted. */
  readonly counters: ForwardCounters;
  /** Hears of what should not happen. */
  readonly onError: (thrown: unknown) => void;
}

/** A {@linkcode Forwarder} whose cache can be looked at. */
export interface CachingForwarder extends Forwarder {
  /** Kept answers. */
  readonly cache: Pick<AnswerCache, "size" | "bytes">;
  /** Questions that wait for servers. */
  readonly waiting: number;
  /** Servers have changed or are back: failures are not believed any more. */
  forgetFailures(): void;
}

/** Makes a forwarder; disposing it ends what waits. */
export function createForwarder(
  settings: ForwardSettings,
  host: ForwarderHost,
): CachingForwarder {
  return new KeepingForwarder(settings, host);
}

class KeepingForwarder implements CachingForwarder {
  readonly cache: AnswerCache;
  readonly #settings: ForwardSettings;
  readonly #host: ForwarderHost;
  readonly #failures = createFailures();
  readonly #waiting = new Map<string, Promise<ServerReply>>();
  readonly #recheckAtMs = new WeakMap<CacheEntry, number>();
  readonly #ended = new AbortController();

  constructor(settings: ForwardSettings, host: ForwarderHost) {
    this.#settings = settings;
    this.#host = host;
    const { cacheBytes: maxBytes, maxStaleMs } = settings;
    this.cache = createAnswerCache({ maxBytes, maxStaleMs });
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  forgetFailures(): void {
    this.#failures.clear();
  }

  forward(question: ForwardQuestion): DnsAnswer | Promise<DnsAnswer> {
    const { clock, servers, counters } = this.#host;
    if (servers.isOwnProbe(question.name)) {
      const text = "this server asked itself: its upstream servers lead back to it";
      return refusal(RCODE.REFUSED, { code: EXTENDED_ERROR.OTHER, text }, "refused");
    }
    const key = keyOf(question);
    const nowMs = clock.monotonicMs();
    const entry = this.cache.get(key, nowMs);
    if (entry !== undefined) {
      entry.isUsed = true;
      entry.hits++;
      if (nowMs >= entry.freshUntilMs) return this.#stale(entry, key, question);
      counters.hit();
      if (isDue(entry, nowMs)) this.#prefetch(key, question);
      return this.#kept(entry, { key, nowMs, question });
    }
    const why = this.#failures.get(key, nowMs);
    if (why !== undefined) {
      counters.failureHit();
      return refusal(
        RCODE.SERVFAIL,
        { code: EXTENDED_ERROR.CACHED_ERROR, text: why.text },
        "cache",
      );
    }
    counters.miss();
    return this.#ask(key, question).then((reply) => fresh(reply, question));
  }

  /** What is fresh, with its TTLs as they are now: it may be said again as it is for the rest of this second, and with later TTLs after it. */
  #kept(
    entry: CacheEntry,
    { key, nowMs, question }: {
      readonly key: string;
      readonly nowMs: number;
      readonly question: ForwardQuestion;
    },
  ): DnsAnswer {
    const { seconds, untilMs } = ageOf(entry, nowMs);
    const answer = entry.answer.giveOut({
      ageSeconds: seconds,
      isStale: false,
      wantsAuthentic: wantsAuthentic(question),
      source: "cache",
    });
    const onReuse = () => {
      entry.isUsed = true;
      entry.hits++;
      this.#host.counters.hit();
    };
    const at = (laterMs: number): Age | undefined =>
      laterMs < dueAtMs(entry) && this.cache.get(key, laterMs) === entry
        ? ageOf(entry, laterMs)
        : undefined;
    const aging = { seconds, ttlsAt: entry.answer.ttlsAt, at };
    return { ...answer, reuse: { untilMs, orders: [], onReuse, aging } };
  }

  /** What is past its time: a server may say better, but is not waited for long. */
  #stale(
    entry: CacheEntry,
    key: string,
    question: ForwardQuestion,
  ): DnsAnswer | Promise<DnsAnswer> {
    const { clock, counters } = this.#host;
    const give = (): DnsAnswer => {
      counters.stale();
      const how = { ageSeconds: 0, isStale: true, wantsAuthentic: false } as const;
      return entry.answer.giveOut({ ...how, source: "cache" });
    };
    if (clock.monotonicMs() < (this.#recheckAtMs.get(entry) ?? 0)) return give();
    const asked = this.#ask(key, question).then((reply) => {
      if (reply.kind === "answer") return fresh(reply, question);
      this.#recheckAtMs.set(entry, clock.monotonicMs() + STALE_RECHECK_MS);
      return give();
    });
    const settled = new AbortController();
    const late = sleep(clock, STALE_AFTER_MS, { signal: settled.signal }).then(give);
    return Promise.race([asked.finally(() => settled.abort()), late.catch(() => asked)]);
  }

  #prefetch(key: string, question: ForwardQuestion): void {
    if (this.#waiting.size >= MAX_WAITING / 2 || this.#waiting.has(key)) return;
    this.#host.counters.prefetch();
    // Its result is kept; nobody waits for it, and it does not reject.
    void this.#ask(key, question);
  }

  /** Asks servers, or joins those who have asked. Never rejects. */
  #ask(key: string, question: ForwardQuestion): Promise<ServerReply> {
    const asked = this.#waiting.get(key);
    if (asked !== undefined) return asked;
    if (this.#waiting.size >= MAX_WAITING || this.#ended.signal.aborted) {
      const text = "too many questions wait for upstream servers";
      const why = { code: EXTENDED_ERROR.NO_REACHABLE_AUTHORITY, text };
      return Promise.resolve({ kind: "failed", why });
    }
    const { clock, servers, counters, onError } = this.#host;
    const startedMs = clock.monotonicMs();
    // The name is a view into what the client sent, which will be overwritten.
    const own = { ...question, wireName: question.wireName.slice() };
    const asking = askServers(servers.inOrder(), own, {
      clock,
      timeoutMs: this.#settings.timeoutMs,
      onTry: (server) => counters.tried(server.upstream),
      onError,
      signal: this.#ended.signal,
    }).then((reply) => {
      const nowMs = clock.monotonicMs();
      this.#waiting.delete(key);
      counters.answered({ tookMs: nowMs - startedMs, isFailure: reply.kind === "failed" });
      this.#keep(key, reply, nowMs);
      return reply;
    });
    this.#waiting.set(key, asking);
    return asking;
  }

  #keep(key: string, reply: ServerReply, nowMs: number): void {
    if (this.#ended.signal.aborted) return;
    if (reply.kind === "failed") return this.#failures.add(key, reply.why, nowMs);
    this.#failures.remove(key);
    this.cache.set(key, reply.answer, nowMs);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended.abort(new DOMException("Forwarding ends", "AbortError"));
    await Promise.all(this.#waiting.values());
    this.cache.clear();
  }
}

/** Answers differ by name and type, by whether DNSSEC records are in them, and by whether they were validated (RFC 4035 section 4.7). */
function keyOf({ name, type, dnssecOk, checkingDisabled }: ForwardQuestion): string {
  return `${type} ${dnssecOk ? "d" : ""}${checkingDisabled ? "c" : ""} ${name}`;
}

/** AD is said to clients that know what it means (RFC 6840 section 5.7 and 5.8). */
function wantsAuthentic({ authenticData, dnssecOk }: ForwardQuestion): boolean {
  return authenticData || dnssecOk;
}

function isDue(entry: CacheEntry, nowMs: number): boolean {
  return entry.hits >= HOT_HITS && nowMs >= dueAtMs(entry);
}

/** When a hot name is to be asked for again. */
function dueAtMs({ keptAtMs, freshUntilMs }: CacheEntry): number {
  return freshUntilMs - (freshUntilMs - keptAtMs) * PREFETCH_SHARE;
}

/** How old it is, and until when: not past the moment at which it is looked at whether to ask ahead of time. */
function ageOf(entry: CacheEntry, nowMs: number): Age {
  const { keptAtMs, freshUntilMs } = entry;
  const seconds = Math.floor((nowMs - keptAtMs) / 1000);
  const dueMs = dueAtMs(entry);
  const endMs = nowMs < dueMs ? dueMs : freshUntilMs;
  return { seconds, untilMs: Math.min(keptAtMs + (seconds + 1) * 1000, endMs) };
}

function fresh(reply: ServerReply, question: ForwardQuestion): DnsAnswer {
  if (reply.kind === "failed") return refusal(RCODE.SERVFAIL, reply.why, "error");
  const how = { ageSeconds: 0, isStale: false, source: "upstream" } as const;
  return reply.answer.giveOut({ ...how, wantsAuthentic: wantsAuthentic(question) });
}

function refusal(rcode: number, extendedError: ExtendedError, source: AnswerSource): DnsAnswer {
  return {
    rcode,
    flags: FLAG.RA,
    answer: EMPTY_SECTION,
    authority: EMPTY_SECTION,
    additional: EMPTY_SECTION,
    extendedError,
    source,
  };
}
