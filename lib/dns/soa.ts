/** The SOA of negative answers (RFC 2308 section 3): of the cluster's domain, or of a host that lies outside of it and is a zone of its own. */
import { encodeName, encodeRecord, type Section, sectionOf, soaData, TYPE } from "./message/mod.ts";
import type { NameTable } from "./name_table.ts";

/** How long "there is nothing" may be kept, in seconds: as long as what there is. */
const NEGATIVE_TTL_SECONDS = 30;

/** The zone that `apex` lies in, as Kubernetes' DNS names it where that is the cluster's domain. */
export function soaSection(names: Pick<NameTable, "domain" | "generation">, apex: string): Section {
  const { domain, generation } = names;
  const zone = apex === domain || apex.endsWith(`.${domain}`) ? domain : apex.replace(/^\*\./, "");
  const data = soaData({
    mname: `ns.dns.${domain}`,
    rname: `hostmaster.${domain}`,
    serial: generation,
    refresh: 7200,
    retry: 1800,
    expire: 86_400,
    minimum: NEGATIVE_TTL_SECONDS,
  });
  const owner = encodeName(zone);
  return sectionOf([encodeRecord(owner, { type: TYPE.SOA, ttl: NEGATIVE_TTL_SECONDS, data })]);
}
