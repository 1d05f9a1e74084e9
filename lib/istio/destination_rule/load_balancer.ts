/** Load balancing (`LoadBalancerSettings`): a simple choice or a hash, localities, warming up. */
import { list, map, object } from "../schema/collection.ts";
import { below, type Cursor, fault, repeatsOf, type ValueOf, warn } from "../schema/port.ts";
import {
  choice,
  decimal,
  duration,
  flag,
  nullable,
  optional,
  text,
  uint32,
  uint64,
} from "../schema/scalar.ts";
import { localitiesFault } from "./locality.ts";

/** Envoy's largest Maglev table is below this. */
const MAGLEV_END = 5_000_011;
const TOPOLOGY_LABELS = [
  "topology.kubernetes.io/region",
  "topology.kubernetes.io/zone",
  "topology.istio.io/subzone",
];

const HTTP_COOKIE = object({
  name: text(),
  path: text(),
  ttl: duration({ positive: false, wholeMs: false }),
  attributes: list(object({ name: text(), value: text() }, { required: ["name"] })),
}, { required: ["name"] });
const CONSISTENT_HASH = object({
  httpHeaderName: optional(text()),
  httpCookie: HTTP_COOKIE,
  useSourceIp: optional(flag()),
  httpQueryParameterName: optional(text()),
  ringHash: object({ minimumRingSize: uint64() }),
  maglev: object({ tableSize: uint64() }),
  minimumRingSize: uint64(),
}, {
  oneOf: [
    ["httpHeaderName", "httpCookie", "useSourceIp", "httpQueryParameterName"],
    ["ringHash", "maglev"],
  ],
});
const FAILOVER = list(object({ from: text(), to: text() }));
const LOCALITY = object({
  distribute: list(object({ from: text(), to: map(uint32()) })),
  failover: FAILOVER,
  failoverPriority: list(text()),
  enabled: nullable(flag()),
});
const ZONE_AWARE = object({
  enabled: nullable(flag()),
  failover: FAILOVER,
  failoverPriority: list(text()),
  minClusterSize: nullable(uint32({ min: 1 })),
});
/** `loadBalancer`. */
export const LOAD_BALANCER = object({
  simple: optional(
    choice(
      ...["UNSPECIFIED", "LEAST_CONN", "RANDOM", "PASSTHROUGH", "ROUND_ROBIN"] as const,
      "LEAST_REQUEST",
    ),
  ),
  consistentHash: CONSISTENT_HASH,
  localityLbSetting: LOCALITY,
  zoneAwareLbSetting: ZONE_AWARE,
  warmup: object({
    duration: duration(),
    minimumPercent: nullable(decimal({ min: 0, max: 100 })),
    aggression: nullable(decimal({ min: 0 })),
  }, { required: ["duration"] }),
  warmupDurationSecs: duration({ wholeMs: false }),
}, { oneOf: [["simple", "consistentHash"]] });

/** How requests are spread over endpoints; durations are in milliseconds. */
export type LoadBalancer = NonNullable<ValueOf<typeof LOAD_BALANCER>>;
type ConsistentHash = NonNullable<LoadBalancer["consistentHash"]>;
type LocalitySetting = NonNullable<LoadBalancer["localityLbSetting"]>;

/** The rules between its fields; `watchesOutliers` says whether endpoints that fail are found out. */
export function checkLoadBalancer(
  balancer: LoadBalancer | undefined,
  at: Cursor,
  { watchesOutliers }: { readonly watchesOutliers: boolean },
): void {
  if (balancer === undefined) return;
  const { consistentHash, localityLbSetting, warmup } = balancer;
  if (consistentHash !== undefined) checkHash(consistentHash, below(at, "consistentHash"));
  if (localityLbSetting !== undefined) {
    checkLocality(localityLbSetting, below(at, "localityLbSetting"), { watchesOutliers });
  }
  if (warmup?.aggression !== undefined && warmup.aggression < 1) {
    fault(
      below(at, "warmup", "aggression"),
      "aggression should be greater than or equal to 1",
    );
  }
}

