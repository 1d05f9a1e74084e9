/**
 * The renewal of one certificate, for as long as it is wanted: at half of its life, with jitter, with back-off when that fails.
 *
 * Nothing is scheduled for later than {@linkcode LOOK_MS}: the loop looks at the wall clock and at the certificate that is there, so
 * that a jump of the clock, a machine that slept, and a certificate that somebody else put there are all noticed within a minute.
 */
import { type Clock, formatGoDuration, isSignetError, messageOf, sleep } from "../base/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";

/** Longest time between two looks at the clock, in milliseconds. */
export const LOOK_MS = 60_000;
/** Shortest time between two attempts, in milliseconds. */
export const MIN_WAIT_MS = 1000;
/** Longest time between two attempts while they fail, in milliseconds. */
export const MAX_WAIT_MS = 300_000;
/** Renewal falls into this share of a certificate's life: machines that were started together part. */
const EARLIEST_SHARE = 0.45;
const LATEST_SHARE = 0.55;
/** An attempt that fails is made again while at least nine tenths of what is left of the life remain. */
const WAIT_SHARE_OF_REST = 0.1;

/** A certificate as the loop sees it. */
export interface Held {
  /** Differs between any two certificates. */
  readonly fingerprint: string;
  /** First instant of validity, milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Last second of validity, milliseconds since the epoch. */
  readonly notAfterMs: number;
  /** The roots beside it, as a text that changes when they do. */
  readonly roots: string;
}

/** What the loop does things with. */
export interface RenewalPort {
  /** The certificate that is there; `undefined` without one. @throws {SignetError} when it cannot be read. */
  current(): Promise<Held | undefined>;
  /** Gets the next one and puts it there. @throws {SignetError} when that fails; what was there then still is. */
  obtain(signal: AbortSignal): Promise<Held>;
}

/** What the loop needs of the world. */
export interface RenewalHost {
  /** Time. */
  readonly clock: Clock;
  /** A number from 0 to below 1. */
  readonly random: () => number;
  /** What was done and what failed. */
  readonly logger: Logger;
  /** Ends the loop. */
  readonly signal: AbortSignal;
}

/** When a certificate is to be renewed. */
export interface Plan {
  /** Which certificate. */
  readonly fingerprint: string;
  /** When its life began, as far as renewal goes: notBefore, or when it was got if that was later. */
  readonly startMs: number;
  /** Which share of its life it is used for. */
  readonly share: number;
}

/** The instant of renewal. A clock that went back before the start moves the start. */
export function dueMs(
  { startMs, share }: Plan,
  { notBeforeMs, notAfterMs }: Held,
  nowMs: number,
): number {
  const start = Math.max(notBeforeMs, Math.min(startMs, nowMs));
  return start + (notAfterMs - start) * share;
}

/** Time until the next attempt after `failures` in a row: doubled each time, at least half of that, and less when the end is near. */
export function backoffMs(failures: number, leftMs: number, random: number): number {
  const full = Math.min(MAX_WAIT_MS, MIN_WAIT_MS * 2 ** Math.min(failures - 1, 20));
  const capped = leftMs > 0 ? Math.min(full, leftMs * WAIT_SHARE_OF_REST) : full;
  return Math.max(MIN_WAIT_MS, capped * (0.5 + random / 2));
}

/** Renews until `signal` is aborted; then returns. Failures are logged and tried again. */
export async function keepRenewed(port: RenewalPort, host: RenewalHost): Promise<void> {
  const loop = new Renewal(port, host);
  while (!host.signal.aborted) {
    try {
      await sleep(host.clock, await loop.step(), { signal: host.signal });
    } catch (thrown) {
      if (!host.signal.aborted) throw thrown;
    }
  }
}

class Renewal {
  readonly #port: RenewalPort;
  readonly #host: RenewalHost;
  #plan: Plan | undefined;
  #failures = 0;
  #held: Held | undefined;

  constructor(port: RenewalPort, host: RenewalHost) {
    this.#port = port;
    this.#host = host;
  }

  /** Looks, renews when it is time, and says how long to wait before the next look. */
  async step(): Promise<number> {
    try {
      const held = await this.#port.current();
      if (held !== undefined) {
        this.#follow(held, held.notBeforeMs);
        const waitMs = this.#untilDue(held);
        if (waitMs > 0) return Math.min(waitMs, LOOK_MS);
      }
      return await this.#renew();
    } catch (thrown) {
      if (!isSignetError(thrown) || this.#host.signal.aborted) throw thrown;
      return this.#failed(thrown);
    }
  }

  async #renew(): Promise<number> {
    const { clock, logger, signal } = this.#host;
    const next = await this.#port.obtain(signal);
    this.#failures = 0;
    logger.info(EVENT.certificateRenewed, "Certificate renewed", {
      not_after: new Date(next.notAfterMs).toISOString(),
      valid_for: formatGoDuration(Math.max(0, next.notAfterMs - clock.nowMs())),
    });
    this.#follow(next, clock.nowMs());
    return Math.max(MIN_WAIT_MS, Math.min(this.#untilDue(next), LOOK_MS));
  }

  /** Makes a plan for a certificate that is new here, and tells of roots that are others than before. */
  #follow(held: Held, startMs: number): void {
    const { logger, random, clock } = this.#host;
    if (this.#held !== undefined && this.#held.roots !== held.roots) {
      logger.info(EVENT.certificateRootsChanged, "Roots changed", { roots: held.roots });
    }
    this.#held = held;
    if (this.#plan?.fingerprint === held.fingerprint) return;
    const share = EARLIEST_SHARE + (LATEST_SHARE - EARLIEST_SHARE) * random();
    this.#plan = { fingerprint: held.fingerprint, startMs, share };
    const due = dueMs(this.#plan, held, clock.nowMs());
    logger.info(EVENT.certificateRenewalDue, "Certificate in place", {
      not_after: new Date(held.notAfterMs).toISOString(),
      renew_at: new Date(due).toISOString(),
    });
  }

  #untilDue(held: Held): number {
    const nowMs = this.#host.clock.nowMs();
    return dueMs(this.#plan!, held, nowMs) - nowMs;
  }

  #failed(thrown: unknown): number {
    const { clock, logger, random } = this.#host;
    this.#failures++;
    const leftMs = this.#held === undefined ? 0 : this.#held.notAfterMs - clock.nowMs();
    const waitMs = backoffMs(this.#failures, leftMs, random());
    const state = this.#held === undefined
      ? "there is none"
      : leftMs > 0
      ? `valid for ${formatGoDuration(Math.floor(leftMs / 1000) * 1000)}`
      : `EXPIRED at ${new Date(this.#held.notAfterMs).toISOString()}`;
    logger.warn(EVENT.certificateRenewalFailed, "Cannot renew certificate; will try again", {
      reason: messageOf(thrown),
      failures: this.#failures,
      next_try_in: formatGoDuration(Math.round(waitMs)),
      certificate: state,
    });
    return Math.min(waitMs, MAX_WAIT_MS);
  }
}
