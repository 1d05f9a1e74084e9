/** The `grpc-timeout` header (gRPC over HTTP/2: at most eight digits and a unit). */

const TIMEOUT_REGEXP = /^([0-9]{1,8})([HMSmun])$/;

const UNIT_MS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/** Milliseconds of a timeout; `undefined` when it is malformed. */
export function parseTimeoutMs(text: string): number | undefined {
  const match = TIMEOUT_REGEXP.exec(text);
  return match === null ? undefined : Number(match[1]) * UNIT_MS[match[2]!]!;
}
