/** What a stream is sent: from a reply or a push, the subscriptions and two configurations to the content of responses. Pure. */
import {
  all,
  type Differ,
  find,
  type ProxyConfig,
  type Resource,
  type ResourceSet,
} from "../envoy/mod.ts";
import { PUSH_ORDER, resourceType, TYPE_URL } from "./resource_types.ts";
import type { Reply, Subscription, Subscriptions } from "./subscription.ts";

/** The content of one response. */
export interface Content {
  /** The type. */
  readonly typeUrl: string;
  /** The resources. */
  readonly resources: readonly Resource[];
  /** Names that are no more; delta alone says so. */
  readonly removed: readonly string[];
}

const NONE: ResourceSet = [];

/** The resources of a type. */
function setOf(typeUrl: string, config: ProxyConfig): ResourceSet {
  switch (typeUrl) {
    case TYPE_URL.cluster:
      return config.clusters;
    case TYPE_URL.endpoints:
      return config.endpoints;
    case TYPE_URL.listener:
      return config.listeners;
    case TYPE_URL.routes:
      return config.routes;
    default:
      return NONE;
  }
}

/** Names that no set has are answered all the same where a proxy waits for the answer, and left out elsewhere. */
function named(typeUrl: string, names: Iterable<string>, config: ProxyConfig): readonly Resource[] {
  const set = setOf(typeUrl, config);
  return [...names].flatMap((name) => {
    const resource = find(set, name);
    if (resource !== undefined) return [resource];
    if (typeUrl === TYPE_URL.endpoints) return [config.unknownEndpoints(name)];
    return typeUrl === TYPE_URL.routes ? [config.unknownRoutes(name)] : [];
  });
}

/** The content of the response to a request; undefined for none. */
export function answer(
  reply: Reply,
  { typeUrl, subscription, config }: {
    readonly typeUrl: string;
    readonly subscription: Subscription | undefined;
    readonly config: ProxyConfig;
  },
): Content | undefined {
  if (reply.kind === "nothing" || subscription === undefined) return undefined;
  const set = setOf(typeUrl, config);
  if (reply.kind === "names") {
    const isWildcard = resourceType(typeUrl)?.isWildcard ?? false;
    // Of a type that is told whole, a name that does not exist is told to be gone.
    const removed = isWildcard ? reply.names.filter((name) => find(set, name) === undefined) : [];
    return { typeUrl, resources: named(typeUrl, reply.names, config), removed };
  }
  if (!subscription.isWildcard) {
    return { typeUrl, resources: named(typeUrl, subscription.names, config), removed: [] };
  }
  const removed = reply.known.filter((name) => find(set, name) === undefined);
  return { typeUrl, resources: all(set), removed };
}

/** Endpoints of clusters that were just sent: a proxy that makes a cluster anew waits for them. */
export function endpointsAfter(
  clusters: Content,
  subscriptions: Subscriptions,
  config: ProxyConfig,
): Content | undefined {
  const subscription = subscriptions.get(TYPE_URL.endpoints);
  if (subscription === undefined) return undefined;
  const names = clusters.resources.map(({ name }) => name)
    .filter((name) => subscription.names.has(name));
  return names.length === 0 ? undefined : {
    typeUrl: TYPE_URL.endpoints,
    resources: named(TYPE_URL.endpoints, names, config),
    removed: [],
  };
}

/**
 * The contents of a push, in the order in which they go out. A type in which nothing changed sends nothing. State of the world sends
 * clusters and listeners whole, as what it leaves out would be taken away.
 */
export function push(
  { before, after }: { readonly before: ProxyConfig; readonly after: ProxyConfig },
  { subscriptions, protocol, differ }: {
    readonly subscriptions: Subscriptions;
    readonly protocol: "sotw" | "delta";
    readonly differ: Differ;
  },
): readonly Content[] {
  let clusters: readonly Resource[] = [];
  return PUSH_ORDER.flatMap((typeUrl) => {
    const subscription = subscriptions.get(typeUrl);
    if (subscription === undefined) return [];
    const diff = differ.between(setOf(typeUrl, before), setOf(typeUrl, after));
    if (subscription.isWildcard) {
      if (typeUrl === TYPE_URL.cluster) clusters = diff.changed;
      if (diff.changed.length + diff.removed.length === 0) return [];
      return [
        protocol === "delta"
          ? { typeUrl, resources: diff.changed, removed: diff.removed }
          : { typeUrl, resources: all(setOf(typeUrl, after)), removed: [] },
      ];
    }
    const { names } = subscription;
    const changed = new Set(
      diff.changed.filter(({ name }) => names.has(name)).map(({ name }) => name),
    );
    if (typeUrl === TYPE_URL.endpoints) {
      for (const { name } of clusters) if (names.has(name)) changed.add(name);
    }
    // What is no more keeps its name, with nothing in it, as long as somebody asks for it.
    for (const name of diff.removed) if (names.has(name)) changed.add(name);
    if (changed.size === 0) return [];
    return [{ typeUrl, resources: named(typeUrl, changed, after), removed: [] }];
  });
}