function checkHash(hash: ConsistentHash, at: Cursor): void {
  if (hash.httpCookie !== undefined) checkCookie(hash.httpCookie, below(at, "httpCookie"));
  if (hash.minimumRingSize !== 0) {
    const place = below(at, "minimumRingSize");
    warn(
      place,
      "consistent hash MinimumRingSize is deprecated, use ConsistentHashLB's RingHash configuration instead",
    );
    if (hash.ringHash !== undefined || hash.maglev !== undefined) {
      fault(place, "only one of MinimumRingSize or Maglev/Ringhash can be specified");
    }
  }
  if (hash.maglev === undefined) return;
  const { tableSize } = hash.maglev;
  const place = below(at, "maglev", "tableSize");
  if (tableSize === 0) fault(place, "tableSize must be set for maglev");
  else if (tableSize >= MAGLEV_END) {
    fault(place, `tableSize must be less than ${MAGLEV_END} for maglev`);
  } else if (!isPrime(tableSize)) fault(place, "tableSize must be a prime number for maglev");
}

function checkCookie(cookie: NonNullable<ConsistentHash["httpCookie"]>, at: Cursor): void {
  if (cookie.name === "") fault(below(at, "name"), "name required for HttpCookie");
  const repeats = repeatsOf(cookie.attributes.map(({ name }) => name));
  for (const [index, { name }] of cookie.attributes.entries()) {
    const place = below(at, "attributes", index, "name");
    if (name === "") fault(place, "cookie attribute name cannot be empty");
    else if (repeats.has(index)) fault(place, `duplicate cookie attribute name: ${name}`);
  }
}

/** 1 counts, as it does for Envoy. */
function isPrime(value: number): boolean {
  if (value < 4) return true;
  if (value % 2 === 0) return false;
  for (let factor = 3; factor * factor <= value; factor += 2) {
    if (value % factor === 0) return false;
  }
  return true;
}

function checkLocality(
  { distribute, failover, failoverPriority }: LocalitySetting,
  at: Cursor,
  { watchesOutliers }: { readonly watchesOutliers: boolean },
): void {
  if (distribute.length > 0 && failover.length > 0) {
    return fault(
      below(at, "failover"),
      "can not simultaneously specify 'distribute' and 'failover'",
    );
  }
  const topology = failoverPriority.findIndex((label) => TOPOLOGY_LABELS.includes(label));
  if (failover.length > 0 && topology >= 0) {
    const label = failoverPriority[topology]!;
    return fault(
      below(at, "failoverPriority", topology),
      `can not simultaneously set 'failover' and topology label '${label}' in 'failover_priority'`,
    );
  }
  checkDistribute(distribute, below(at, "distribute"));
  if ((failover.length > 0 || failoverPriority.length > 0) && !watchesOutliers) {
    warn(at, "outlier detection policy must be provided for failover");
  }
  for (const [index, { from, to }] of failover.entries()) {
    const place = below(at, "failover", index);
    if (from === to) fault(place, "locality lb failover settings must specify different regions");
    if (`${from}${to}`.includes("/")) fault(place, "locality lb failover only specify region");
    if (`${from}${to}`.includes("*")) {
      fault(place, "locality lb failover region should not contain '*' wildcard");
    }
  }
}

function checkDistribute(distribute: LocalitySetting["distribute"], at: Cursor): void {
  for (const [index, { to }] of distribute.entries()) {
    const place = below(at, index, "to");
    const weights = Object.entries(to);
    const wrong = weights.find(([, weight]) => weight <= 0 || weight > 100);
    if (wrong !== undefined) {
      return fault(below(place, wrong[0]), "locality weight must be in range [1, 100]");
    }
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
    if (total !== 100) return fault(place, `total locality weight ${total} != 100`);
    fault(place, localitiesFault(Object.keys(to)));
  }
  fault(at, localitiesFault(distribute.map(({ from }) => from)));
}
