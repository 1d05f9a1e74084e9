/**
 * State of the world (xDS REST and gRPC protocol, "ADS" with `StreamAggregatedResources`): what a request means to a stream.
 *
 * In order: a refusal is noted and answered with nothing, as the same configuration would be refused again; an empty list of names ends
 * a subscription of a type that goes by name; a first request, or one without a nonce, subscribes; an old nonce is ignored; the rest
 * accepts the last response and may change the names.
 */
import { resourceType, TYPE_URL } from "./resource_types.ts";
import {
  type Decision,
  freshSubscription,
  nothing,
  type Reply,
  type Subscription,
  type Subscriptions,
  withSubscription,
} from "./subscription.ts";

/** The parts of a `DiscoveryRequest` that decide. */
export interface SotwRequest {
  /** The type. */
  readonly typeUrl: string;
  /** `resource_names`. */
  readonly names: readonly string[];
  /** `response_nonce`. */
  readonly responseNonce: string;
  /** `error_detail.message`; undefined when nothing was refused. */
  readonly error: string | undefined;
}

/** Decides what a request of a type that is answered means. */
export function decideSotw(subscriptions: Subscriptions, request: SotwRequest): Decision {
  const { typeUrl, names, responseNonce, error } = request;
  const before = subscriptions.get(typeUrl);
  const isWildcard = resourceType(typeUrl)?.isWildcard ?? false;
  const keep = (subscription: Subscription | undefined, reply: Reply): Decision => ({
    subscriptions: withSubscription(subscriptions, typeUrl, subscription),
    reply,
  });
  if (error !== undefined) {
    return before === undefined
      ? { subscriptions, reply: nothing("nack") }
      : keep({ ...before, lastError: error }, nothing("nack"));
  }
  if (!isWildcard && names.length === 0) return keep(undefined, nothing("unsubscribed"));
  if (responseNonce === "" || before === undefined) {
    return subscribe(
      withSubscription(subscriptions, typeUrl, {
        ...freshSubscription(new Set(names), isWildcard),
        nonceSent: before?.nonceSent ?? "",
      }),
      typeUrl,
    );
  }
  if (responseNonce !== before.nonceSent) return { subscriptions, reply: nothing("stale") };
  const accepted = { ...before, nonceAcked: responseNonce, lastError: undefined };
  const after: Subscription = {
    ...accepted,
    mustAnswer: false,
    names: isWildcard ? before.names : new Set(names),
  };
  if (before.mustAnswer) return keep(after, { kind: "everything", known: [] });
  const added = isWildcard ? [] : [...after.names].filter((name) => !before.names.has(name));
  return keep(after, added.length === 0 ? nothing("ack") : { kind: "names", names: added });
}

/** Clusters that are asked for anew are warmed anew: the next word about endpoints is answered in full. */
function subscribe(subscriptions: Subscriptions, typeUrl: string): Decision {
  const endpoints = subscriptions.get(TYPE_URL.endpoints);
  return {
    subscriptions: typeUrl === TYPE_URL.cluster && endpoints !== undefined
      ? withSubscription(subscriptions, TYPE_URL.endpoints, { ...endpoints, mustAnswer: true })
      : subscriptions,
    reply: { kind: "everything", known: [] },
  };
}
