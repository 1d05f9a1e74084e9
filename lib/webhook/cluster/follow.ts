/**
 * The webhook configurations of this revision, followed: their bundles are the roots that signet's certificate chains to, and those that
 * validate fail closed once a refusal is proven. Every replica does it; who is slower finds nothing left to do.
 */
import { type Clock, messageOf, SignetError } from "../../base/mod.ts";
import {
  createReflector,
  type KubeClient,
  type KubeDocument,
  type Reflector,
  refusedStatus,
} from "../../kube/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../../telemetry/mod.ts";
import type { WebhookClusterConfig } from "../port.ts";
import type { WantedBundle } from "./bundle.ts";
import { changeInjection, changeValidation, lookAtValidation } from "./changes.ts";
import { proveRefusal } from "./proof.ts";
import { createRetries, type Retries } from "./retries.ts";

const GROUP = "/apis/admissionregistration.k8s.io/v1";
const PATHS = {
  injection: `${GROUP}/mutatingwebhookconfigurations`,
  validation: `${GROUP}/validatingwebhookconfigurations`,
} as const;
const CONFLICT = 409;
const FORBIDDEN = 403;
const NOT_FOUND = 404;

/** Waits after failures, in milliseconds: istiod's. A conflict is soon over; what lasts must not load the API server. */
export const RETRY_MS = { first: 100, longest: 60_000, quickTries: 5 } as const;

/** What it needs of the world. */
export interface ConfigurationsHost {
  /** The API server. */
  readonly client: KubeClient;
  /** Time. */
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** For what was written and what failed. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
}

/** Configurations that are followed; disposing it ends that. */
export interface Configurations extends AsyncDisposable {
  /** Brings a bundle to all of them, now and whenever one changes. */
  publish(wanted: WantedBundle): void;
  /** True when all that are known have the bundle, but for those that the cluster does not let signet write. */
  readonly isPublished: boolean;
}

type Kind = keyof typeof PATHS;

/** Starts to follow. */
export function followConfigurations(
  config: WebhookClusterConfig,
  host: ConfigurationsHost,
): Configurations {
  const kinds: readonly Followed[] = [
    ...(config.patchesInjection ? [new FollowedInjection(config, host)] : []),
    ...(config.patchesValidation ? [new FollowedValidation(config, host)] : []),
  ];
  return {
    publish: (wanted) => kinds.forEach((each) => each.publish(wanted)),
    get isPublished() {
      return kinds.every((each) => each.isPublished);
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(kinds.map((each) => each[Symbol.asyncDispose]()));
    },
  };
}

/** Configurations of one kind. */
abstract class Followed implements AsyncDisposable {
  protected readonly config: WebhookClusterConfig;
  protected readonly host: ConfigurationsHost;
  protected readonly logger: Logger;
  readonly #kind: Kind;
  readonly #reflector: Reflector<KubeDocument>;
  readonly #retries: Retries;
  /** Names that the cluster does not let signet write. */
  readonly #refused = new Set<string>();
  #wanted: WantedBundle | undefined;
  #isSynced = false;
  /** The cluster does not let signet look. */
  #isBlind = false;

  constructor(kind: Kind, config: WebhookClusterConfig, host: ConfigurationsHost) {
    this.#kind = kind;
    this.config = config;
    this.host = host;
    this.logger = host.logger.scoped("webhook");
    this.#retries = createRetries({
      clock: host.clock,
      work: (name) => this.#work(name),
      delayMs: (failures) => this.delayMs(failures),
      onFailure: (name, thrown) => this.#failed(name, thrown),
    });
    this.#reflector = createReflector({
      path: PATHS[kind],
      query: { labelSelector: `istio.io/rev=${config.revision}` },
      keep: (object) => object,
      onChange: (name) => this.#retries.want(name),
      onFailure: (thrown) => this.#cannotFollow(thrown),
    }, host);
    void this.#reflector.synced.then(() => {
      this.#isSynced = true;
      this.#isBlind = false;
    });
  }

  get isPublished(): boolean {
    if (!this.#isSynced) return this.#isBlind;
    const wanted = this.#wanted;
    return wanted === undefined ||
      [...this.#reflector.objects].every(([name, configuration]) =>
        this.#refused.has(name) || this.hasBundle(configuration, wanted)
      );
  }

  publish(wanted: WantedBundle): void {
    this.#wanted = wanted;
    this.wantAll();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#reflector[Symbol.asyncDispose]();
    await this.#retries[Symbol.asyncDispose]();
  }

  protected wantAll(): void {
    for (const name of this.#reflector.objects.keys()) this.#retries.want(name);
  }

  /** Looks at one configuration and writes what is to be written. */
  protected abstract bring(
    name: string,
    configuration: KubeDocument,
    wanted: WantedBundle,
  ): Promise<void>;
  protected abstract hasBundle(configuration: KubeDocument, wanted: WantedBundle): boolean;
  protected abstract delayMs(failures: number): number;
  protected abstract countFailure(name: string, thrown: unknown): void;

  async #work(name: string): Promise<void> {
    const configuration = this.#reflector.objects.get(name);
    if (configuration === undefined || this.#wanted === undefined) return;
    await this.bring(name, configuration, this.#wanted);
  }

  /** Writes it whole, with the version that was looked at, so that nobody's change is lost. */
  protected async write(name: string, configuration: KubeDocument): Promise<void> {
    try {
      const path = `${PATHS[this.#kind]}/${encodeURIComponent(name)}`;
      await this.host.client.request({ method: "PUT", path, body: configuration });
      this.#refused.delete(name);
      this.logger.info(EVENT.webhookConfigured, "Wrote a webhook configuration", { name });
    } catch (thrown) {
      // It went away meanwhile, which its watch tells.
      if (refusedStatus(thrown) === NOT_FOUND) return;
      if (refusedStatus(thrown) === FORBIDDEN) this.#refused.add(name);
      this.countFailure(name, thrown);
      throw thrown;
    }
  }

  #failed(name: string, thrown: unknown): void {
    const fields = { name, reason: messageOf(thrown) };
    if (refusedStatus(thrown) === CONFLICT) {
      this.logger.debug(EVENT.webhookConfigFailed, "Another was faster with it", fields);
    } else if (refusedStatus(thrown) === FORBIDDEN) {
      const message = "The cluster does not let signet write a webhook configuration";
      this.logger.error(EVENT.webhookConfigFailed, message, fields);
    } else {
      const message = "Cannot bring a webhook configuration up to date yet";
      this.logger.warn(EVENT.webhookConfigFailed, message, fields);
    }
  }

  #cannotFollow(thrown: unknown): void {
    if (refusedStatus(thrown) === FORBIDDEN) this.#isBlind = true;
    this.logger.warn(EVENT.webhookConfigFailed, "Cannot follow webhook configurations", {
      reason: messageOf(thrown),
    });
  }
}

