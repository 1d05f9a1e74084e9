/**
 * A Kubernetes cluster, by its API server: who may reach it and how, requests, copies of lists that follow it, token reviews.
 *
 * @example A kubeconfig with a program in it is refused
 * ```ts
 * import { isSignetError } from "signet/base/mod.ts";
 * import { parseKubeconfig } from "signet/kube/mod.ts";
 *
 * try {
 *   parseKubeconfig("current-context: nowhere", "config");
 * } catch (thrown) {
 *   if (!isSignetError(thrown, "kube.bad_config")) throw thrown;
 * }
 * ```
 *
 * @module
 */
export { describePermission, isAllowed, type KubePermission } from "./access_review.ts";
export { asObject, asText, asTexts, keyOf, metaOf, refusedStatus } from "./documents.ts";
export {
  type ClusterEvent,
  createEventRecorder,
  type EventObject,
  type EventRecorder,
  type EventRecorderHost,
} from "./events.ts";
export { readPluggedInSecret } from "./ca_secret.ts";
export type { KubeConfig } from "./file.ts";
export {
  aloneLeadership,
  electLeader,
  type Leadership,
  LEASE,
  type LeaseConfig,
  type LeaseHost,
} from "./lease.ts";
export type { KubeClientOptions } from "./client.ts";
export { parseKubeconfig } from "./kubeconfig.ts";
export {
  type LabelExpression,
  type LabelSelector,
  matchesLabels,
  type ObjectLabels,
  readSelector,
  selectorFault,
  selects,
} from "./label_selector.ts";
export {
  followNamespaces,
  type NamespaceFacts,
  type Namespaces,
  type NamespacesHost,
} from "./namespaces.ts";
export { type KubeCluster, openCluster, openForeignCluster } from "./open.ts";
export { type PermissionScope, serverPermissions, TRUST_BUNDLE } from "./permissions.ts";
export { followPods, type PodFacts, type PodIndex } from "./pod_index.ts";
export type {
  KubeAccess,
  KubeClient,
  KubeDocument,
  KubeRequest,
  ObjectMeta,
  TextSource,
  WatchEvent,
} from "./port.ts";
export type { RequestRate } from "./rate.ts";
export {
  createReflector,
  type Reflector,
  type ReflectorHost,
  type ReflectorOptions,
} from "./reflector.ts";
export {
  openSecretStore,
  readCaSecret,
  type SecretStore,
  type SecretStoreConfig,
  type SecretStoreHost,
} from "./secret_store.ts";
export { createSigningQueue, type SigningHost, type SigningRequest } from "./signing_request.ts";
export { reviewToken, type TokenReview } from "./token_review.ts";
