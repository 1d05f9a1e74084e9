/**
 * What every room stands on: errors, clock, background tasks, bytes. Imports nothing.
 *
 * @example Throw and recognise an error
 * ```ts
 * import { isSignetError, SignetError } from "signet/base/mod.ts";
 *
 * const error = new SignetError("x509.bad_csr", "Cannot read CSR: no CERTIFICATE REQUEST block found");
 * if (!isSignetError(error, "x509.bad_csr")) throw error;
 * ```
 *
 * @module
 */
export { isSignetError, messageOf, quote, SignetError, unreachable } from "./errors.ts";
export type { ErrorCode, SignetErrorOptions } from "./errors.ts";
export { checkTimerDelay, MAX_TIMER_MS, onNextTurn, sleep, systemClock } from "./clock.ts";
export type { Clock, Timer } from "./clock.ts";
export { createTaskGroup } from "./tasks.ts";
export type { TaskGroup, TaskGroupOptions } from "./tasks.ts";
export { concatBytes, constantTimeEqual, equalBytes, fromUtf8, readText, utf8 } from "./bytes.ts";
export type { Bytes, MaybePromise, ReadTextOptions } from "./bytes.ts";
export { formatIpAddress, parseIpAddress } from "./ip_address.ts";
export { isSame } from "./same.ts";
export { type IpPrefix, parseIpPrefix, prefixHas } from "./ip_prefix.ts";
export { formatGoDuration, parseGoDuration } from "./duration.ts";