class FollowedInjection extends Followed {
  constructor(config: WebhookClusterConfig, host: ConfigurationsHost) {
    super("injection", config, host);
  }

  protected async bring(
    name: string,
    configuration: KubeDocument,
    wanted: WantedBundle,
  ): Promise<void> {
    const change = changeInjection(configuration, wanted);
    if (change.kind === "foreign") return this.#countFailure(name, "webhook_entry_not_found");
    if (change.kind === "none") return;
    this.host.metrics.counter(METRIC.webhookPatchAttempts, { name }).inc();
    await this.write(name, change.configuration);
  }

  protected hasBundle(configuration: KubeDocument, wanted: WantedBundle): boolean {
    return changeInjection(configuration, wanted).kind !== "write";
  }

  protected countFailure(name: string, _thrown: unknown): void {
    this.#countFailure(name, "webhook_update_failure");
    this.host.metrics.counter(METRIC.webhookPatchRetries, { name }).inc();
  }

  #countFailure(name: string, reason: string): void {
    this.host.metrics.counter(METRIC.webhookPatchFailures, { name, reason }).inc();
  }

  protected delayMs(failures: number): number {
    return failures <= RETRY_MS.quickTries ? RETRY_MS.first : RETRY_MS.longest;
  }
}

class FollowedValidation extends Followed {
  /** For the life of the process, as what is proven once does not come undone by itself. */
  #isProven = false;

  constructor(config: WebhookClusterConfig, host: ConfigurationsHost) {
    super("validation", config, host);
  }

  protected async bring(
    name: string,
    configuration: KubeDocument,
    wanted: WantedBundle,
  ): Promise<void> {
    const { needsBundle, failsOpen } = lookAtValidation(configuration, wanted);
    if (!needsBundle && !failsOpen) return;
    const why = failsOpen && !this.#isProven ? await this.#prove() : undefined;
    const failsClosed = why === undefined;
    if (needsBundle || failsClosed) {
      await this.write(name, changeValidation(configuration, wanted, { failsClosed }));
      this.host.metrics.counter(METRIC.validationConfigUpdates).inc();
    }
    if (why === undefined) return;
    throw new SignetError(
      "webhook.not_ready",
      `Cannot let ${name} fail closed: a refusal of this webhook is not proven, ${why}`,
    );
  }

  /** Why it is not proven; `undefined` once it is. */
  async #prove(): Promise<string | undefined> {
    const proof = await proveRefusal(this.host.client, this.config);
    if (!proof.proven) return proof.why;
    this.#isProven = true;
    const message = "Validation is asked and heard: its configurations fail closed from now on";
    if (proof.doubt === undefined) this.logger.info(EVENT.webhookProven, message);
    else this.logger.warn(EVENT.webhookProven, message, { doubt: proof.doubt });
    this.wantAll();
    return undefined;
  }

  protected hasBundle(configuration: KubeDocument, wanted: WantedBundle): boolean {
    return !lookAtValidation(configuration, wanted).needsBundle;
  }

  protected countFailure(_name: string, thrown: unknown): void {
    const { status = 0 } = thrown instanceof SignetError ? thrown.fields : {};
    const reason = refusedStatus(thrown) === CONFLICT ? "Conflict" : String(status);
    this.host.metrics.counter(METRIC.validationConfigUpdateError, { reason }).inc();
  }

  protected delayMs(failures: number): number {
    return Math.min(RETRY_MS.longest, RETRY_MS.first * 2 ** Math.min(failures - 1, 20));
  }
}
