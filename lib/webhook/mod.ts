/**
 * Admission webhooks: what an API server asks before it stores a pod or a document of Istio's kinds, over HTTPS.
 *
 * @example What is no review is answered as Kubernetes' own decoder would
 * ```ts
 * import { decodeReview } from "signet/webhook/mod.ts";
 *
 * const decoded = decodeReview(new TextEncoder().encode("{}"));
 * if (decoded.kind !== "undecodable" || decoded.message !== "Object 'Kind' is missing in '{}'") {
 *   throw new TypeError("Should be refused");
 * }
 * ```
 *
 * @module
 */
export {
  type AdmissionRequest,
  type AdmissionResponse,
  type DecodedReview,
  decodeReview,
  type GroupVersion,
} from "./admission_review.ts";
export { type ConfigurationNames, configurationNames } from "./cluster/names.ts";
export type {
  Injector,
  InjectOutcome,
  InjectRequest,
  WebhookClusterConfig,
  WebhookConfig,
  WebhookHost,
  WebhookHttp,
} from "./port.ts";
export { listenWebhook, type WebhookServer } from "./webhook.ts";
