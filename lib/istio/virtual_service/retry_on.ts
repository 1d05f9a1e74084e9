/** `retryOn`: Envoy's conditions (`x-envoy-retry-on`, `x-envoy-retry-grpc-on`) and statuses of HTTP, with commas between them. */
import { quote } from "../../base/mod.ts";

const CONDITIONS = new Set([
  ...["5xx", "gateway-error", "reset", "reset-before-request", "connect-failure"],
  ...["retriable-4xx", "refused-stream", "retriable-status-codes", "retriable-headers"],
  ...["envoy-ratelimited", "http3-post-connect-failure"],
  ...["cancelled", "deadline-exceeded", "internal", "resource-exhausted", "unavailable"],
]);
/** Ranges of statuses that have a text in the IANA registry, as Go knows it. */
const STATUSES = [
  ...[[100, 103], [200, 208], [226, 226], [300, 305], [307, 308], [400, 418], [421, 426]],
  ...[[428, 429], [431, 431], [451, 451], [500, 508], [510, 511]],
];

/** What is wrong with the conditions. */
export function retryOnFault(retryOn: string): string | undefined {
  if (retryOn === "") return undefined;
  const wrong = retryOn.split(",").find((word) => !CONDITIONS.has(word) && !isStatus(word));
  return wrong === undefined ? undefined : `${quote(wrong)} is not a valid retryOn policy`;
}

function isStatus(word: string): boolean {
  if (!/^\+?0*\d{3}$/.test(word)) return false;
  const status = Number(word);
  return STATUSES.some(([from, to]) => status >= from! && status <= to!);
}
