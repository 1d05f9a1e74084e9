/**
 * Sidecar injection: from a pod that is to be created to the patch that gives it a proxy, with Istio's templates, values and annotations.
 *
 * @example Nothing injects without a folder and a cluster
 * ```ts
 * import { systemClock } from "signet/base/mod.ts";
 * import { openInjector } from "signet/inject/mod.ts";
 * import { createLogger, createLogLevels, createMetrics } from "signet/telemetry/mod.ts";
 *
 * const clock = systemClock();
 * const levels = { default: "none" } as const;
 * const logger = createLogger({ json: true, levels }, { clock, levels: createLogLevels(levels), sink: () => {} });
 * const injector = await openInjector(undefined, {
 *   ...{ clock, logger, metrics: createMetrics(), kube: undefined },
 *   trustDomain: () => "cluster.local",
 * });
 * if (injector !== undefined) throw new TypeError("It is turned off");
 * ```
 *
 * @module
 */
export { checkInjector, type InjectorReport } from "./check.ts";
export { openInjector } from "./injector.ts";
export type {
  InjectConfig,
  InjectHost,
  Injector,
  InjectorTexts,
  InjectOutcome,
  InjectRequest,
  JsonObject,
  JsonPatchOperation,
  JsonValue,
} from "./port.ts";
