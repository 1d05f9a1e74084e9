/**
 * What a stream is subscribed to of one type, and what a request makes of it: the parts that state of the world and delta share.
 * Plain values and pure functions; a session holds one {@linkcode Subscriptions} and replaces it.
 */

/** What a stream has asked for of one type. */
export interface Subscription {
  /** Names that were asked for one by one. */
  readonly names: ReadonlySet<string>;
  /** True when everything of the type was asked for. */
  readonly isWildcard: boolean;
  /** Nonce of the last response; empty before the first. */
  readonly nonceSent: string;
  /** Nonce that was accepted last. */
  readonly nonceAcked: string;
  /** What the client said of the last response that it refused; undefined once it has accepted a later one. */
  readonly lastError: string | undefined;
  /** True when the next request is answered although nothing in it changed: Envoy warms its clusters anew and waits for endpoints. */
  readonly mustAnswer: boolean;
}

/** The subscriptions of a stream by type URL. */
export type Subscriptions = ReadonlyMap<string, Subscription>;

/** What a request is answered with. */
export type Reply =
  | {
    /** No message. */
    readonly kind: "nothing";
    /** Why. */
    readonly why: "nack" | "stale" | "ack" | "unsubscribed";
  }
  | {
    /** Every resource that is subscribed to. */
    readonly kind: "everything";
    /** Names that the client has from before and that are to be taken back when they are no more. */
    readonly known: readonly string[];
  }
  | {
    /** Some. */
    readonly kind: "names";
    /** Their names. */
    readonly names: readonly string[];
  };

/** What comes of a request. */
export interface Decision {
  /** The subscriptions from now on. */
  readonly subscriptions: Subscriptions;
  /** The answer. */
  readonly reply: Reply;
}

/** A subscription without history. */
export function freshSubscription(
  names: ReadonlySet<string>,
  isWildcard: boolean,
): Subscription {
  return {
    ...{ names, isWildcard, nonceSent: "", nonceAcked: "" },
    ...{ lastError: undefined, mustAnswer: false },
  };
}

/** The subscriptions with one of them replaced, or taken away when it is undefined. */
export function withSubscription(
  subscriptions: Subscriptions,
  typeUrl: string,
  subscription: Subscription | undefined,
): Subscriptions {
  const next = new Map(subscriptions);
  if (subscription === undefined) next.delete(typeUrl);
  else next.set(typeUrl, subscription);
  return next;
}

/** The subscriptions after a response of a type went out. */
export function afterSending(
  subscriptions: Subscriptions,
  typeUrl: string,
  nonce: string,
): Subscriptions {
  const subscription = subscriptions.get(typeUrl);
  if (subscription === undefined) return subscriptions;
  return withSubscription(subscriptions, typeUrl, { ...subscription, nonceSent: nonce });
}

/** The reply that is none. */
export function nothing(why: Extract<Reply, { readonly kind: "nothing" }>["why"]): Reply {
  return { kind: "nothing", why };
}
