/** What is counted of forwarding. */
import { METRIC, type Metrics } from "../../telemetry/mod.ts";
import type { Upstream } from "./upstream.ts";

/** See the module comment. */
export interface ForwardCounters {
  /** Answered from a fresh entry. */
  hit(): void;
  /** Answered from a stale one. */
  stale(): void;
  /** Answered with a failure that is remembered. */
  failureHit(): void;
  /** Servers are asked. */
  miss(): void;
  /** A hot name is asked again ahead of time. */
  prefetch(): void;
  /** A server is asked. */
  tried(upstream: Upstream): void;
  /** A question is settled. */
  answered(how: { readonly tookMs: number; readonly isFailure: boolean }): void;
}

/** Servers with series of their own; resolv.conf may name others every day. */
const MAX_COUNTED_SERVERS = 64;

/** Makes the counters. */
export function createForwardCounters(metrics: Metrics): ForwardCounters {
  const lookups = (result: string) => metrics.counter(METRIC.dnsCacheLookups, { result });
  const [hits, stale, failures, misses] = ["hit", "stale", "failure", "miss"].map(lookups);
  const prefetches = metrics.counter(METRIC.dnsPrefetches);
  const failed = metrics.counter(METRIC.dnsUpstreamFailures);
  const asked = metrics.counter(METRIC.dnsUpstreamRequests);
  const seconds = metrics.histogram(METRIC.dnsUpstreamSeconds);
  const servers = new Map<string, { inc(): void }>();
  const ofServer = (label: string) => {
    const known = servers.get(label);
    if (known !== undefined) return known;
    const upstream = servers.size < MAX_COUNTED_SERVERS ? label : "other";
    const counter = metrics.counter(METRIC.dnsUpstreamTries, { upstream });
    if (upstream === label) servers.set(label, counter);
    return counter;
  };
  return {
    hit: () => hits?.inc(),
    stale: () => stale?.inc(),
    failureHit: () => failures?.inc(),
    miss: () => misses?.inc(),
    prefetch: () => prefetches.inc(),
    tried: ({ label }) => ofServer(label).inc(),
    answered({ tookMs, isFailure }) {
      asked.inc();
      seconds.observe(tookMs / 1000);
      if (isFailure) failed.inc();
    },
  };
}
