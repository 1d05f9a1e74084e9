/**
 * The xDS server: aggregated discovery, state of the world and delta, for proxies. Whoever carries the streams hands them in as plain data.
 *
 * @example Decide on a request
 * ```ts
 * import { decideSotw, TYPE_URL } from "signet/xds/mod.ts";
 *
 * const request = { typeUrl: TYPE_URL.cluster, names: [], responseNonce: "", error: undefined };
 * const { reply } = decideSotw(new Map(), request);
 * if (reply.kind !== "everything") throw new TypeError("A first request is answered in full");
 * ```
 *
 * @module
 */
export type { Resource } from "../envoy/mod.ts";
export { decideDelta } from "./delta.ts";
export type { DeltaRequest } from "./delta.ts";
export { TYPE_URL } from "./resource_types.ts";
export type {
  EndStatus,
  StreamCall,
  StreamEnd,
  StreamOutput,
  StreamView,
  TypeView,
  WithNode,
  XdsConfig,
  XdsHost,
  XdsResponse,
  XdsServer,
} from "./port.ts";
export { createXdsServer } from "./server.ts";
export { decideSotw } from "./sotw.ts";
export type { SotwRequest } from "./sotw.ts";
export type { Decision, Reply, Subscription, Subscriptions } from "./subscription.ts";
