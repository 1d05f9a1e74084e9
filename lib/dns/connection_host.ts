/** What a connection needs of its socket and of the port that it belongs to. */
import type { DnsLimits } from "./limits.ts";
import type { DnsObserver } from "./observer.ts";
import type { Outbox } from "./outbox.ts";
import type { Answerer } from "./port.ts";
import type { QueuedTotal } from "./queued_total.ts";
import type { SaidAnswers } from "./said_answers.ts";

/** The socket as a connection sees it. */
export interface DnsWire {
  /** Octets that were written and not yet taken. */
  readonly queuedBytes: number;
  /** Writes. */
  write(bytes: Uint8Array): void;
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
  | "backlog"
  | "queue_full"
  | "garbage"
  | "failed";

/** Why nothing more of what a client sends is looked at for now. */
export type StopReason = "in_flight" | "unread";

/** What all connections of a port share. */
export interface DnsConnectionHost {
  /** Bounds. */
  readonly limits: DnsLimits;
  /** Monotonic time, in milliseconds. */
  readonly nowMs: () => number;
  /** The idle time now, in milliseconds. */
  readonly idleMs: () => number;
  /** The idle time now, as the keepalive option says it. */
  readonly keepalive: () => number;
  /** Answers a query. */
  readonly answer: Answerer;
  /** Answers that may be said again. */
  readonly said: SaidAnswers;
  /** Where answers are put together; empty between two turns. */
  readonly outbox: Outbox;
  /** What waits for all clients together. */
  readonly queued: QueuedTotal;
  /** Hears of every answer. */
  readonly observer: DnsObserver;
  /** Hears that a client has to wait. */
  readonly onStop: (reason: StopReason) => void;
  /** Hears why the server ended a connection. */
  readonly onClose: (reason: CloseReason, thrown?: unknown) => void;
}
