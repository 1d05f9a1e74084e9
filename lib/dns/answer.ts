/**
 * From a query to an answer: the mesh's own names first, then names that are answered here by their nature (RFC 6761, 6303, 9462), then
 * upstream. Local answers have AA, a TTL of 30 seconds and, when there is nothing, a SOA (RFC 2308); a failure is never NXDOMAIN.
 */
import {
  CLASS,
  EMPTY_SECTION,
  encodeName,
  encodeRecord,
  EXTENDED_ERROR,
  type ExtendedError,
  FLAG,
  type Query,
  QUESTION_NAME,
  RCODE,
  type Section,
  sectionOf,
  srvData,
  textData,
  TYPE,
} from "./message/mod.ts";
import type { NameRecords } from "./name_records.ts";
import type { NameAnswer, NameTable } from "./name_table.ts";
import type { Answerer, DnsAnswer, DnsClient, Forwarder, Reuse } from "./port.ts";
import { createRecordCache, LOCAL_TTL_SECONDS, type RecordCache } from "./record_cache.ts";
import { soaSection } from "./soa.ts";
import { specialAnswer } from "./special_names.ts";

/** What answering needs. */
export interface AnswerOptions {
  /** The names now; undefined before the first table. */
  readonly table: () => NameTable | undefined;
  /** For every other name; undefined when nothing is forwarded. */
  readonly forwarder: Forwarder | undefined;
  /** A number from 0 up to, not including, `below`: which of several addresses comes first. */
  readonly pick: (below: number) => number;
}

/** SRV weight of one of several targets, as Kubernetes' DNS has it: shares of a hundred. */
const SRV_WEIGHT = 100;

/** What the table says is right for as long as the table is. */
const AS_LONG_AS_THE_TABLE: Reuse = { untilMs: Infinity, orders: [], onReuse: undefined };

/** What the steps of answering share. */
interface World {
  readonly cache: RecordCache;
  readonly pick: (below: number) => number;
  readonly forwarder: Forwarder | undefined;
  /** RA when there is a forwarder. */
  readonly available: number;
}

/** Makes an {@linkcode Answerer}. */
export function createAnswerer({ table, forwarder, pick }: AnswerOptions): Answerer {
  const available = forwarder === undefined ? 0 : FLAG.RA;
  const world: World = { cache: createRecordCache(pick), pick, forwarder, available };
  return (query, client) => {
    const refusal = refusalOf(query, client);
    if (refusal !== undefined) return refuse(world, refusal);
    const names = table();
    if (names === undefined) return notReady(world);
    const found = names.lookup(query.name, client);
    switch (found.kind) {
      case "host":
        return ofHost(world, query, { found, names });
      case "absent":
        return nothing(world, { names, apex: found.apex, rcode: RCODE.NXDOMAIN });
      case "unknown":
        return ofUnknown(world, query, { names, ...found });
      default: {
        const answer = dataOf(query, found);
        const apex = found.kind === "srv" ? found.apex : names.domain;
        return answer === undefined ? nothing(world, { names, apex }) : local(world, { answer });
      }
    }
  };
}

function local({ available }: World, parts: Partial<DnsAnswer>): DnsAnswer {
  return {
    rcode: RCODE.NOERROR,
    flags: FLAG.AA | available,
    answer: EMPTY_SECTION,
    authority: EMPTY_SECTION,
    additional: EMPTY_SECTION,
    extendedError: undefined,
    source: "local",
    reuse: AS_LONG_AS_THE_TABLE,
    ...parts,
  };
}

function refuse(world: World, extendedError: ExtendedError): DnsAnswer {
  const flags = world.available;
  const refused = { rcode: RCODE.REFUSED, source: "refused", reuse: undefined } as const;
  return local(world, { ...refused, flags, extendedError });
}

function notReady(world: World): DnsAnswer {
  const extendedError = { code: EXTENDED_ERROR.NOT_READY, text: "no names are known yet" };
  const flags = world.available;
  const failed = { rcode: RCODE.SERVFAIL, source: "error", reuse: undefined } as const;
  return local(world, { ...failed, flags, extendedError });
}

/** No record of the type, or with NXDOMAIN no such name. */
function nothing(
  world: World,
  { names, apex, rcode = RCODE.NOERROR }: {
    readonly names: NameTable;
    readonly apex: string;
    readonly rcode?: number;
  },
): DnsAnswer {
  return local(world, { rcode, authority: soaSection(names, apex) });
}

/** A host's records of the wanted type, behind the alias by which they were asked for. */
function ofHost(
  world: World,
  query: Query,
  { found, names }: {
    readonly found: Extract<NameAnswer, { readonly kind: "host" }>;
    readonly names: NameTable;
  },
): DnsAnswer | Promise<DnsAnswer> {
  const { records, aliasOf, owner } = found;
  if (records.alias !== "") return ofAlias(world, query, { names, target: records.alias });
  if (query.type === TYPE.ANY) {
    return local(world, { answer: anyOf(world, records), reuse: undefined });
  }
  const alias = aliasOf === undefined
    ? undefined
    : sectionOf([own(TYPE.CNAME, encodeName(aliasOf))]);
  if (alias !== undefined && query.type === TYPE.CNAME) return local(world, { answer: alias });
  const orders = world.cache.orders(records, query.type, alias && owner);
  return orders === undefined
    ? nothing(world, { names, apex: records.apex })
    : inSomeOrder(world, orders, alias);
}

