/** What is counted and logged of each answer: by type, code and source, with names of a fixed few so that a client cannot grow it. */
import {
  type Counter,
  EVENT,
  type Histogram,
  type Logger,
  METRIC,
  type Metrics,
} from "../telemetry/mod.ts";
import { rcodeName, TYPE, typeName } from "./message/mod.ts";
import type { AnswerSource, DnsClient } from "./port.ts";

/** What was answered, but for how long it took. */
export interface Answered {
  /** Name and type that were asked for; undefined when the message could not be read as a query. */
  readonly query: { readonly name: string; readonly type: number } | undefined;
  /** The response code. */
  readonly rcode: number;
  /** Where the answer came from. */
  readonly source: AnswerSource;
}

/** Types with series of their own; the rest is `other`. */
const COUNTED_TYPES: readonly number[] = [
  ...[TYPE.A, TYPE.AAAA, TYPE.CNAME, TYPE.HTTPS, TYPE.MX, TYPE.PTR, TYPE.SRV, TYPE.TXT],
];
/** Codes with series of their own. */
const MAX_COUNTED_RCODE = 5;
const RCODES = MAX_COUNTED_RCODE + 2;
const SOURCES: readonly AnswerSource[] = ["local", "upstream", "cache", "refused", "error"];

/** Takes note that one and the same answer was given to a client, so many milliseconds after the chunk that brought the query. */
export type NoteAnswer = (client: DnsClient, tookMs: number) => void;

/** Counts and logs answers. */
export interface DnsObserver {
  /** For an answer that may be given again and again: what to count is found once. */
  noteOf(answered: Answered): NoteAnswer;
  /** Takes note of an answer that took so many milliseconds, from the chunk that brought the query. */
  answered(client: DnsClient, answered: Answered, tookMs: number): void;
}

interface Series {
  readonly queries: Counter;
  readonly seconds: Histogram;
}

/** Makes a {@linkcode DnsObserver}; one of `logOneOf` queries is logged, none when it is 0. */
export function createDnsObserver(
  { metrics, logger, logOneOf }: {
    readonly metrics: Metrics;
    readonly logger: Logger;
    readonly logOneOf: number;
  },
): DnsObserver {
  const log = logger.scoped("dns");
  const requests = metrics.counter(METRIC.dnsRequests);
  const series: (Series | undefined)[] = [];
  let seen = 0;
  const seriesAt = (at: number, { query, rcode, source }: Answered): Series => {
    const type = query === undefined || !COUNTED_TYPES.includes(query.type)
      ? "other"
      : typeName(query.type);
    const code = rcode <= MAX_COUNTED_RCODE ? rcodeName(rcode) : "other";
    return series[at] = {
      queries: metrics.counter(METRIC.dnsQueries, { type, rcode: code, source }),
      seconds: metrics.histogram(METRIC.dnsSeconds, { source }),
    };
  };
  const logOne = (client: DnsClient, { query, rcode, source }: Answered, tookMs: number) =>
    log.info(EVENT.dnsQuery, "Answered a query", {
      client: client.address,
      namespace: client.namespace,
      name: query?.name,
      type: query === undefined ? undefined : typeName(query.type),
      rcode: rcodeName(rcode),
      source,
      took_ms: Math.round(tookMs * 1000) / 1000,
    });
  const noteOf = (answered: Answered): NoteAnswer => {
    const at = placeOf(answered);
    const { queries, seconds } = series[at] ?? seriesAt(at, answered);
    return (client, tookMs) => {
      requests.inc();
      queries.inc();
      seconds.observe(tookMs / 1000);
      if (logOneOf !== 0 && seen++ % logOneOf === 0) logOne(client, answered, tookMs);
    };
  };
  return { noteOf, answered: (client, answered, tookMs) => noteOf(answered)(client, tookMs) };
}

/** The place of an answer's series: types by codes by sources. */
function placeOf({ query, rcode, source }: Answered): number {
  const type = query === undefined ? -1 : COUNTED_TYPES.indexOf(query.type);
  const code = Math.min(rcode, RCODES - 1);
  return ((type + 1) * RCODES + code) * SOURCES.length + SOURCES.indexOf(source);
}
