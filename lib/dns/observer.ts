/** What is counted and logged of each answer: by type, code and source, with names of a fixed few so that a client cannot grow it. */
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import type { Answered } from "./connection.ts";
import { rcodeName, TYPE, typeName } from "./message/mod.ts";
import type { DnsClient } from "./port.ts";

/** Types with series of their own; the rest is `other`. */
const COUNTED_TYPES: ReadonlySet<number> = new Set([
  ...[TYPE.A, TYPE.AAAA, TYPE.CNAME, TYPE.HTTPS, TYPE.MX, TYPE.PTR, TYPE.SRV, TYPE.TXT],
]);
/** Codes with series of their own. */
const MAX_COUNTED_RCODE = 5;

/** Counts and logs answers. */
export interface DnsObserver {
  /** Takes note of an answer. */
  answered(client: DnsClient, answered: Answered): void;
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
  const series = new Map<string, { inc(): void; observe(seconds: number): void }>();
  let seen = 0;
  const seriesOf = (type: string, rcode: string, source: Answered["source"]) => {
    const key = `${type} ${rcode} ${source}`;
    let found = series.get(key);
    if (found === undefined) {
      const counter = metrics.counter(METRIC.dnsQueries, { type, rcode, source });
      const histogram = metrics.histogram(METRIC.dnsSeconds, { source });
      found = { inc: () => counter.inc(), observe: (seconds) => histogram.observe(seconds) };
      series.set(key, found);
    }
    return found;
  };
  return {
    answered(client, { query, rcode, source, tookMs }) {
      requests.inc();
      const type = query === undefined || !COUNTED_TYPES.has(query.type)
        ? "other"
        : typeName(query.type);
      const code = rcode <= MAX_COUNTED_RCODE ? rcodeName(rcode) : "other";
      const bound = seriesOf(type, code, source);
      bound.inc();
      bound.observe(tookMs / 1000);
      if (logOneOf === 0 || seen++ % logOneOf !== 0) return;
      log.info(EVENT.dnsQuery, "Answered a query", {
        client: client.address,
        namespace: client.namespace,
        name: query?.name,
        type: query === undefined ? undefined : typeName(query.type),
        rcode: rcodeName(rcode),
        source,
        took_ms: Math.round(tookMs * 1000) / 1000,
      });
    },
  };
}