/** Addresses behind the alias that leads to them; which comes first is chance, each time they are said. */
function inSomeOrder(
  world: World,
  orders: readonly Section[],
  alias: Section | undefined,
): DnsAnswer {
  const hasOne = orders.length === 1;
  const section = orders[hasOne ? 0 : world.pick(orders.length)]!;
  return local(world, {
    answer: alias === undefined ? section : joined(alias, section),
    reuse: hasOne ? AS_LONG_AS_THE_TABLE : { ...AS_LONG_AS_THE_TABLE, orders },
  });
}

/** One record set for a query of type ANY, or a note that says so (RFC 8482). */
function anyOf({ cache }: World, records: NameRecords): Section {
  return cache.addresses(records, TYPE.A, undefined) ??
    cache.addresses(records, TYPE.AAAA, undefined) ??
    sectionOf([own(TYPE.HINFO, textData("RFC8482", ""))]);
}

/** Kubernetes' ExternalName: the alias, and what its target leads to. */
function ofAlias(
  world: World,
  query: Query,
  { names, target }: { readonly names: NameTable; readonly target: string },
): DnsAnswer | Promise<DnsAnswer> {
  const { cache, forwarder } = world;
  const wireName = encodeName(target);
  const alias = sectionOf([own(TYPE.CNAME, wireName)]);
  if (query.type === TYPE.CNAME) return local(world, { answer: alias });
  const known = names.lookup(target, { namespace: undefined });
  if (known.kind === "host" && known.records.alias === "") {
    const orders = cache.orders(known.records, query.type, target);
    return orders === undefined
      ? local(world, { answer: alias })
      : inSomeOrder(world, orders, alias);
  }
  if (forwarder === undefined || (query.flags & FLAG.RD) === 0) {
    return local(world, { answer: alias });
  }
  const follow = (answer: DnsAnswer): DnsAnswer => ({
    ...answer,
    answer: joined(alias, cache.ownedBy(answer.answer, wireName)),
    // Its TTLs stand elsewhere now.
    reuse: answer.reuse && { ...answer.reuse, aging: undefined },
  });
  const answer = forwarder.forward({ ...questionOf(query), wireName, name: target });
  return answer instanceof Promise ? answer.then(follow) : follow(answer);
}

function ofUnknown(
  world: World,
  query: Query,
  { names, inZone, isParent }: {
    readonly names: NameTable;
    readonly inZone: boolean;
    readonly isParent: boolean;
  },
): DnsAnswer | Promise<DnsAnswer> {
  const { forwarder } = world;
  const special = specialAnswer(query, names);
  if (special !== undefined) return local(world, special);
  if (forwarder !== undefined && (query.flags & FLAG.RD) !== 0) {
    return forwarder.forward(questionOf(query));
  }
  if (inZone && forwarder === undefined) {
    const rcode = isParent ? RCODE.NOERROR : RCODE.NXDOMAIN;
    return nothing(world, { names, apex: names.domain, rcode });
  }
  const text = "not a name of this mesh";
  return refuse(world, { code: EXTENDED_ERROR.NOT_AUTHORITATIVE, text });
}

/** Why a query is refused whatever its name is. */
function refusalOf(query: Query, client: DnsClient): ExtendedError | undefined {
  if (!client.admitted) {
    return { code: EXTENDED_ERROR.PROHIBITED, text: "ask with a certificate of this mesh" };
  }
  if (query.class !== CLASS.IN) {
    return { code: EXTENDED_ERROR.NOT_SUPPORTED, text: "only class IN is served" };
  }
  return query.type === TYPE.AXFR || query.type === TYPE.IXFR
    ? { code: EXTENDED_ERROR.NOT_SUPPORTED, text: "zones are not transferred" }
    : undefined;
}

function questionOf({ question, name, type, flags, edns }: Query) {
  return {
    wireName: question.subarray(0, -4),
    name,
    type,
    dnssecOk: edns?.dnssecOk ?? false,
    checkingDisabled: (flags & FLAG.CD) !== 0,
    authenticData: (flags & FLAG.AD) !== 0,
  };
}

/** SRV, PTR and TXT data; `undefined` when the query wants another type. */
function dataOf(
  { type }: Query,
  found: Extract<NameAnswer, { readonly kind: "srv" | "ptr" | "txt" }>,
): Section | undefined {
  const wanted = { srv: TYPE.SRV, ptr: TYPE.PTR, txt: TYPE.TXT }[found.kind];
  if (type !== wanted && type !== TYPE.ANY) return undefined;
  switch (found.kind) {
    case "srv": {
      const weight = Math.max(1, Math.floor(SRV_WEIGHT / Math.max(1, found.srv.length)));
      return sectionOf(
        found.srv.map((srv) => own(TYPE.SRV, srvData({ priority: 0, weight, ...srv }))),
      );
    }
    case "ptr":
      return sectionOf(found.hosts.map((host) => own(TYPE.PTR, encodeName(host))));
    case "txt":
      return sectionOf([own(TYPE.TXT, textData(found.text))]);
  }
}

/** A record of the name that was asked. */
function own(type: number, data: Uint8Array): Uint8Array {
  return encodeRecord(QUESTION_NAME, { type, ttl: LOCAL_TTL_SECONDS, data });
}

function joined(one: Section, other: Section): Section {
  const bytes = new Uint8Array(one.bytes.length + other.bytes.length);
  bytes.set(one.bytes, 0);
  bytes.set(other.bytes, one.bytes.length);
  return { bytes, count: one.count + other.count };
}
