/**
 * Rotation by the clock: at each check interval a root in its last stretch of life is renewed, and the steps of a rotation to a new key
 * are taken when they are due. No timer is set; whoever looks at the source every now and then calls this before.
 *
 * What istiod gets wrong here: it divides by a wait of zero, and leaves its expiry metrics, its client pool and, in 1.7, its own
 * certificate on the old root. Here all of those follow the source's next set.
 */
import { randomBytes } from "../crypto/mod.ts";
import type { CaSet } from "../store/mod.ts";
import { EVENT } from "../telemetry/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import { keyIdOf, nextStep, renewalDueMs, renewRoot, signingCertificate } from "./rotation.ts";
import type { CaHost } from "./source.ts";

/** After a step that failed, this long until it is tried again, in milliseconds. */
const RETRY_MS = 60_000;

/** When a root is rotated by the clock. */
export interface RotationConfig {
  /** Time between two checks; zero and less never check. */
  readonly checkIntervalMs: number;
  /** A root is renewed when this part of its life is left, in percent: 0 when it has ended, 100 at every check. */
  readonly gracePercentile: number;
  /** True begins with a random part of an interval, so that servers do not check at once. */
  readonly jitter: boolean;
  /** Lifetime of a renewed root. */
  readonly rootTtlMs: number;
}

/** Rotates by the clock. */
export interface Rotator {
  /** Takes what is due of the set that is in force. @throws {SignetError} `store.*` when it cannot be written. */
  look(inForce: RotatedSet): Promise<void>;
}

/** What decides whether something is due. */
export interface RotatedSet {
  /** The certificate that signs. */
  readonly certificate: Certificate;
  /** The step that a rotation stands in. */
  readonly rotation: CaSet["rotation"];
}

/** Makes a {@linkcode Rotator}; `random` gives a number from 0 up to 1. */
export function createRotator(
  config: RotationConfig,
  host: CaHost,
  random: () => number = randomPart,
): Rotator {
  const { clock } = host;
  const logger = host.logger.scoped("ca");
  const delayMs = config.jitter ? jitterMs(config.checkIntervalMs, random) : 0;
  let nextCheckMs = clock.monotonicMs() + delayMs;
  let retryMs = 0;
  return {
    async look({ certificate, rotation }) {
      if (host.mayRotate?.() === false) return;
      const nowMs = clock.nowMs();
      const tick = clock.monotonicMs();
      if (rotation !== undefined) {
        if (nowMs < rotation.dueMs || tick < retryMs) return;
        retryMs = tick + RETRY_MS;
        await takeStep(host, nowMs);
        retryMs = 0;
        logger.info(EVENT.caRotated, "Took the next step of the rotation to a new key", {
          phase: rotation.phase === "announced" ? "switched" : "withdrawn",
        });
        return;
      }
      if (!(config.checkIntervalMs > 0) || tick < nextCheckMs) return;
      nextCheckMs = tick + config.checkIntervalMs;
      if (nowMs < renewalDueMs(certificate, config.gracePercentile)) return;
      await renewIfDue(config, host, nowMs);
      logger.info(EVENT.caRotated, "Renewed the root with its key");
    },
  };
}

/** Whole seconds from 0 up to, not including, the interval. */
export function jitterMs(intervalMs: number, random: () => number): number {
  return Math.max(0, Math.floor(random() * intervalMs / 1000)) * 1000;
}

function randomPart(): number {
  const [number = 0] = new Uint32Array(randomBytes(4).buffer);
  return number / 2 ** 32;
}

/** Another process may have taken the step meanwhile: what is current decides. */
async function takeStep({ store }: CaHost, nowMs: number): Promise<void> {
  await store.update(async (current) => {
    if (current.rotation === undefined || nowMs < current.rotation.dueMs) return undefined;
    const lastLeafMs = await store.leafEnds.last(keyIdOf(signingCertificate(current)));
    return nextStep(current, { nowMs, lastLeafMs });
  });
}

async function renewIfDue(config: RotationConfig, host: CaHost, nowMs: number): Promise<void> {
  await host.store.update(async (current) => {
    if (current.rotation !== undefined) return undefined;
    const certificate = signingCertificate(current);
    if (nowMs < renewalDueMs(certificate, config.gracePercentile)) return undefined;
    return await renewRoot(current, config.rootTtlMs, { crypto: host.crypto, nowMs });
  });
}
