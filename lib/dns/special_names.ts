/**
 * Names that are answered here and never sent upstream: `localhost`, and those that exist for nobody (RFC 6761, 7686, 8375), reverse
 * names of private addresses (RFC 6303, 4193), and discovery of other resolvers (RFC 9462), as this one is the client's.
 */
import { encodeRecord, type Query, QUESTION_NAME, RCODE, sectionOf, TYPE } from "./message/mod.ts";
import type { NameTable } from "./name_table.ts";
import type { DnsAnswer } from "./port.ts";
import { LOCAL_TTL_SECONDS } from "./record_cache.ts";
import { soaSection } from "./soa.ts";

const LOOPBACK = {
  [TYPE.A]: Uint8Array.of(127, 0, 0, 1),
  [TYPE.AAAA]: Uint8Array.of(...Array<number>(15).fill(0), 1),
} as const;

/** Zones in which nothing exists but the zone itself. */
const EMPTY_ZONES: readonly string[] = [
  ...["invalid", "test", "onion", "home.arpa", "resolver.arpa"],
  ...["10.in-addr.arpa", "168.192.in-addr.arpa", "254.169.in-addr.arpa", "127.in-addr.arpa"],
  ...Array.from({ length: 16 }, (_, i) => `${16 + i}.172.in-addr.arpa`),
  ...["0.in-addr.arpa", "255.255.255.255.in-addr.arpa", "d.f.ip6.arpa"],
  ...["8.e.f.ip6.arpa", "9.e.f.ip6.arpa", "a.e.f.ip6.arpa", "b.e.f.ip6.arpa"],
];

/** The zones by their last label: most names have another, and are told by it. */
const ZONES_BY_LAST_LABEL: ReadonlyMap<string, readonly string[]> = Map.groupBy(
  EMPTY_ZONES,
  lastLabel,
);

function lastLabel(name: string): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** The answer for a special name; `undefined` for any other. */
export function specialAnswer(query: Query, names: NameTable): Partial<DnsAnswer> | undefined {
  const { name, type } = query;
  if (name === "localhost" || name.endsWith(".localhost")) {
    const data = LOOPBACK[type as keyof typeof LOOPBACK] as Uint8Array | undefined;
    return data === undefined ? { authority: soaSection(names, "localhost") } : {
      answer: sectionOf([encodeRecord(QUESTION_NAME, { type, ttl: LOCAL_TTL_SECONDS, data })]),
    };
  }
  const zones = ZONES_BY_LAST_LABEL.get(lastLabel(name));
  const zone = zones?.find((zone) => name === zone || name.endsWith(`.${zone}`));
  if (zone === undefined) return undefined;
  return {
    rcode: name === zone ? RCODE.NOERROR : RCODE.NXDOMAIN,
    authority: soaSection(names, zone),
  };
}
