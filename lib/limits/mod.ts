/**
 * Rates, queues and fairness: who may ask how often, and whose turn it is. Pure: time is handed in.
 *
 * @example Two a second, no more than two at once
 * ```ts
 * import { createRateLimiter } from "signet/limits/mod.ts";
 *
 * const limiter = createRateLimiter({ perSecond: 2, burst: 2 });
 * const waits = [0, 0, 0].map((nowMs) => limiter.take("spiffe://cluster.local/ns/a/sa/b", nowMs));
 * if (waits.join() !== "0,0,500") throw new TypeError("The third has to wait half a second");
 * ```
 *
 * @module
 */
export { addressKey } from "./address_key.ts";
export { createFairQueue } from "./fair_queue.ts";
export type { FairQueue, FairQueueOptions, Place } from "./fair_queue.ts";
export { createRateLimiter, MAX_KEY_CHARS, MAX_KEYS } from "./rate_limiter.ts";
export type { RateLimit, RateLimiter } from "./rate_limiter.ts";
