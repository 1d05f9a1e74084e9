/** A forwarder with the real network and clock, and questions for it. */
import assert from "node:assert/strict";
import { encodeName, TYPE } from "../../lib/dns/message/mod.ts";
import { decodeMessage, type DnsRecord, encodeResponse } from "../../lib/dns/message/mod.ts";
import { type ForwardConfig, openForwarder } from "../../lib/dns/forward/watch.ts";
import type { DnsAnswer, Forwarder, ForwardQuestion } from "../../lib/dns/port.ts";
import { systemClock } from "signet/base/mod.ts";
import { createMetrics, type Metrics } from "signet/telemetry/mod.ts";
import { type LogRecord, recordLogs } from "./log_records.ts";

/** A forwarder and what it says of itself. */
export interface Forwarding extends AsyncDisposable {
  readonly forwarder: Forwarder;
  readonly records: readonly LogRecord[];
  readonly metrics: Metrics;
  /** Asks for a name, IN. */
  ask(name: string, more?: Partial<ForwardQuestion>): Promise<DnsAnswer>;
  /** Value of a metric's only series, 0 before its first use. */
  count(name: string, labels?: Readonly<Record<string, string>>): number;
}

/** Opens one. */
export async function openForwarding(config: Partial<ForwardConfig>): Promise<Forwarding> {
  const { logger, records } = recordLogs();
  const metrics = createMetrics();
  const forwarder = await openForwarder({
    upstreams: [],
    resolvConf: "/nonexistent",
    rootsFile: undefined,
    timeoutMs: 5000,
    cacheBytes: 1 << 20,
    maxStaleMs: 3_600_000,
    ...config,
  }, { clock: systemClock(), logger, metrics });
  return {
    forwarder,
    records,
    metrics,
    ask: async (name, more = {}) => await forwarder.forward(questionFor(name, more)),
    count(name, labels = {}) {
      const family = metrics.snapshot().find((each) => each.name === name);
      const sample = family?.samples.find((each) =>
        Object.entries(labels).every(([label, value]) => each.labels[label] === value)
      );
      return typeof sample?.value === "number" ? sample.value : 0;
    },
    [Symbol.asyncDispose]: () => forwarder[Symbol.asyncDispose](),
  };
}

/** A question as the answerer would ask it. */
export function questionFor(name: string, more: Partial<ForwardQuestion> = {}): ForwardQuestion {
  return {
    wireName: encodeName(name),
    name: name.toLowerCase(),
    type: TYPE.A,
    dnssecOk: false,
    checkingDisabled: false,
    authenticData: false,
    ...more,
  };
}

/** The records of an answer, written into a message and read again. */
export function recordsOf(
  answer: DnsAnswer,
  name: string,
): { readonly answers: readonly DnsRecord[]; readonly authorities: readonly DnsRecord[] } {
  const framed = encodeResponse({
    ...answer,
    id: 1,
    queryFlags: 0x0100,
    question: Uint8Array.from([...encodeName(name), 0, 1, 0, 1]),
    edns: undefined,
    keepalive: undefined,
  });
  const message = decodeMessage(framed.subarray(2));
  assert.equal(message.end, framed.length - 2);
  return message;
}
