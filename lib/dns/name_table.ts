/**
 * The names of the mesh: from the registry's snapshot to a table that answers for one client at a time. Pure; swapped whole.
 *
 * Keys and order are those of Istio's agent: the fully qualified name; for Kubernetes' services also `name.ns`, `name.ns.svc` and, in
 * the client's own namespace, `name`; each of these under a search domain of the client as an alias, never over a real host; then the
 * same with leading labels replaced by `*`, most specific first. Beyond the agent: SRV, PTR, names of single endpoints and the TXT
 * record `dns-version` of Kubernetes' DNS schema.
 *
 * Names are lower case, labels joined by dots, without a last dot. An octet of a label that is a dot or no printable ASCII arrives
 * escaped (`\.`, `\255`), which no key of the table has, so it can never be taken for a separator.
 */
import { formatIpAddress } from "../base/mod.ts";
import type { RegistrySnapshot, Service } from "../registry/mod.ts";
import { type FindRecords, type NameRecords, recordsOf, type SrvData } from "./name_records.ts";

/** Version of Kubernetes' DNS schema (its TXT record). */
const SCHEMA_VERSION = "1.1.0";
/** Multi-cluster services have no short forms: they would hide those of the cluster. */
const CLUSTER_SET_SUFFIX = ".svc.clusterset.local";

/** Who asks, as far as names depend on it. */
export interface NameClient {
  /** Namespace of the client's SPIFFE ID; undefined for a client known by its address alone. */
  readonly namespace: string | undefined;
}

/** What a name is. */
export type NameAnswer =
  /** Not one of ours: to be asked upstream. `inZone` when it lies in the cluster's domain, `isParent` when a known name lies below it. */
  | { readonly kind: "unknown"; readonly inZone: boolean; readonly isParent: boolean }
  /** Below a name of ours, and certainly not there: `_nope._tcp.db.example`. */
  | { readonly kind: "absent"; readonly apex: string }
  /** A host. */
  | {
    readonly kind: "host";
    /** What the asked name is an alias of, when it lies under a search domain. */
    readonly aliasOf: string | undefined;
    /** Owner of the records: the asked name, or what it is an alias of. */
    readonly owner: string;
    readonly records: NameRecords;
  }
  /** SRV data. */
  | { readonly kind: "srv"; readonly apex: string; readonly srv: readonly SrvData[] }
  /** Hosts of an address. */
  | { readonly kind: "ptr"; readonly hosts: readonly string[] }
  /** A text. */
  | { readonly kind: "txt"; readonly text: string };

/** The names at one instant. */
export interface NameTable {
  /** Of the registry's snapshot; the serial number of negative answers. */
  readonly generation: number;
  /** The cluster's domain, `cluster.local`. */
  readonly domain: string;
  /** What `name` is for `client`. */
  lookup(name: string, client: NameClient): NameAnswer;
  /** Hosts that `client` sees, in Istio's form, for the debug view. */
  list(client: NameClient): Readonly<Record<string, NameInfo>>;
}

/** One host in the form of Istio's NameTable message. */
export interface NameInfo {
  /** Addresses. */
  readonly ips: readonly string[];
  /** `Kubernetes` or `External`. */
  readonly registry: string;
  /** First label of a Kubernetes service. */
  readonly shortname?: string;
  /** Its namespace. */
  readonly namespace?: string;
}

/** The table before there is a registry: nothing is known. */
export function emptyNameTable(domain: string): NameTable {
  return buildNameTable({ generation: 0, services: [] }, { domain });
}

/** Builds the table of a snapshot; `find` gives the records of a host. */
export function buildNameTable(
  { generation, services }: Pick<RegistrySnapshot, "generation" | "services">,
  { domain, find = recordsOf }: { readonly domain: string; readonly find?: FindRecords },
): NameTable {
  const hosts = new Map<string, HostEntry>();
  for (const service of services) {
    const entry = hosts.get(service.host);
    if (entry === undefined) hosts.set(service.host, { services: [service], views: new Map() });
    else entry.services.push(service);
  }
  const lookup = createLookup(hosts, { domain, find });
  return { generation, domain, lookup, list: (client) => listHosts(hosts, client, find) };
}

