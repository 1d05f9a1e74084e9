/**
 * Events of the cluster (core/v1 Event), where operators look: `kubectl events`. What is said again is counted on the Event that is there; all
 * together are few, whatever happens, since each is a write to etcd.
 */
import { type Clock, createTaskGroup, isSignetError } from "../base/mod.ts";
import { metaOf, refusedStatus } from "./documents.ts";
import type { KubeClient, KubeDocument } from "./port.ts";

/** Writes that may come at once; then one each {@linkcode EVENT_REFILL_MS}. */
export const EVENT_BURST = 10;
/** See {@linkcode EVENT_BURST}. */
export const EVENT_REFILL_MS = 30_000;
/** Events that are remembered, so that what is said again is counted. */
export const MAX_REMEMBERED_EVENTS = 100;
/** The API server takes a kilobyte. */
const MAX_MESSAGE_CHARS = 1_000;
/** Time for what is not written yet when the server stops. */
const FLUSH_MS = 2_000;

/** The object that an Event is about. */
export interface EventObject {
  /** `v1`, `coordination.k8s.io/v1`. */
  readonly apiVersion: string;
  /** `Secret`, `Pod`. */
  readonly kind: string;
  /** Its name. */
  readonly name: string;
}

/** What happened. */
export interface ClusterEvent {
  /** `Warning` where somebody should do something. */
  readonly type: "Normal" | "Warning";
  /** One word for programs, in upper camel case. */
  readonly reason: string;
  /** For people; never a secret. */
  readonly message: string;
  /** What it is about. */
  readonly about: EventObject;
}

/** What the recorder needs. */
export interface EventRecorderHost {
  /** The API server. */
  readonly client: Pick<KubeClient, "request">;
  /** Time. */
  readonly clock: Clock;
  /** Namespace of the objects, and of the Events. */
  readonly namespace: string;
  /** This server among its replicas. */
  readonly instance: string;
  /** Told what came of each: written, counted on one that was there, left out as there were too many, or failed. */
  readonly onResult: (
    result: "written" | "counted" | "left_out" | "failed",
    thrown?: unknown,
  ) => void;
}

/** Records Events; disposing it waits a moment for those that are being written. */
export interface EventRecorder extends AsyncDisposable {
  /** Records one, in the background. */
  record(event: ClusterEvent): void;
}

/** Makes a recorder. */
export function createEventRecorder(host: EventRecorderHost): EventRecorder {
  return new LiveRecorder(host);
}

interface Remembered {
  /** Its name in the cluster; empty until it is written. */
  name: string;
  count: number;
}

class LiveRecorder implements EventRecorder {
  readonly #host: EventRecorderHost;
  readonly #tasks;
  readonly #remembered = new Map<string, Remembered>();
  #tokens = EVENT_BURST;
  #filledMs: number;
  /** One write after the other: what is said twice at once is one Event. */
  #work: Promise<void> = Promise.resolve();

  constructor(host: EventRecorderHost) {
    this.#host = host;
    this.#filledMs = host.clock.monotonicMs();
    this.#tasks = createTaskGroup({ onError: (_name, thrown) => host.onResult("failed", thrown) });
  }

  record(event: ClusterEvent): void {
    const { type, reason, message, about } = event;
    const key = JSON.stringify([type, reason, message, about.kind, about.name]);
    const known = this.#remembered.get(key) ?? { name: "", count: 0 };
    known.count++;
    this.#remembered.delete(key);
    this.#remembered.set(key, known);
    for (const oldest of this.#remembered.keys()) {
      if (this.#remembered.size <= MAX_REMEMBERED_EVENTS) break;
      this.#remembered.delete(oldest);
    }
    if (!this.#take()) return this.#host.onResult("left_out");
    this.#tasks.run(reason, (signal) => {
      const written = this.#work.then(() => this.#write(event, known, signal));
      this.#work = written.catch(() => {});
      return written;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const over = Promise.withResolvers<void>();
    using _timer = this.#host.clock.setTimer(FLUSH_MS, over.resolve);
    await Promise.race([this.#work, over.promise]);
    await this.#tasks[Symbol.asyncDispose]();
  }

  #take(): boolean {
    const nowMs = this.#host.clock.monotonicMs();
    const refilled = Math.floor((nowMs - this.#filledMs) / EVENT_REFILL_MS);
    this.#tokens = Math.min(EVENT_BURST, this.#tokens + refilled);
    this.#filledMs += refilled * EVENT_REFILL_MS;
    if (this.#tokens === 0) return false;
    this.#tokens--;
    return true;
  }

  async #write(event: ClusterEvent, known: Remembered, signal: AbortSignal): Promise<void> {
    const { client, namespace, onResult } = this.#host;
    const path = `/api/v1/namespaces/${namespace}/events`;
    try {
      if (known.name !== "" && await this.#count(`${path}/${known.name}`, known, signal)) {
        return onResult("counted");
      }
      const body = this.#document(event, known.count);
      const created = await client.request({ method: "POST", path, body, signal });
      known.name = metaOf(created).name;
      onResult("written");
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      onResult("failed", thrown);
    }
  }

  /** False when the Event is gone: the cluster keeps them for an hour. */
  async #count(path: string, { count }: Remembered, signal: AbortSignal): Promise<boolean> {
    const body = { count, lastTimestamp: this.#now() };
    try {
      await this.#host.client.request({ method: "PATCH", path, body, signal });
      return true;
    } catch (thrown) {
      if (refusedStatus(thrown) === 404) return false;
      throw thrown;
    }
  }

  #document({ type, reason, message, about }: ClusterEvent, count: number): KubeDocument {
    const { namespace, instance } = this.#host;
    const now = this.#now();
    return {
      apiVersion: "v1",
      kind: "Event",
      metadata: { generateName: "signet-", namespace },
      involvedObject: { ...about, namespace },
      ...{ type, reason, count, message: message.slice(0, MAX_MESSAGE_CHARS) },
      firstTimestamp: now,
      lastTimestamp: now,
      source: { component: "signet" },
      reportingComponent: "signet",
      reportingInstance: instance,
    };
  }

  /** Kubernetes' Time has whole seconds. */
  #now(): string {
    return `${new Date(this.#host.clock.nowMs()).toISOString().slice(0, 19)}Z`;
  }
}
