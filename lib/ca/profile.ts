/**
 * How long a certificate lives: istiod's TTL rules (requested, default, maximum, backdating, clamping).
 *
 * Leaves are dated two minutes back, against clocks that are behind, and never outlive the certificate that signs them.
 */
import { formatGoDuration, SignetError } from "../base/mod.ts";

/** Leaves start this long before now. */
export const BACKDATE_MS = 120_000;

/** TTL rules of a CA, in milliseconds. */
export interface TtlRules {
  /** Used when a request asks for zero or less. */
  readonly defaultTtlMs: number;
  /** More than this is refused. */
  readonly maxTtlMs: number;
}

/** Validity of a certificate in milliseconds since the epoch, whole seconds. */
export interface Validity {
  /** First instant of validity. */
  readonly notBeforeMs: number;
  /** Last instant of validity. */
  readonly notAfterMs: number;
}

/**
 * The TTL in milliseconds for a request of `requestedSeconds`.
 * The comparison is in whole numbers of any size, so that no request wraps around (istiod's does).
 *
 * @throws {SignetError} `ca.ttl_error` when more than the maximum is asked for.
 */
export function grantTtl(requestedSeconds: bigint, rules: TtlRules): number {
  if (requestedSeconds <= 0n) return rules.defaultTtlMs;
  const requestedMs = requestedSeconds * 1000n;
  if (requestedMs > BigInt(Math.floor(rules.maxTtlMs))) {
    throw new SignetError(
      "ca.ttl_error",
      `requested TTL ${formatGoDuration(requestedMs)} is greater than the max allowed TTL ${
        formatGoDuration(rules.maxTtlMs)
      }`,
    );
  }
  return Number(requestedMs);
}

/**
 * The validity of a leaf issued now.
 *
 * @throws {SignetError} `ca.cert_gen_error` when the signing certificate has expired.
 */
export function leafValidity(nowMs: number, ttlMs: number, signerNotAfterMs: number): Validity {
  if (nowMs > signerNotAfterMs) {
    throw new SignetError(
      "ca.cert_gen_error",
      `signing certificate has expired at ${new Date(signerNotAfterMs).toISOString()}`,
    );
  }
  const second = Math.floor(nowMs / 1000) * 1000;
  return {
    notBeforeMs: second - BACKDATE_MS,
    notAfterMs: Math.min(second + Math.floor(ttlMs / 1000) * 1000, signerNotAfterMs),
  };
}