/** One host with what each kind of client sees of it; the views are made when they are first asked for. */
interface HostEntry {
  readonly services: Service[];
  /** By namespace, with `""` for every client that no `exportTo` of the host names: their number is bounded by the documents. */
  readonly views: Map<string, NameRecords | undefined>;
}

function viewOf(
  entry: HostEntry,
  { namespace = "" }: NameClient,
  find: FindRecords,
): NameRecords | undefined {
  const named = entry.services.some(({ exportTo }) => exportTo.includes(namespace));
  const key = named ? namespace : "";
  if (!entry.views.has(key)) {
    const visible = entry.services.filter(({ exportTo }) =>
      exportTo.length === 0 || exportTo.includes("*") || key !== "" && exportTo.includes(key)
    );
    entry.views.set(key, find(visible));
  }
  return entry.views.get(key);
}

function isShortened({ services: [service] }: HostEntry): boolean {
  return service!.registry === "Kubernetes" && !service!.host.endsWith(CLUSTER_SET_SUFFIX);
}

type Found = { readonly key: string; readonly records: NameRecords };

function createLookup(
  hosts: ReadonlyMap<string, HostEntry>,
  { domain, find }: { readonly domain: string; readonly find: FindRecords },
): NameTable["lookup"] {
  const parents = parentsOf(hosts.keys());
  const reverse = reverseNames(hosts.values(), find);
  const hasWildcards = [...hosts.keys()].some((host) => host.startsWith("*."));
  const suffixesOf = searchSuffixes(domain);
  const versionName = `dns-version.${domain}`;

  const direct = (key: string, client: NameClient): Found | undefined => {
    const entry = hosts.get(key);
    const records = entry && viewOf(entry, client, find);
    if (records !== undefined) return { key, records };
    const full = expand(key, client, domain);
    const short = full === undefined ? undefined : hosts.get(full);
    const view = short && isShortened(short) ? viewOf(short, client, find) : undefined;
    return view && { key, records: view };
  };

  /** A key as it stands, or under a search domain. */
  const keyed = (name: string, client: NameClient): NameAnswer | undefined => {
    const exact = direct(name, client);
    if (exact) return { kind: "host", aliasOf: undefined, owner: name, records: exact.records };
    for (const suffix of suffixesOf(client)) {
      if (!name.endsWith(suffix)) continue;
      const key = name.slice(0, -suffix.length);
      const found = key.endsWith(suffix) ? undefined : direct(key, client);
      if (found) return { kind: "host", aliasOf: key, owner: key, records: found.records };
    }
    return undefined;
  };

  const wildcard = (name: string, client: NameClient): NameAnswer | undefined => {
    for (let dot = name.indexOf("."); dot >= 0; dot = name.indexOf(".", dot + 1)) {
      const answer = keyed(`*${name.slice(dot)}`, client);
      if (answer?.kind !== "host") continue;
      // Without a search domain the records belong to the name that was asked.
      return answer.aliasOf === undefined ? { ...answer, owner: name } : answer;
    }
    return undefined;
  };

  const lookup = (name: string, client: NameClient): NameAnswer => {
    const found = keyed(name, client);
    if (found) return found;
    const below = belowHost(name, (rest) => keyed(rest, client));
    if (below) return below;
    const matched = hasWildcards ? wildcard(name, client) : undefined;
    if (matched) return matched;
    const owners = reverse.get(name)?.filter((host) => visibleName(host, client));
    if (owners !== undefined && owners.length > 0) return { kind: "ptr", hosts: owners };
    if (name === versionName) return { kind: "txt", text: SCHEMA_VERSION };
    const inZone = name === domain || name.endsWith(`.${domain}`);
    return { kind: "unknown", inZone, isParent: parents.has(name) };
  };
  const visibleName = (host: string, client: NameClient) => lookup(host, client).kind === "host";
  return lookup;
}

