/**
 * What is said of connections to services (DestinationRule). A proxy takes it from its own namespace, else from the service's, else from the
 * root namespace; of several hosts that fit the most specific. Rules of one namespace for one host are put together: the first one's
 * traffic policy, and everybody's subsets.
 */
import type { DestinationRule, Subset, TrafficPolicy } from "../istio/mod.ts";
import { isExported, namespacesNamed } from "./exported.ts";
import { interned } from "./interned.ts";
import { type Policy, selects } from "./policies.ts";
import type { MeshService, MeshSnapshot } from "./port.ts";

/** What is said of connections to one host. */
export interface Destination {
  /** For all of it. */
  readonly trafficPolicy: TrafficPolicy | undefined;
  /** Its named parts, each name once. */
  readonly subsets: readonly Subset[];
}

/** Whose connections. */
interface Client {
  readonly namespace: string;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** Finds destinations. */
export interface Destinations {
  /** What is said of each service, in their order. */
  of(
    snapshot: MeshSnapshot,
    services: readonly MeshService[],
    client: Client,
  ): readonly (Destination | undefined)[];
  /** What of a client makes a difference. */
  keyOf(snapshot: MeshSnapshot, client: Client): string;
}

type Rule = Policy<DestinationRule>;

/** Rules of a namespace by the host that they are for. */
type HostRules = ReadonlyMap<string, readonly Rule[]>;

/** Where names that have no dot are looked for. */
const CLUSTER_DOMAIN = "svc.cluster.local";

/** Makes a {@linkcode Destinations} that remembers. */
export function createDestinations(): Destinations {
  const indexes = new WeakMap<readonly Rule[], Index>();
  const indexOf = (rules: readonly Rule[]) => {
    const known = indexes.get(rules) ?? build(rules);
    indexes.set(rules, known);
    return known;
  };
  const [together, patterns] = [interned(merge), createPatterns()];
  return {
    of({ policies: { destinations }, settings: { rootNamespace } }, services, client) {
      const { rules: index } = indexOf(destinations);
      if (index.size === 0) return services.map(() => undefined);
      return services.map((service) => {
        const places = [client.namespace, service.facts.namespace, rootNamespace];
        for (const place of new Set(places)) {
          const found = find(index.get(place), patterns(service), client);
          if (found.length > 0) return together(found);
        }
        return undefined;
      });
    },
    keyOf({ policies: { destinations } }, client) {
      const { namespaces, special } = indexOf(destinations);
      if (!namespaces.has(client.namespace)) return "";
      const own = special.filter((rule) => isFor(rule, client));
      return [client.namespace, ...own.map(({ name }) => name)].join(" ");
    },
  };
}

/** What is found once for a list of rules. */
interface Index {
  /** Rules by namespace and host. */
  readonly rules: ReadonlyMap<string, HostRules>;
  /** Namespaces whose clients may see what others do not. */
  readonly namespaces: ReadonlySet<string>;
  /** Rules for some workloads alone. */
  readonly special: readonly Rule[];
}

function build(rules: readonly Rule[]): Index {
  return {
    rules: new Map(
      [...Map.groupBy(rules, ({ namespace }) => namespace)].map(([namespace, own]) => [
        namespace,
        Map.groupBy(own, ({ spec: { host } }) => hostIn(host, namespace)),
      ]),
    ),
    namespaces: new Set(
      rules.flatMap(({ namespace, spec }) => namespacesNamed(spec.exportTo, namespace)),
    ),
    special: rules.filter(({ selector }) => selector !== undefined),
  };
}

/** A host without dots is a service of the namespace. */
export function hostIn(host: string, namespace: string): string {
  return host.includes(".") || host === "*" ? host : `${host}.${namespace}.${CLUSTER_DOMAIN}`;
}

/** The rules of the most specific host that has any for the client. */
function find(
  byHost: HostRules | undefined,
  patterns: readonly string[],
  client: Client,
): readonly Rule[] {
  if (byHost === undefined) return [];
  for (const name of patterns) {
    const seen = (byHost.get(name) ?? []).filter((rule) => isSeen(rule, client));
    const special = seen.filter((rule) => rule.selector !== undefined);
    if (seen.length > 0) return special.length > 0 ? special : seen;
  }
  return [];
}

/** Hosts of rules that fit a service, the most specific first, found once for each service. */
export function createPatterns(): (service: MeshService) => readonly string[] {
  const kept = new WeakMap<MeshService["facts"], readonly string[]>();
  return ({ facts }) => {
    const known = kept.get(facts) ?? patternsOf(facts.host);
    kept.set(facts, known);
    return known;
  };
}

/** A host, and the names with a wildcard that cover it, the longest first. */
function patternsOf(host: string): readonly string[] {
  const labels = host.replace(/^\*\./, "").split(".");
  const first = host.startsWith("*.") ? 0 : 1;
  const wild = labels.slice(first).map((_, at) => `*.${labels.slice(first + at).join(".")}`);
  return [...new Set([host, ...wild, "*"])];
}

function isSeen(rule: Rule, client: Client): boolean {
  const { namespace: own, spec: { exportTo } } = rule;
  return isExported(exportTo, { own, viewer: client.namespace }) &&
    (rule.selector === undefined || isFor(rule, client));
}

function isFor(rule: Rule, { namespace, labels = {} }: Client): boolean {
  return rule.namespace === namespace && selects(rule, { labels });
}

function merge(rules: readonly Rule[]): Destination {
  const subsets = new Map<string, Subset>();
  for (const { spec } of rules) {
    for (const subset of spec.subsets) {
      if (!subsets.has(subset.name)) subsets.set(subset.name, subset);
    }
  }
  const trafficPolicy = rules.find(({ spec }) => spec.trafficPolicy !== undefined)?.spec
    .trafficPolicy;
  return { trafficPolicy, subsets: [...subsets.values()] };
}
