/**
 * One client's stream of queries (RFC 7858, RFC 7766): frames in, answers out, in whatever order they are ready. No I/O of its own: bytes
 * come in by `receive`, go out by the wire, and a tick tells the time.
 *
 * All answers that one chunk brings leave in one write, each with its length in front, so a client's many queries cost one TLS record.
 * While too many queries wait for upstream, or the client does not read, nothing more of what it sends is looked at; it is kept up to a
 * bound. To pause the socket would be no bound: the runtime reads on and keeps everything, where nobody sees it. HTTP/2 has to stop TCP
 * below for that (`lib/transport/backpressure.ts`); here none but a flood sends thousands of queries ahead of their answers, so it is cut
 * off, and nothing stands on what the runtime calls its parts.
 */
import type { CloseReason, DnsConnectionHost, DnsWire } from "./connection_host.ts";
import { Intake } from "./intake.ts";
import { MAX_BACKLOG_BYTES, MAX_STRAY_RESPONSES, QUEUE_HIGH_BYTES } from "./limits.ts";
import {
  decodeQuery,
  EMPTY_SECTION,
  encodeResponse,
  HEADER_BYTES,
  keepaliveOffset,
  type Query,
} from "./message/mod.ts";
import type { DnsAnswer, DnsClient } from "./port.ts";
import type { Queuer } from "./queued_total.ts";
import { type AskedQuestion, type Viewer, viewSeed } from "./said_answers.ts";

/** Answers that were said before and are said again between two looks at the clock. */
const SAID_PER_LOOK = 32;

/** What an answer repeats of what was asked. */
type Asked = Pick<Query, "id" | "flags" | "question" | "edns">;

/** See the module comment. */
export class DnsConnection implements Queuer {
  readonly #wire: DnsWire;
  readonly #client: DnsClient;
  readonly #host: DnsConnectionHost;
  /** `undefined` for a client that gets nothing but refusals. */
  readonly #viewer: Viewer | undefined;
  readonly #intake = new Intake();
  /** Answers that were waited for. */
  #late: Uint8Array[] = [];
  #inFlight = 0;
  #strays = 0;
  #clientEnded = false;
  #closed = false;
  /** Nothing is written to it any more, nor read. */
  #isGone = false;
  #isDraining = false;
  /** Nothing of what the client sends is looked at for now. */
  #isStopped = false;
  #flushScheduled = false;
  #activeAtMs: number;
  #frameSinceMs: number | undefined;
  /** When this side was ended; the client's may stay open (RFC 7766 section 6.2.4). */
  #endedMs = Infinity;
  #unreadSinceMs: number | undefined;
  /** What waits here, as {@linkcode DnsConnectionHost.queued} last heard. */
  #countedBytes = 0;

  /** A connection of `client` over `wire` whose handshake has ended. */
  constructor(wire: DnsWire, client: DnsClient, host: DnsConnectionHost) {
    this.#wire = wire;
    this.#client = client;
    this.#host = host;
    const { namespace, admitted } = client;
    this.#viewer = admitted ? { namespace, seed: viewSeed(namespace) } : undefined;
    this.#activeAtMs = host.nowMs();
  }

  /** Queries that wait for an answer. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Octets of answers and of queries that wait. */
  get waitingBytes(): number {
    return this.#isGone ? 0 : this.#wire.queuedBytes + this.#intake.length;
  }

  /** Tells the port how much waits here now. */
  recount(): void {
    const bytes = this.waitingBytes;
    const by = bytes - this.#countedBytes;
    if (by === 0) return;
    this.#countedBytes = bytes;
    this.#host.queued.change(by);
  }

  /** Ends it at once, as too much waits for all clients together. */
  cutOff(): void {
    this.#abort("queue_full");
  }

