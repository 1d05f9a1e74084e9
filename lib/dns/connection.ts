/**
 * One client's stream of queries (RFC 7858, RFC 7766): frames in, answers out, in whatever order they are ready. No I/O of its own: bytes
 * come in by `receive`, go out by the wire, and a tick tells the time.
 *
 * All answers that one chunk brings leave in one write, each with its length in front, so a client's many queries cost one TLS record.
 * While too many queries wait for upstream, or the client does not read, nothing more is read from it.
 */
import { concatBytes } from "../base/mod.ts";
import { type DnsLimits, MAX_STRAY_RESPONSES, QUEUE_HIGH_BYTES } from "./limits.ts";
import {
  decodeQuery,
  EMPTY_SECTION,
  encodeResponse,
  type Query,
  type QueryEdns,
} from "./message/mod.ts";
import type { DnsAnswer, DnsClient } from "./port.ts";

/** The socket as a connection sees it. */
export interface DnsWire {
  /** Octets that were written and not yet taken. */
  readonly queuedBytes: number;
  /** Writes. */
  write(bytes: Uint8Array): void;
  /** Reads on, or not. */
  setReading(reading: boolean): void;
  /** Sends what is written, then ends. */
  end(): void;
  /** Ends at once. */
  destroy(): void;
}

/** Why a connection was ended by the server. */
export type CloseReason =
  | "frame_time"
  | "idle"
  | "unread"
  | "garbage"
  | "failed";

/** What a connection needs. */
export interface DnsConnectionOptions {
  /** Who asks. */
  readonly client: DnsClient;
  /** Bounds. */
  readonly limits: DnsLimits;
  /** Monotonic time, in milliseconds. */
  readonly nowMs: () => number;
  /** The idle time now, in milliseconds: what is enforced, and what the keepalive option says. */
  readonly idleMs: () => number;
  /** Answers a query. */
  readonly answer: (query: Query, client: DnsClient) => DnsAnswer | Promise<DnsAnswer>;
  /** Hears of every answer: how long it took, in milliseconds, and the query; undefined for a message that was none. */
  readonly onAnswer: (answered: Answered) => void;
  /** Hears why the server ended the connection. */
  readonly onClose: (reason: CloseReason, thrown?: unknown) => void;
}

/** An answer that went out. */
export interface Answered {
  /** The query; undefined when the message could not be read as one. */
  readonly query: Query | undefined;
  /** Its response code. */
  readonly rcode: number;
  /** Where it came from. */
  readonly source: DnsAnswer["source"];
  /** Time from the chunk that brought the query, in milliseconds. */
  readonly tookMs: number;
}

const NOTHING: Uint8Array = new Uint8Array(0);
/** The keepalive option counts in units of 100 ms (RFC 7828 section 3.1). */
const KEEPALIVE_UNIT_MS = 100;
const MAX_KEEPALIVE = 0xffff;

/** See the module comment. */
export class DnsConnection {
  readonly #wire: DnsWire;
  readonly #options: DnsConnectionOptions;
  #rest: Uint8Array = NOTHING;
  #out: Uint8Array[] = [];
  #inFlight = 0;
  #strays = 0;
  #reading = true;
  #clientEnded = false;
  #closed = false;
  #flushScheduled = false;
  #activeAtMs: number;
  #frameSinceMs: number | undefined;
  #unreadSinceMs: number | undefined;

  /** A connection over `wire` whose handshake has ended. */
  constructor(wire: DnsWire, options: DnsConnectionOptions) {
    this.#wire = wire;
    this.#options = options;
    this.#activeAtMs = options.nowMs();
  }