/** `_port._proto.host`, or the name of one endpoint of a headless host. */
function belowHost(
  name: string,
  find: (rest: string) => NameAnswer | undefined,
): NameAnswer | undefined {
  const dot = name.indexOf(".");
  if (dot < 0) return undefined;
  if (name.startsWith("_")) {
    const second = name.indexOf(".", dot + 1);
    const host = second < 0 ? undefined : find(name.slice(second + 1));
    if (host?.kind !== "host") return undefined;
    const { apex, srv } = host.records;
    const data = srv.get(name.slice(0, second));
    return data === undefined ? { kind: "absent", apex } : { kind: "srv", apex, srv: data };
  }
  const host = find(name.slice(dot + 1));
  if (host?.kind !== "host") return undefined;
  const records = host.records.endpoints.get(name.slice(0, dot));
  if (records === undefined) return undefined;
  return { kind: "host", aliasOf: undefined, owner: name, records };
}

/** The full name of a short form of Kubernetes. */
function expand(key: string, { namespace }: NameClient, domain: string): string | undefined {
  const first = key.indexOf(".");
  if (first < 0) return namespace === undefined ? undefined : `${key}.${namespace}.svc.${domain}`;
  const second = key.indexOf(".", first + 1);
  if (second < 0) return `${key}.svc.${domain}`;
  return key.endsWith(".svc") && second === key.length - 4 ? `${key}.${domain}` : undefined;
}

/** The search domains of a pod of the client's namespace, each with a dot in front. */
function searchSuffixes(domain: string): (client: NameClient) => readonly string[] {
  const common = [`.svc.${domain}`, `.${domain}`];
  return ({ namespace }) =>
    namespace === undefined ? [] : [`.${namespace}.svc.${domain}`, ...common];
}

/** Every name that a host lies below, so that an empty one is told from one that does not exist (RFC 8020). */
function parentsOf(hosts: Iterable<string>): ReadonlySet<string> {
  const parents = new Set<string>();
  for (const host of hosts) {
    for (let dot = host.indexOf("."); dot >= 0; dot = host.indexOf(".", dot + 1)) {
      const parent = host.slice(dot + 1);
      // What one lies below the other does, too.
      if (parents.has(parent)) break;
      parents.add(parent);
    }
  }
  return parents;
}

/** Hosts by the reverse name of their addresses, and of their endpoints that have names. */
function reverseNames(
  entries: Iterable<HostEntry>,
  find: FindRecords,
): ReadonlyMap<string, readonly string[]> {
  const reverse = new Map<string, string[]>();
  const add = (octets: Uint8Array, host: string) => {
    const name = reverseName(octets);
    const hosts = reverse.get(name) ?? [];
    if (!hosts.includes(host)) hosts.push(host);
    reverse.set(name, hosts);
  };
  for (const { services } of entries) {
    const records = services[0]!.host.startsWith("*.") ? undefined : find(services);
    if (records === undefined) continue;
    for (const [hostname, endpoint] of records.endpoints) {
      for (const octets of [...endpoint.v4, ...endpoint.v6]) {
        add(octets, `${hostname}.${records.apex}`);
      }
    }
    if (services.some(({ headless }) => headless)) continue;
    for (const octets of [...records.v4, ...records.v6]) add(octets, records.apex);
  }
  return reverse;
}

/** `7.0.0.10.in-addr.arpa`, or nibbles under `ip6.arpa` (RFC 1035 section 3.5, RFC 3596 section 2.5). */
export function reverseName(octets: Uint8Array): string {
  if (octets.length === 4) return `${[...octets].reverse().join(".")}.in-addr.arpa`;
  const nibbles = [...octets].flatMap((octet) => [octet >> 4, octet & 15]).reverse();
  return `${nibbles.map((nibble) => nibble.toString(16)).join(".")}.ip6.arpa`;
}

function listHosts(
  hosts: ReadonlyMap<string, HostEntry>,
  client: NameClient,
  find: FindRecords,
): Readonly<Record<string, NameInfo>> {
  const list: Record<string, NameInfo> = {};
  for (const [host, entry] of hosts) {
    const records = viewOf(entry, client, find);
    if (records === undefined) continue;
    const ips = [...records.v4, ...records.v6].map((octets) => formatIpAddress(octets)!);
    const { name, namespace } = entry.services[0]!;
    list[host] = {
      ips,
      registry: records.registry,
      ...(isShortened(entry) ? { shortname: name, namespace } : {}),
    };
  }
  return list;
}