  /** Takes what has arrived. */
  receive(chunk: Uint8Array): void {
    if (this.#closed || this.#isDraining) return;
    if (this.#mayRead()) {
      this.#intake.take(chunk);
      return this.#read();
    }
    this.#intake.keep(chunk);
    if (this.#intake.length > MAX_BACKLOG_BYTES) this.#abort("backlog");
    else this.recount();
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
    this.#isGone = true;
    this.#intake.clear();
    this.#late = [];
    this.recount();
  }

  /** Takes no more queries, answers those in flight, then ends. */
  drain(): void {
    this.#clientEnded = true;
    this.#isDraining = true;
    this.#intake.clear();
    this.#endIfDone();
  }

  /** Looks at the time. */
  tick(nowMs: number): void {
    this.recount();
    const { limits: { frameTimeoutMs }, idleMs } = this.#host;
    if (this.#closed) {
      if (nowMs - this.#endedMs >= idleMs()) this.#wire.destroy();
    } else if (this.#unreadSinceMs !== undefined) {
      if (nowMs - this.#unreadSinceMs >= idleMs()) this.#abort("unread");
    } else if (this.#frameSinceMs !== undefined) {
      if (nowMs - this.#frameSinceMs >= frameTimeoutMs) this.#abort("frame_time");
    } else if (this.#inFlight === 0 && nowMs - this.#activeAtMs >= idleMs()) {
      this.#finish("idle");
    }
  }

  /** Handles frames until there is no whole one, or one bound or the other says stop; then writes. */
  #read(): void {
    if (this.#closed) return;
    const nowMs = this.#host.nowMs();
    if (this.#mayRead()) this.#intake.join();
    let taken: number;
    try {
      for (const framed of this.#late) this.#put(framed);
      this.#late = [];
      taken = this.#handleFrames(nowMs);
      this.#flush();
    } finally {
      // Whatever happens: what is one client's never goes to another.
      this.#host.outbox.clear();
    }
    if (this.#closed) return;
    if (taken > 0) this.#activeAtMs = nowMs;
    this.#intake.drop(taken);
    this.#noteStop();
    this.#frameSinceMs = this.#isStopped || this.#intake.bytes.length === 0
      ? undefined
      : this.#frameSinceMs !== undefined && taken === 0
      ? this.#frameSinceMs
      : nowMs;
    this.recount();
    this.#endIfDone();
  }

  #noteStop(): void {
    const isStopped = !this.#mayRead();
    if (isStopped && !this.#isStopped) {
      this.#host.onStop(this.#unreadSinceMs === undefined ? "in_flight" : "unread");
    }
    this.#isStopped = isStopped;
  }

  /** Answers whole frames and gives the offset behind the last one. */
  #handleFrames(startedMs: number): number {
    const { said, nowMs } = this.#host;
    const { bytes } = this.#intake;
    const asked = { bytes, start: 0, end: 0 };
    let at = 0;
    let again = 0;
    let tookMs = 0;
    while (!this.#closed && this.#mayRead() && bytes.length - at >= 2) {
      const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
      if (end > bytes.length) break;
      asked.start = at + 2;
      asked.end = end;
      at = end;
      const found = this.#viewer && said.find(asked, this.#viewer, startedMs);
      if (found === undefined) {
        this.#handle(asked, startedMs);
        continue;
      }
      if (this.#host.outbox.isFull) this.#flush();
      said.write(found, asked, this.#host);
      found.reuse.onReuse?.();
      if (again++ % SAID_PER_LOOK === 0) tookMs = nowMs() - startedMs;
      found.note(this.#client, tookMs);
    }
    return at;
  }

  #mayRead(): boolean {
    return this.#inFlight < this.#host.limits.maxInFlight && this.#unreadSinceMs === undefined;
  }

  #handle(asked: AskedQuestion, startedMs: number): void {
    const decoded = decodeQuery(asked.bytes.subarray(asked.start, asked.end));
    switch (decoded.kind) {
      case "query":
        return this.#answer(decoded.query, asked, startedMs);
      case "error": {
        this.#put(this.#encode({ ...ERROR_ANSWER, rcode: decoded.rcode }, decoded));
        const { rcode } = decoded;
        const answered = { query: undefined, rcode, source: "error" } as const;
        return this.#host.observer.answered(this.#client, answered, 0);
      }
      case "response":
        if (++this.#strays > MAX_STRAY_RESPONSES) this.#finish("garbage");
        return;
      case "hopeless":
        return this.#finish("garbage");
    }
  }

  #answer(query: Query, asked: AskedQuestion, startedMs: number): void {
    let answer: DnsAnswer | Promise<DnsAnswer>;
    try {
      answer = this.#host.answer(query, this.#client);
    } catch (thrown) {
      return this.#abort("failed", thrown);
    }
    if (answer instanceof Promise) return this.#await(answer, query, startedMs);
    const framed = this.#encode(answer, query);
    this.#put(framed);
    this.#observe(query, answer, startedMs);
    this.#keep(framed, { answer, query, asked });
  }

  #await(answer: Promise<DnsAnswer>, query: Query, startedMs: number): void {
    this.#inFlight++;
    // The bytes of the chunk may be another chunk's by the time of the answer.
    const kept = { ...query, question: query.question.slice() };
    answer.then(
      (ready) => {
        this.#inFlight--;
        if (this.#closed) return;
        this.#late.push(this.#encode(ready, kept));
        this.#observe(kept, ready, startedMs);
        this.#scheduleFlush();
      },
      (thrown) => {
        this.#inFlight--;
        this.#abort("failed", thrown);
      },
    );
  }

  #observe({ name, type }: Query, { rcode, source }: DnsAnswer, startedMs: number): void {
    const { observer, nowMs } = this.#host;
    observer.answered(
      this.#client,
      { query: { name, type }, rcode, source },
      nowMs() - startedMs,
    );
  }

  /** Keeps what may be said again. */
  #keep(
    framed: Uint8Array,
    { answer, query, asked }: {
      readonly answer: DnsAnswer;
      readonly query: Query;
      readonly asked: AskedQuestion;
    },
  ): void {
    const { reuse, rcode, source } = answer;
    if (reuse === undefined || this.#viewer === undefined) return;
    const { name, type, question, edns } = query;
    const behindAnswers = 2 + HEADER_BYTES + question.length + answer.answer.bytes.length;
    this.#host.said.keep(
      {
        framed,
        reuse,
        note: this.#host.observer.noteOf({ query: { name, type }, rcode, source }),
        questionBytes: question.length,
        keepaliveAt: edns?.keepalive === true ? keepaliveOffset({ ...answer, question }) : 0,
        ordersAt: behindAnswers - (reuse.orders[0]?.bytes.length ?? 0),
      },
      asked,
      this.#viewer,
    );
  }

  #encode(answer: DnsAnswer, { id, flags, question, edns }: Asked): Uint8Array {
    return encodeResponse({
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
      keepalive: edns?.keepalive === true ? this.#host.keepalive() : undefined,
    });
  }

  #put(framed: Uint8Array): void {
    const { outbox } = this.#host;
    if (outbox.isFull) this.#flush();
    outbox.append(framed);
  }

  /** Answers that are ready in one turn leave together. */
  #scheduleFlush(): void {
    if (this.#flushScheduled) return;
    this.#flushScheduled = true;
    Promise.resolve().then(() => {
      this.#flushScheduled = false;
      this.#activeAtMs = this.#host.nowMs();
      this.#read();
    });
  }

  /** Writes out what the outbox holds, all of it this client's. */
  #flush(): void {
    const { outbox, limits } = this.#host;
    if (outbox.length === 0) return;
    const bytes = outbox.take();
    if (this.#closed) return;
    this.#wire.write(bytes);
    const { queuedBytes } = this.#wire;
    if (queuedBytes > limits.maxQueuedBytes) this.#abort("unread");
    else if (queuedBytes > QUEUE_HIGH_BYTES) this.#unreadSinceMs ??= this.#host.nowMs();
  }

  #endIfDone(): void {
    if (!this.#clientEnded || this.#closed || this.#inFlight > 0) return;
    // Whole frames may wait until the client has taken what it has asked for.
    if (this.#unreadSinceMs !== undefined) return;
    // Half a frame will not become a whole one any more.
    this.#end();
  }

  /** Ends this side, and gives the client as long as it may be idle to take what waits and to end its own. */
  #end(): void {
    this.#closed = true;
    this.#endedMs = this.#host.nowMs();
    this.#wire.end();
  }

  /** Answers what is ready, then ends. */
  #finish(reason: CloseReason): void {
    if (this.#closed) return;
    this.#flush();
    if (this.#closed) return;
    this.#host.onClose(reason);
    this.#end();
  }

  #abort(reason: CloseReason, thrown?: unknown): void {
    // One that was ended and does not take what waits is cut off for that alone.
    if (this.#closed && reason !== "queue_full") return;
    this.#host.onClose(reason, thrown);
    this.#wire.destroy();
    this.lost();
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
