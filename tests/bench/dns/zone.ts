/** The names that every server of the benchmark holds, and those that are forwarded, with what each server is told of them. */

/** A name with its one address. */
export interface ZoneName {
  readonly name: string;
  readonly address: string;
}

/** Suffix of the names that a server answers itself. */
export const ZONE = "svc.cluster.local";
/** Suffix of the names that it forwards, and answers from its cache from then on. */
export const FORWARDED = "forwarded.example";
/** Names of each kind. */
const COUNT = 1_000;

function names(of: (i: number) => string, net: number): readonly ZoneName[] {
  return Array.from({ length: COUNT }, (_, i) => ({
    name: of(i),
    address: `10.${net}.${i / 250 | 0}.${i % 250 + 1}`,
  }));
}

/** `svc-0000.ns-00.svc.cluster.local` and so on, in twenty namespaces. */
export const LOCAL_NAMES: readonly ZoneName[] = names(
  (i) => `svc-${digits(i, 4)}.ns-${digits(i % 20, 2)}.${ZONE}`,
  96,
);
/** `name-0000.forwarded.example` and so on. */
export const FORWARDED_NAMES: readonly ZoneName[] = names(
  (i) => `name-${digits(i, 4)}.${FORWARDED}`,
  97,
);

function digits(value: number, width: number): string {
  return String(value).padStart(width, "0");
}

/** Istio's documents for signet. */
export function serviceEntries(names: readonly ZoneName[]): string {
  return names.map(({ name, address }, i) =>
    [
      "apiVersion: networking.istio.io/v1",
      "kind: ServiceEntry",
      `metadata: { name: svc-${i}, namespace: bench }`,
      `spec: { hosts: [${name}], addresses: [${address}], ports: [{ number: 80, name: http }] }`,
    ].join("\n")
  ).join("\n---\n");
}

/** Lines of unbound's `server:` clause. */
export function localData(zone: string, names: readonly ZoneName[]): readonly string[] {
  return [
    `local-zone: "${zone}." static`,
    `local-data: "${zone}. 3600 IN SOA ns.${zone}. admin.${zone}. 1 7200 1800 86400 30"`,
    ...names.map(({ name, address }) => `local-data: "${name}. 3600 IN A ${address}"`),
  ];
}

/** Lines of CoreDNS' `hosts` file. */
export function hostsFile(names: readonly ZoneName[]): string {
  return names.map(({ name, address }) => `${address} ${name}\n`).join("");
}

/** dnsperf's queries. */
export function queryFile(names: readonly ZoneName[]): string {
  return names.map(({ name }) => `${name} A\n`).join("");
}