  /** Queries that wait for an answer. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes what has arrived. */
  receive(chunk: Uint8Array): void {
    if (this.#closed) return;
    this.#rest = this.#rest.length === 0 ? chunk : concatBytes([this.#rest, chunk]);
    this.#read();
  }

  /** The client has taken what waited. */
  drained(): void {
    this.#unreadSinceMs = undefined;
    this.#read();
  }

  /** The client sends no more; what is in flight is answered first (RFC 7766 section 6.2.1). */
  clientEnded(): void {
    this.#clientEnded = true;
    this.#endIfDone();
  }

  /** The socket is gone. */
  lost(): void {
    this.#closed = true;
    this.#rest = NOTHING;
    this.#out = [];
  }

  /** Takes no more queries, answers those in flight, then ends. */
  drain(): void {
    this.#clientEnded = true;
    this.#rest = NOTHING;
    this.#setReading(false);
    this.#endIfDone();
  }

  /** Looks at the time. */
  tick(nowMs: number): void {
    if (this.#closed) return;
    const { frameTimeoutMs } = this.#options.limits;
    if (this.#unreadSinceMs !== undefined) {
      if (nowMs - this.#unreadSinceMs >= this.#options.idleMs()) this.#abort("unread");
    } else if (this.#frameSinceMs !== undefined) {
      if (nowMs - this.#frameSinceMs >= frameTimeoutMs) this.#abort("frame_time");
    } else if (this.#inFlight === 0 && nowMs - this.#activeAtMs >= this.#options.idleMs()) {
      this.#finish("idle");
    }
  }

  /** Handles frames until there is no whole one, or one bound or the other says stop; then writes. */
  #read(): void {
    const nowMs = this.#options.nowMs();
    let at = 0;
    while (!this.#closed && !this.#clientEndedEmpty() && this.#mayRead()) {
      const rest = this.#rest;
      if (rest.length - at < 2) break;
      const end = at + 2 + (rest[at]! << 8 | rest[at + 1]!);
      if (end > rest.length) break;
      this.#handle(rest.subarray(at + 2, end), nowMs);
      this.#activeAtMs = nowMs;
      at = end;
    }
    if (this.#closed) return;
    this.#rest = at === this.#rest.length ? NOTHING : at === 0 ? this.#rest : this.#rest.slice(at);
    this.#flush();
    const stopped = !this.#mayRead();
    this.#frameSinceMs = stopped || this.#rest.length === 0
      ? undefined
      : this.#frameSinceMs !== undefined && at === 0
      ? this.#frameSinceMs
      : nowMs;
    this.#setReading(!stopped);
    this.#endIfDone();
  }

  #clientEndedEmpty(): boolean {
    return this.#clientEnded && this.#rest.length === 0;
  }

  #mayRead(): boolean {
    return this.#inFlight < this.#options.limits.maxInFlight && this.#unreadSinceMs === undefined;
  }

  #handle(message: Uint8Array, startedMs: number): void {
    const decoded = decodeQuery(message);
    switch (decoded.kind) {
      case "query":
        return this.#answer(decoded.query, startedMs);
      case "error": {
        const { id, flags, rcode, question, edns } = decoded;
        const answer = { ...ERROR_ANSWER, rcode };
        this.#push(answer, { id, flags, question, edns });
        return this.#options.onAnswer({ query: undefined, rcode, source: "error", tookMs: 0 });
      }
      case "response":
        if (++this.#strays > MAX_STRAY_RESPONSES) this.#finish("garbage");
        return;
      case "hopeless":
        return this.#finish("garbage");
    }
  }

  #answer(query: Query, startedMs: number): void {
    const { answer, client } = this.#options;
    let answered: DnsAnswer | Promise<DnsAnswer>;
    try {
      answered = answer(query, client);
    } catch (thrown) {
      return this.#abort("failed", thrown);
    }
    if (!(answered instanceof Promise)) return this.#respond(query, answered, startedMs);
    this.#inFlight++;
    // The bytes of the chunk may be another chunk's by the time of the answer.
    const kept = { ...query, question: query.question.slice() };
    answered.then(
      (ready) => {
        this.#inFlight--;
        if (this.#closed) return;
        this.#respond(kept, ready, startedMs);
        this.#scheduleFlush();
      },
      (thrown) => {
        this.#inFlight--;
        this.#abort("failed", thrown);
      },
    );
  }

  #respond(query: Query, answer: DnsAnswer, startedMs: number): void {
    this.#push(answer, query);
    const { rcode, source } = answer;
    const tookMs = this.#options.nowMs() - startedMs;
    this.#options.onAnswer({ query, rcode, source, tookMs });
  }

  #push(
    answer: DnsAnswer,
    { id, flags, question, edns }: {
      readonly id: number;
      readonly flags: number;
      readonly question: Uint8Array;
      readonly edns: QueryEdns | undefined;
    },
  ): void {
    const keepalive = edns?.keepalive === true
      ? Math.min(MAX_KEEPALIVE, Math.floor(this.#options.idleMs() / KEEPALIVE_UNIT_MS))
      : undefined;
    this.#out.push(encodeResponse({
      id,
      queryFlags: flags,
      flags: answer.flags,
      rcode: answer.rcode,
      question,
      answer: answer.answer,
      authority: answer.authority,
      additional: answer.additional,
      edns,
      extendedError: answer.extendedError,
      keepalive,
    }));
  }

  /** Answers that are ready in one turn leave together. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    Promise.resolve().then(() => {
      this.#flushScheduled = false;
      this.#activeAtMs = this.#options.nowMs();
      this.#read();
    });
  }

  #flush(): void {
    if (this.#closed || this.#out.length === 0) return;
    const out = this.#out;
    this.#out = [];
    this.#wire.write(out.length === 1 ? out[0]! : concatBytes(out));
    const { queuedBytes } = this.#wire;
    if (queuedBytes > this.#options.limits.maxQueuedBytes) this.#abort("unread");
    else if (queuedBytes > QUEUE_HIGH_BYTES) this.#unreadSinceMs ??= this.#options.nowMs();
  }

  #setReading(reading: boolean): void {
    if (this.#closed || this.#reading === reading) return;
    this.#reading = reading;
    this.#wire.setReading(reading);
  }

  #endIfDone(): void {
    if (!this.#clientEnded || this.#closed || this.#inFlight > 0) return;
    // Half a frame will not become a whole one any more.
    this.#closed = true;
    this.#wire.end();
  }

  /** Answers what is ready, then ends. */
  #finish(reason: CloseReason): void {
    if (this.#closed) return;
    this.#flush();
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose(reason);
    this.#wire.end();
  }

  #abort(reason: CloseReason, thrown?: unknown): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#options.onClose(reason, thrown);
    this.#wire.destroy();
  }
}

const ERROR_ANSWER: Omit<DnsAnswer, "rcode"> = {
  flags: 0,
  answer: EMPTY_SECTION,
  authority: EMPTY_SECTION,
  additional: EMPTY_SECTION,
  extendedError: undefined,
  source: "error",
};
