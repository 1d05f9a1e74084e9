/** A connection of the DNS port over a wire that a test looks at; time, idle time and queue are the test's. */
import assert from "node:assert/strict";
import { createMetrics, type Metrics } from "signet/telemetry/mod.ts";
import { createAnswerer } from "../../lib/dns/answer.ts";
import { DnsConnection } from "../../lib/dns/connection.ts";
import type { CloseReason, DnsConnectionHost, StopReason } from "../../lib/dns/connection_host.ts";
import { keepaliveUnits } from "../../lib/dns/limits.ts";
import { buildNameTable } from "../../lib/dns/name_table.ts";
import { createDnsObserver } from "../../lib/dns/observer.ts";
import { Outbox } from "../../lib/dns/outbox.ts";
import type { DnsAnswer, DnsClient, Forwarder } from "../../lib/dns/port.ts";
import { QueuedTotal } from "../../lib/dns/queued_total.ts";
import { SaidAnswers } from "../../lib/dns/said_answers.ts";
import { message, opt, question, wireName } from "./dns_messages.ts";
import { framed } from "./dot_client.ts";
import { recordLogs } from "./log_records.ts";
import { serviceOf } from "./services.ts";

const SERVICES = [
  serviceOf("db.example", { addresses: ["10.0.0.7"] }),
  serviceOf("many.example", { addresses: ["10.0.0.1", "10.0.0.2", "10.0.0.3"] }),
  serviceOf("private.example", { addresses: ["10.0.0.9"], exportTo: ["shop"] }),
  serviceOf("*.wild.example", { addresses: ["10.0.0.8"] }),
];

/** An answer of nothing. */
export const EMPTY_ANSWER: DnsAnswer = {
  ...{ rcode: 0, flags: 0x80, extendedError: undefined, source: "upstream" },
  answer: { bytes: new Uint8Array(0), count: 0 },
  authority: { bytes: new Uint8Array(0), count: 0 },
  additional: { bytes: new Uint8Array(0), count: 0 },
};

/** What a connection may have of its own. */
export interface Setting {
  readonly client?: Partial<DnsClient>;
  readonly forwarder?: Forwarder;
  readonly said?: SaidAnswers;
  readonly answer?: DnsConnectionHost["answer"];
  readonly queued?: QueuedTotal;
}

/** A connection, what the test may change, and what it sees. */
export interface OpenConnection {
  /** What is now, and how often the answerer was asked. */
  readonly world: { nowMs: number; idleMs: number; queuedBytes: number; answered: number };
  /** What was written. */
  readonly written: Uint8Array[];
  /** How it was ended. */
  readonly closed: readonly (CloseReason | "end" | "destroy")[];
  /** Why it was not read. */
  readonly stops: readonly StopReason[];
  /** What it belongs to. */
  readonly host: DnsConnectionHost;
  /** What was counted. */
  readonly metrics: Metrics;
  /** The connection. */
  readonly connection: DnsConnection;
  /** Sends messages and gives what is answered at once. */
  ask(...messages: readonly Uint8Array[]): readonly Uint8Array[];
}

/** A port of one connection. */
export function open(
  { client = {}, forwarder, said, answer, queued }: Setting = {},
): OpenConnection {
  const world = { nowMs: 0, idleMs: 30_000, queuedBytes: 0, answered: 0 };
  const written: Uint8Array[] = [];
  const closed: (CloseReason | "end" | "destroy")[] = [];
  const stops: StopReason[] = [];
  const metrics = createMetrics();
  let turn = 0;
  const pick = (below: number) => turn++ % below;
  const table = buildNameTable({ generation: 1, services: SERVICES }, { domain: "cluster.local" });
  const answerer = answer ?? createAnswerer({ table: () => table, forwarder, pick });
  const outbox = new Outbox();
  const host: DnsConnectionHost = {
    limits: {
      ...{ maxConnections: 10, maxConnectionsPerClient: 10, maxInFlight: 100 },
      ...{ maxQueuedBytes: 1 << 20, maxQueuedBytesInAll: 1 << 26, handshakeTimeoutMs: 1 },
      frameTimeoutMs: 5_000,
      idleTimeoutMs: 30_000,
    },
    nowMs: () => world.nowMs,
    idleMs: () => world.idleMs,
    keepalive: () => keepaliveUnits(world.idleMs),
    answer(query, asker) {
      world.answered++;
      return answerer(query, asker);
    },
    said: said ?? new SaidAnswers(pick),
    outbox,
    queued: queued ?? new QueuedTotal(1 << 26, () => {}),
    observer: createDnsObserver({ metrics, logger: recordLogs().logger, logOneOf: 0 }),
    onStop: (reason) => void stops.push(reason),
    onClose: (reason) => void closed.push(reason),
  };
  const connection = new DnsConnection(
    {
      get queuedBytes() {
        return world.queuedBytes;
      },
      write: (bytes) => void written.push(bytes),
      end: () => void closed.push("end"),
      destroy: () => void closed.push("destroy"),
    },
    { address: "127.0.0.1", namespace: undefined, admitted: true, ...client },
    host,
  );
  return {
    world,
    written,
    closed,
    stops,
    host,
    metrics,
    connection,
    ask(...messages: readonly Uint8Array[]): readonly Uint8Array[] {
      written.length = 0;
      for (const each of messages) connection.receive(framed(each));
      assert.equal(outbox.length, 0, "nothing is left for another client");
      return written.flatMap(messagesIn);
    },
  };
}

/** The messages of what was written. */
export function messagesIn(bytes: Uint8Array): readonly Uint8Array[] {
  const messages: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = at + 2 + (bytes[at]! << 8 | bytes[at + 1]!);
    messages.push(bytes.subarray(at + 2, end));
    at = end;
  }
  return messages;
}

/** A query. */
export function ask(name: string, { id = 1, type = 1, flags = 0x0100, options }: {
  readonly id?: number;
  readonly type?: number;
  readonly flags?: number;
  readonly options?: Uint8Array | undefined;
} = {}): Uint8Array {
  const wire = wireName(...name.split("."));
  return options === undefined
    ? message({ id, flags }, question(wire, type))
    : message({ id, flags, counts: [1, 0, 0, 1] }, question(wire, type), opt(options));
}
