/** What requests and connections are told apart by, where a DestinationRule keeps like ones together (`consistentHash`). */
import type { RouteAction_HashPolicyJson } from "../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { Destination } from "../mesh/mod.ts";
import { policyOf } from "./connection_policy.ts";
import { durationOf } from "./durations.ts";

// deno-lint-ignore no-control-regex -- these are what Envoy refuses
const NO_HEADER_REGEXP = /[\u0000\r\n]/;

function hashOf(destination: Destination | undefined, port: number, subset: string) {
  const named = destination?.subsets.find(({ name }) => name === subset);
  return policyOf(destination, port, named).loadBalancer?.consistentHash;
}

/** How requests to a port, or a subset's, are told apart; empty for not at all. */
export function hashPolicies(
  destination: Destination | undefined,
  port: number,
  subset = "",
): RouteAction_HashPolicyJson[] {
  const hash = hashOf(destination, port, subset);
  if (hash === undefined) return [];
  const { httpHeaderName = "", httpCookie, httpQueryParameterName = "", useSourceIp } = hash;
  if (httpHeaderName !== "" && !NO_HEADER_REGEXP.test(httpHeaderName)) {
    return [{ header: { headerName: httpHeaderName } }];
  }
  if (httpCookie !== undefined && httpCookie.name !== "") {
    const { name, path, ttl, attributes } = httpCookie;
    return [{
      cookie: {
        name,
        ...(path === "" ? {} : { path }),
        ...(ttl === undefined ? {} : { ttl: durationOf(ttl) }),
        attributes: attributes.filter((each) =>
          each.name !== "" && !NO_HEADER_REGEXP.test(`${each.name}${each.value}`)
        ),
      },
    }];
  }
  if (useSourceIp) return [{ connectionProperties: { sourceIp: true } }];
  return httpQueryParameterName === ""
    ? []
    : [{ queryParameter: { name: httpQueryParameterName } }];
}

/** Whether connections are told apart by where they come from. */
export function hashesSource(
  destination: Destination | undefined,
  port: number,
  subset = "",
): boolean {
  return hashOf(destination, port, subset)?.useSourceIp === true;
}
