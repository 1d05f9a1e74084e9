/**
 * Incremental xDS (`DeltaAggregatedResources`): what a request means to a stream.
 *
 * A request does two things that have nothing to do with one another: it speaks of the last response, and it changes the subscription.
 * So names are taken in and let go whatever the nonce says; istiod ignores those of a request that crossed a push, and their client waits.
 */
import { resourceType } from "./resource_types.ts";
import {
  type Decision,
  freshSubscription,
  nothing,
  type Reply,
  type Subscription,
  type Subscriptions,
  withSubscription,
} from "./subscription.ts";

/** The parts of a `DeltaDiscoveryRequest` that decide. */
export interface DeltaRequest {
  /** The type. */
  readonly typeUrl: string;
  /** `resource_names_subscribe`. */
  readonly subscribe: readonly string[];
  /** `resource_names_unsubscribe`. */
  readonly unsubscribe: readonly string[];
  /** Names in `initial_resource_versions`: what the client has from an earlier stream. */
  readonly initial: readonly string[];
  /** `response_nonce`. */
  readonly responseNonce: string;
  /** `error_detail.message`; undefined when nothing was refused. */
  readonly error: string | undefined;
}

/** The name that stands for everything. */
const WILDCARD = "*";

/** Decides what a request of a type that is answered means. */
export function decideDelta(subscriptions: Subscriptions, request: DeltaRequest): Decision {
  const { typeUrl } = request;
  const before = subscriptions.get(typeUrl);
  const keep = (subscription: Subscription, reply: Reply): Decision => ({
    subscriptions: withSubscription(subscriptions, typeUrl, subscription),
    reply,
  });
  if (before === undefined) {
    const subscription = firstSubscription(request);
    return request.error === undefined
      ? keep(subscription, { kind: "everything", known: request.initial })
      : keep({ ...subscription, lastError: request.error }, nothing("nack"));
  }
  const spoken = spokenOf(before, request);
  const { subscription, added, becameWildcard } = changed(spoken.subscription, request);
  if (becameWildcard) return keep(subscription, { kind: "everything", known: [] });
  return keep(
    subscription,
    added.length === 0 ? nothing(spoken.why) : { kind: "names", names: added },
  );
}

function firstSubscription(
  { typeUrl, subscribe, unsubscribe, initial }: DeltaRequest,
): Subscription {
  const names = new Set([...subscribe, ...initial]);
  const asksForNoName = subscribe.length === 0;
  for (const name of unsubscribe) names.delete(name);
  const isWildcardType = resourceType(typeUrl)?.isWildcard ?? false;
  // Istio's agent names everything in both lists when it wants nothing yet.
  const isWildcard = isWildcardType && !unsubscribe.includes(WILDCARD) &&
    (asksForNoName || names.has(WILDCARD));
  names.delete(WILDCARD);
  // Of a wildcard only names beyond it are kept, and what a client had is no name that it asked for.
  return freshSubscription(
    isWildcard ? new Set(subscribe.filter((name) => names.has(name))) : names,
    isWildcard,
  );
}

/** What the request says of the last response. */
function spokenOf(
  before: Subscription,
  { responseNonce, error }: DeltaRequest,
): { readonly subscription: Subscription; readonly why: "nack" | "stale" | "ack" } {
  if (error !== undefined) return { subscription: { ...before, lastError: error }, why: "nack" };
  if (responseNonce === "") return { subscription: before, why: "ack" };
  if (responseNonce !== before.nonceSent) return { subscription: before, why: "stale" };
  return {
    subscription: { ...before, nonceAcked: responseNonce, lastError: undefined },
    why: "ack",
  };
}

/** The names after the request. A name that is asked for again is answered again, as the protocol has it. */
function changed(
  before: Subscription,
  { typeUrl, subscribe, unsubscribe }: DeltaRequest,
): {
  readonly subscription: Subscription;
  readonly added: readonly string[];
  readonly becameWildcard: boolean;
} {
  if (subscribe.length === 0 && unsubscribe.length === 0) {
    return { subscription: before, added: [], becameWildcard: false };
  }
  const isWildcardType = resourceType(typeUrl)?.isWildcard ?? false;
  const names = new Set(before.names);
  const [wanted, gone] = [new Set(subscribe), new Set(unsubscribe)];
  const added = [...wanted].filter((name) => name !== WILDCARD && !gone.has(name));
  for (const name of added) names.add(name);
  for (const name of gone) names.delete(name);
  const isWildcard = isWildcardType && !gone.has(WILDCARD) &&
    (before.isWildcard || wanted.has(WILDCARD));
  return {
    subscription: { ...before, names, isWildcard },
    added,
    becameWildcard: isWildcard && !before.isWildcard,
  };
}
