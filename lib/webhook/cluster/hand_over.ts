/**
 * From one certificate to the next without a review that fails: the new roots are in every webhook configuration, beside those before,
 * before a leaf of theirs is shown; the old ones leave a while after.
 *
 * Replicas do not change in the same instant, and share the configurations: that is what the while is for.
 */
import { type Clock, createTaskGroup, sleep } from "../../base/mod.ts";
import type { ServerCert, ServingMaterial } from "../../server_cert/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../../telemetry/mod.ts";
import { blocksOf, type WantedBundle } from "./bundle.ts";
import type { Configurations } from "./follow.ts";

/** How long roots stay in a bundle after the last leaf of theirs, in milliseconds. */
export const LINGER_MS = 60_000;
/** The first time between two looks at whether a bundle is everywhere, and the longest, in milliseconds. */
const LOOK_MS = { first: 50, longest: 1_000 } as const;

/** What it needs of the world. */
export interface HandOverHost {
  /** Time. */
  readonly clock: Clock;
  /** The certificate and its roots. */
  readonly cert: Pick<ServerCert, "current" | "onChange">;
  /** Where the roots are published; `undefined` when nobody has to know them. */
  readonly configurations: Configurations | undefined;
  /** Shows a certificate in new handshakes. */
  readonly show: (material: ServingMaterial) => void;
  /** For what cannot be published. */
  readonly logger: Logger;
  /** For the counter of that. */
  readonly metrics: Metrics;
}

/** Starts to publish the roots, and to show each next leaf; disposing it ends that. */
export function handOver(host: HandOverHost): AsyncDisposable {
  return new HandOver(host);
}

class HandOver implements AsyncDisposable {
  readonly #host: HandOverHost;
  readonly #subscription: Disposable;
  readonly #tasks;
  /** Roots that are no more, and how long they stay; `undefined` while a leaf of theirs is shown. */
  readonly #leaving = new Map<string, number | undefined>();
  #roots: readonly string[];
  #shown: ServingMaterial | undefined;
  /** What is to be shown next. */
  #next: ServingMaterial | undefined;
  #timer: Disposable | undefined;

  constructor(host: HandOverHost) {
    this.#host = host;
    this.#tasks = createTaskGroup({
      onError: (_name, thrown) =>
        host.logger.error(EVENT.webhookFailed, "Cannot go on with certificates", {}, thrown),
    });
    this.#shown = host.cert.current;
    this.#roots = blocksOf(this.#shown?.clientRootsPem ?? "");
    this.#publish();
    this.#subscription = host.cert.onChange((material) => this.#change(material));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#subscription[Symbol.dispose]();
    this.#timer?.[Symbol.dispose]();
    await this.#tasks[Symbol.asyncDispose]();
  }

  #change(material: ServingMaterial): void {
    const roots = blocksOf(material.clientRootsPem);
    const isNewLeaf = material.certChainPem !== this.#shown?.certChainPem;
    const untilMs = isNewLeaf ? undefined : this.#host.clock.monotonicMs() + LINGER_MS;
    for (const root of this.#roots) {
      if (!roots.includes(root)) this.#leaving.set(root, untilMs);
    }
    for (const root of roots) this.#leaving.delete(root);
    this.#roots = roots;
    if (isNewLeaf) { for (const root of this.#leaving.keys()) this.#leaving.set(root, undefined); }
    const wasWaiting = this.#next !== undefined;
    this.#next = isNewLeaf ? material : undefined;
    this.#publish();
    if (isNewLeaf && !wasWaiting) {
      this.#tasks.run("show the next certificate", (signal) => this.#show(signal));
    }
    this.#expire();
  }

  /** Waits until the roots are everywhere, or until the leaf that is shown is of no use any more. */
  async #show(signal: AbortSignal): Promise<void> {
    const { clock, configurations, show } = this.#host;
    const isOver = () => this.#shown === undefined || clock.nowMs() >= this.#shown.notAfterMs;
    let delayMs: number = LOOK_MS.first;
    while (this.#next !== undefined && configurations?.isPublished === false && !isOver()) {
      await sleep(clock, delayMs, { signal });
      delayMs = Math.min(LOOK_MS.longest, delayMs * 1.25);
    }
    const next = this.#next;
    this.#next = undefined;
    if (next === undefined) return;
    this.#shown = next;
    show(next);
    const untilMs = clock.monotonicMs() + LINGER_MS;
    for (const root of this.#leaving.keys()) this.#leaving.set(root, untilMs);
    this.#publish();
    this.#expire();
  }

  #publish(): void {
    const { configurations } = this.#host;
    if (configurations === undefined) return;
    const wanted = this.#wanted();
    if (wanted.blocks.length > 0) return configurations.publish(wanted);
    const reason = "no root is known that signet's certificate chains to";
    this.#host.metrics.counter(METRIC.validationConfigLoadError, { reason: "no root" }).inc();
    this.#host.logger.warn(EVENT.webhookConfigFailed, "Cannot publish roots", { reason });
  }

  #wanted(): WantedBundle {
    const leaving = [...this.#leaving];
    const stillShown = leaving.filter(([, untilMs]) => untilMs === undefined);
    return {
      blocks: [...this.#roots, ...leaving.map(([root]) => root)],
      required: [...this.#roots, ...stillShown.map(([root]) => root)],
    };
  }

  /** Takes out what has stayed long enough. */
  #expire(): void {
    this.#timer?.[Symbol.dispose]();
    this.#timer = undefined;
    const ends = [...this.#leaving.values()].filter((untilMs) => untilMs !== undefined);
    if (ends.length === 0) return;
    const { clock } = this.#host;
    const delayMs = Math.max(0, Math.min(...ends) - clock.monotonicMs());
    this.#timer = clock.setTimer(delayMs, () => {
      const nowMs = clock.monotonicMs();
      for (const [root, untilMs] of this.#leaving) {
        if (untilMs !== undefined && untilMs <= nowMs) this.#leaving.delete(root);
      }
      this.#publish();
      this.#expire();
    });
  }
}
