/** What a route of a VirtualService matches, as Envoy's match. */
import type {
  HeaderMatcherJson,
  QueryParameterMatcherJson,
  RouteMatchJson,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { StringMatcherJson } from "../../proto/gen/envoy/type/matcher/v3/string_pb.ts";
import type { HttpMatch, StringMatch } from "../istio/mod.ts";

const MAX_PARAMETER_BYTES = 1024;
/** Everything. */
export const ANY_REQUEST: RouteMatchJson = { prefix: "/" };

/** The match; undefined for one that nothing fulfils here, as a claim that only gateways look at, or a parameter without a name. */
export function routeMatch(match: HttpMatch): RouteMatchJson | undefined {
  const names = [...Object.keys(match.headers), ...Object.keys(match.withoutHeaders)];
  if (names.some((name) => name.startsWith("@"))) return undefined;
  if (!Object.keys(match.queryParams).every(isParameter)) return undefined;
  const headers = [
    ...pseudo(":method", match.method),
    ...pseudo(":authority", match.authority),
    ...pseudo(":scheme", match.scheme),
    ...Object.entries(match.headers).map(([name, value]) => headerMatch(name, value)),
    ...Object.entries(match.withoutHeaders).map(([name, value]): HeaderMatcherJson => {
      const matcher = headerMatch(name, value);
      const isPresence = matcher.presentMatch === true;
      return {
        ...matcher,
        invertMatch: true,
        ...(isPresence ? {} : { treatMissingHeaderAsEmpty: true }),
      };
    }),
  ];
  const queryParameters = Object.entries(match.queryParams).map(([name, value]) =>
    queryMatch(name, value)
  );
  return {
    ...pathMatch(match.uri),
    ...(match.ignoreUriCase ? { caseSensitive: false } : {}),
    ...(headers.length > 0 ? { headers } : {}),
    ...(queryParameters.length > 0 ? { queryParameters } : {}),
  };
}

/** Envoy refuses other names of parameters, and with them the routes of the whole port. */
function isParameter(name: string): boolean {
  const bytes = new TextEncoder().encode(name).length;
  return bytes > 0 && bytes <= MAX_PARAMETER_BYTES;
}

function pathMatch(uri: StringMatch | undefined): RouteMatchJson {
  if (uri?.exact !== undefined) return { path: uri.exact };
  if (uri?.regex !== undefined) return { safeRegex: { regex: uri.regex } };
  return { prefix: uri?.prefix || "/" };
}

/** A text as it is, its beginning, or an expression; undefined when any will do. */
export function stringMatcher(match: StringMatch | undefined): StringMatcherJson | undefined {
  if (match?.exact !== undefined) return { exact: match.exact };
  if (match?.prefix) return { prefix: match.prefix };
  if (match?.regex !== undefined && match.regex !== "*") {
    return { safeRegex: { regex: match.regex } };
  }
  return undefined;
}

function pseudo(name: string, match: StringMatch | undefined): HeaderMatcherJson[] {
  return match === undefined ? [] : [headerMatch(name, match)];
}

function headerMatch(name: string, match: StringMatch): HeaderMatcherJson {
  const stringMatch = stringMatcher(match);
  return stringMatch === undefined ? { name, presentMatch: true } : { name, stringMatch };
}

function queryMatch(name: string, match: StringMatch): QueryParameterMatcherJson {
  const stringMatch = stringMatcher(match);
  return stringMatch === undefined ? { name, presentMatch: true } : { name, stringMatch };
}
