/** Hosts of a VirtualService: what they may be, and which of them overlap. */
import { isIpAddress, wildcardDomainFault } from "../names.ts";
import { below, type Cursor, fault } from "../schema/port.ts";

const SNI_PREFIX = "outbound_";
const SNI_FORM = "outbound_.<port>_._.<hostname>";
const MAX_HOST_CHARS = 255;

/** What is wrong with a host at a Gateway; a name of Istio's own making is one when names of TLS are matched. */
export function gatewayHostFault(
  host: string,
  { isSni }: { readonly isSni: boolean },
): string | undefined {
  if (!isSni || !host.startsWith(SNI_PREFIX) || host.length > MAX_HOST_CHARS) {
    return wildcardDomainFault(host);
  }
  const [, port, , name] = host.split("_");
  if (port === undefined || name === undefined) {
    return `domain name ${host} invalid, should follow '${SNI_FORM}' format`;
  }
  const wrong = !/\d/.test(port) ? port : !/[a-zA-Z]/.test(name) ? name : undefined;
  return wrong === undefined
    ? undefined
    : `domain name "${host}" invalid (label "${wrong}" invalid). should follow ${SNI_FORM} format`;
}

/** How the hosts of a VirtualService are bound. */
export interface HostRules {
  /** Whether no Gateway of it is the mesh. */
  readonly isBoundToGateways: boolean;
  /** Whether it matches names of TLS. */
  readonly isSni: boolean;
}

/** The rules of the hosts. */
export function checkHosts(
  hosts: readonly string[],
  at: Cursor,
  { isBoundToGateways, isSni }: HostRules,
): void {
  const wrong = hosts.map((host) => {
    const reason = isBoundToGateways
      ? gatewayHostFault(host, { isSni })
      : wildcardDomainFault(host);
    if (reason !== undefined) return isIpAddress(host) ? undefined : reason;
    return !isBoundToGateways && host === "*"
      ? "wildcard host * is not allowed for virtual services bound to the mesh gateway"
      : undefined;
  });
  for (const [index, reason] of wrong.entries()) fault(below(at, index), reason);
  if (wrong.every((reason) => reason === undefined)) checkOverlap(hosts, at);
}

/** Whether every name that `host` stands for is one of `hosts`, a set that may hold wildcards. */
export function isWithinHosts(host: string, hosts: ReadonlySet<string>): boolean {
  const isWildcard = host.startsWith("*");
  if (!isWildcard && hosts.has(host)) return true;
  const bare = isWildcard ? host.slice(1) : host;
  for (let start = 0; start <= bare.length; start++) {
    if (hosts.has(`*${bare.slice(start)}`)) return true;
  }
  return false;
}

/** No two hosts may stand for one name. Each is looked up by its ends, so that many hosts cost no more than their characters. */
function checkOverlap(hosts: readonly string[], at: Cursor): void {
  const firstOf = new Map<string, number>();
  for (const [index, host] of hosts.entries()) {
    if (!firstOf.has(host)) firstOf.set(host, index);
  }
  for (const [index, host] of hosts.entries()) {
    const bare = host.startsWith("*") ? host.slice(1) : host;
    const same = firstOf.get(host)!;
    let other = same === index ? undefined : same;
    for (let start = 0; other === undefined && start <= bare.length; start++) {
      const wider = firstOf.get(`*${bare.slice(start)}`);
      if (wider !== index) other = wider;
    }
    if (other === undefined) continue;
    const [first, second] = [Math.min(index, other), Math.max(index, other)];
    fault(
      below(at, second),
      `duplicate hosts in virtual service: ${hosts[first]} & ${hosts[second]}`,
    );
  }
}
