/** The ports of DNS: who asks, what an answer is, and who is asked for the names that are not the mesh's. */
import type { ExtendedError, Query, Section } from "./message/mod.ts";

/** A client of the listener, after admission. */
export interface DnsClient {
  /** Address without port. */
  readonly address: string;
  /** Namespace of its SPIFFE ID; undefined for one that is known by its address alone. */
  readonly namespace: string | undefined;
  /** False for one that gets REFUSED. */
  readonly admitted: boolean;
}

/** Where an answer comes from, for metrics. */
export type AnswerSource = "local" | "upstream" | "cache" | "refused" | "error";

/** What is said to a query, without what every response has. Owners are pointers to the question's name or written out. */
export interface DnsAnswer {
  /** Response code. */
  readonly rcode: number;
  /** AA, RA and AD as flags of the message. */
  readonly flags: number;
  /** Answer section. */
  readonly answer: Section;
  /** Authority section. */
  readonly authority: Section;
  /** Additional section without OPT. */
  readonly additional: Section;
  /** Why, for people (RFC 8914). */
  readonly extendedError: ExtendedError | undefined;
  /** For metrics. */
  readonly source: AnswerSource;
  /** How it may be said again to the same question; `undefined` when each question is to be answered anew. */
  readonly reuse?: Reuse | undefined;
}

/** How an answer may be said again to the same question of a client that sees the same names, until names change. */
export interface Reuse {
  /** Until when, in monotonic milliseconds. */
  readonly untilMs: number;
  /** Orders of the last records of its answer section, of one length; empty when there is but one. */
  readonly orders: readonly Section[];
  /** To be told of each time; `undefined` when nobody wants to know. */
  readonly onReuse: (() => void) | undefined;
  /** How its TTLs run down past that time; `undefined` when it is to be made anew then. */
  readonly aging?: Aging | undefined;
}

/** How old an answer is, and for how long it is that old. */
export interface Age {
  /** Seconds since it came from a server. */
  readonly seconds: number;
  /** Until when, in monotonic milliseconds. */
  readonly untilMs: number;
}

/** How the TTLs of an answer run down while it is said again. */
export interface Aging {
  /** Seconds that its TTLs have run. */
  readonly seconds: number;
  /** Offsets of its TTLs from the first octet behind the question. */
  readonly ttlsAt: readonly number[];
  /** Its age at a time, in monotonic milliseconds; `undefined` when it is to be made anew. */
  at(nowMs: number): Age | undefined;
}

/** A question for upstream servers. */
export interface ForwardQuestion {
  /** Name in wire form, as the client wrote it. */
  readonly wireName: Uint8Array;
  /** Name as a key. */
  readonly name: string;
  /** TYPE; the class is IN. */
  readonly type: number;
  /** DO: DNSSEC records are wanted. */
  readonly dnssecOk: boolean;
  /** CD: no validation is wanted. */
  readonly checkingDisabled: boolean;
  /** AD: the answer's AD bit is wanted. */
  readonly authenticData: boolean;
}

/** Asks upstream servers, with a cache before them. Never rejects: what goes wrong is a SERVFAIL with its reason. */
export interface Forwarder extends AsyncDisposable {
  /** The answer, at once when it is cached. */
  forward(question: ForwardQuestion): DnsAnswer | Promise<DnsAnswer>;
}

/** Answers queries. */
export type Answerer = (query: Query, client: DnsClient) => DnsAnswer | Promise<DnsAnswer>;
