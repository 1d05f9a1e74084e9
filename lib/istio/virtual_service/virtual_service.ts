/**
 * VirtualService (`networking.istio.io`): where requests and connections to some hosts go.
 *
 * Checked as Istio does, each part in the file of its name; rules that nothing ever reaches are warned of.
 */
import { type KindRule, NETWORKING_VERSIONS, type SpecOf } from "../kind.ts";
import { list, object } from "../schema/collection.ts";
import { below, type Cursor, fault, type Json, type Schema } from "../schema/port.ts";
import { text } from "../schema/scalar.ts";
import { checkExportTo, EXPORT_TO } from "../selector.ts";
import { checkGatewayNames, MESH_GATEWAY } from "./gateway_names.ts";
import { isClaim } from "./headers.ts";
import { checkHosts } from "./hosts.ts";
import { HTTP_ROUTE } from "./http.ts";
import { checkHttpRoute } from "./http_rules.ts";
import { checkTcpRoute, checkTlsRoute, TCP_MATCH, TCP_ROUTE, TLS_MATCH, TLS_ROUTE } from "./l4.ts";
import { HTTP_MATCH } from "./match.ts";
import { warnOfCoveredPrefixes, warnOfUnreachable } from "./unreachable.ts";

/** Most Gateways that a message names. */
const MAX_NAMED_GATEWAYS = 10;

const SPEC = object({
  hosts: list(text()),
  gateways: list(text()),
  http: list(HTTP_ROUTE),
  tls: list(TLS_ROUTE),
  tcp: list(TCP_ROUTE),
  exportTo: EXPORT_TO,
});

/** `spec` of a VirtualService. */
export type VirtualService = SpecOf<typeof SPEC>;

/** What signet knows of VirtualService. */
export const VIRTUAL_SERVICE: KindRule<VirtualService> = {
  group: "networking.istio.io",
  versions: NETWORKING_VERSIONS,
  schema: SPEC,
  needsSpec: false,
  check(service, at, { namespace }) {
    const { hosts, gateways, http, tls, tcp, exportTo } = service;
    if (hosts.length === 0) checkDelegate(service, at);
    checkGatewayNames(gateways, below(at, "gateways"));
    const isBoundToGateways = gateways.length > 0 && !gateways.includes(MESH_GATEWAY);
    if (!isBoundToGateways) checkClaims(service, below(at, "http"));
    const isSni = tls.some(({ match }) => match.some(({ sniHosts }) => sniHosts.length > 0));
    checkHosts(hosts, below(at, "hosts"), { isBoundToGateways, isSni });
    if (http.length + tls.length + tcp.length === 0) {
      fault(at, "http, tcp or tls must be provided in virtual service");
    }
    for (const [index, route] of http.entries()) {
      checkHttpRoute(route, below(at, "http", index), { isDelegate: hosts.length === 0 });
    }
    const hostSet = new Set(hosts);
    for (const [index, route] of tls.entries()) {
      checkTlsRoute(route, below(at, "tls", index), {
        hosts: hostSet,
        // Without Gateways it is one of the mesh, whose SNI Istio judges as at a Gateway.
        isBoundToGateways: !gateways.includes(MESH_GATEWAY),
      });
    }
    for (const [index, route] of tcp.entries()) checkTcpRoute(route, below(at, "tcp", index));
    checkExportTo(exportTo, below(at, "exportTo"), { namespace });
    warnOfRules(service, at);
  },
};

/** One without hosts is led to by others. */
function checkDelegate({ gateways, tls, tcp }: VirtualService, at: Cursor): void {
  const given = { gateways: gateways.length, tls: tls.length, tcp: tcp.length };
  for (const [field, count] of Object.entries(given)) {
    if (count === 0) continue;
    const what = field === "gateways" ? "gateways specified" : `${field} route specified`;
    fault(below(at, field), `delegate virtual service must have no ${what}`);
  }
}

/** Only Gateways route by claims of a token. */
function checkClaims({ http, gateways }: VirtualService, at: Cursor): void {
  for (const [index, { match }] of http.entries()) {
    for (const [nth, each] of match.entries()) {
      for (const field of ["headers", "withoutHeaders"] as const) {
        for (const key of Object.keys(each[field]).filter(isClaim)) {
          fault(
            below(at, index, "match", nth, field, key),
            `JWT claim based routing (key: ${key}) is only supported for gateway, found no gateways: [${
              gateways.slice(0, MAX_NAMED_GATEWAYS).join(" ")
            }]`,
          );
        }
      }
    }
  }
}

function warnOfRules({ http, tls, tcp }: VirtualService, at: Cursor): void {
  const inJson = <T>(schema: Schema<T, undefined>, match: T): Json => schema.write(match) ?? {};
  warnOfUnreachable(
    http.map(({ name, match }) => ({
      name,
      matches: match.map((each) => ({
        name: each.name,
        json: inJson(HTTP_MATCH, { ...each, name: "" }),
      })),
    })),
    below(at, "http"),
  );
  warnOfCoveredPrefixes(http, below(at, "http"));
  const bare = (matches: readonly Json[]) => ({
    name: "",
    matches: matches.map((json) => ({ name: "", json })),
  });
  warnOfUnreachable(
    tcp.map(({ match }) => bare(match.map((each) => inJson(TCP_MATCH, each)))),
    below(at, "tcp"),
  );
  warnOfUnreachable(
    tls.map(({ match }) => bare(match.map((each) => inJson(TLS_MATCH, each)))),
    below(at, "tls"),
  );
}
