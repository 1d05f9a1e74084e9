/**
 * Routes of requests as a VirtualService says them, as Envoy's: one route for each match. Where something would make Envoy refuse the whole
 * configuration, which is that of other services, too, it is left out.
 */
import type {
  RedirectActionJson,
  RetryPolicyJson,
  RouteActionJson,
  RouteJson,
  WeightedCluster_ClusterWeightJson,
} from "../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { HttpRoute } from "../istio/mod.ts";
import type { Routing } from "../mesh/mod.ts";
import { durationOf } from "./durations.ts";
import { authorityOf, headerFields } from "./header_operations.ts";
import { perRouteFilters } from "./route_filters.ts";
import { ANY_REQUEST, routeMatch } from "./route_match.ts";

type Destination = HttpRoute["route"][number];

/** What routes need to know of the mesh. */
export interface RouteTargets {
  /** The name of the cluster that a destination leads to. */
  clusterOf(destination: Destination["destination"]): string;
  /** How its requests are told apart. */
  hashOf(destination: Destination["destination"]): RouteActionJson["hashPolicy"] & object;
  /** What is retried where nothing is said. */
  readonly retryPolicy: RetryPolicyJson;
}

const MAX_WEIGHT = 4_294_967_295;
const MILLION = 1_000_000;
/** Largest body that Envoy answers with here. */
const MAX_BODY_BYTES = 1_048_576;
const MAX_RETRIES = 4_294_967_295;
const REDIRECTS: Readonly<Record<number, RedirectActionJson["responseCode"] & string>> = {
  302: "FOUND",
  303: "SEE_OTHER",
  307: "TEMPORARY_REDIRECT",
  308: "PERMANENT_REDIRECT",
};
const DEFAULT_PORTS: Readonly<Record<string, number>> = { http: 80, https: 443 };
// deno-lint-ignore no-control-regex -- these are what Envoy refuses
const NO_VALUE_REGEXP = /[\u0000\r\n]/g;

/** The routes of requests to one port, in order. */
export function virtualRoutes(
  { http }: Routing,
  port: number,
  { operation, targets }: { readonly operation: string; readonly targets: RouteTargets },
): readonly RouteJson[] {
  return http.flatMap((route) => {
    const matches = route.match.length === 0
      ? [{ name: "", match: ANY_REQUEST }]
      : route.match.filter((each) => each.port === 0 || each.port === port).flatMap((each) => {
        const match = routeMatch(each);
        return match === undefined ? [] : [{ name: each.name, match }];
      });
    return matches.map(({ name, match }): RouteJson => ({
      name: [route.name || "default", name].filter((each) => each !== "").join("."),
      match,
      decorator: { operation },
      ...actionOf(route, targets),
      ...perRouteFilters(route),
    }));
  });
}

function actionOf(route: HttpRoute, targets: RouteTargets): RouteJson {
  const { redirect, directResponse, headers } = route;
  if (redirect !== undefined) return { redirect: redirectOf(redirect), ...headerFields(headers) };
  if (directResponse !== undefined) {
    return { directResponse: directOf(directResponse), ...headerFields(headers) };
  }
  const destinations = weighted(route.route);
  const [first] = destinations;
  if (first === undefined) return { directResponse: { status: 503 } };
  const action = forwarding(route, targets);
  if (destinations.length === 1) {
    const cluster = targets.clusterOf(first.destination);
    const host = authorityOf(first.headers) ?? authorityOf(headers);
    return {
      route: {
        cluster,
        ...action,
        ...(host === undefined ? {} : { hostRewriteLiteral: clean(host) }),
      },
      ...headerFields(headers, first.headers),
    };
  }
  const host = authorityOf(headers);
  return {
    route: {
      weightedClusters: { clusters: shares(destinations, targets) },
      ...action,
      ...(host === undefined ? {} : { hostRewriteLiteral: clean(host) }),
    },
    ...headerFields(headers),
  };
}

/** Destinations with a share; one alone has all, whatever it says. */
function weighted(destinations: readonly Destination[]): readonly Destination[] {
  return destinations.length === 1 ? destinations : destinations.filter(({ weight }) => weight > 0);
}

function shares(
  destinations: readonly Destination[],
  targets: RouteTargets,
): WeightedCluster_ClusterWeightJson[] {
  const total = destinations.reduce((sum, { weight }) => sum + weight, 0);
  // Envoy adds up weights in 32 bits; one for each is kept back, as none becomes less than that.
  const scale = total > MAX_WEIGHT ? (MAX_WEIGHT - destinations.length) / total : 1;
  return destinations.map(({ destination, weight, headers }) => {
    const host = authorityOf(headers);
    return {
      name: targets.clusterOf(destination),
      weight: Math.max(1, Math.floor(weight * scale)),
      ...headerFields(headers),
      ...(host === undefined ? {} : { hostRewriteLiteral: clean(host) }),
    };
  });
}

/** All of a forwarded route but where it goes. */
function forwarding(route: HttpRoute, targets: RouteTargets): RouteActionJson {
  const timeout = route.timeout === undefined ? "0s" : durationOf(route.timeout);
  const [first] = weighted(route.route);
  const hashPolicy = targets.hashOf(first?.destination);
  const retryPolicy = retriesOf(route.retries, targets);
  const mirrors = mirrorsOf(route, targets);
  return {
    timeout,
    maxGrpcTimeout: timeout,
    ...(retryPolicy === undefined ? {} : { retryPolicy }),
    ...(hashPolicy.length > 0 ? { hashPolicy } : {}),
    ...(mirrors.length > 0 ? { requestMirrorPolicies: mirrors } : {}),
    ...rewriteOf(route.rewrite),
  };
}

function rewriteOf(rewrite: HttpRoute["rewrite"]): RouteActionJson {
  if (rewrite === undefined) return {};
  const { uri, authority, uriRegexRewrite } = rewrite;
  return {
    ...(uri === "" ? {} : { prefixRewrite: clean(uri) }),
    ...(uriRegexRewrite === undefined || !isSubstitution(uriRegexRewrite) ? {} : {
      regexRewrite: {
        pattern: { regex: uriRegexRewrite.match },
        substitution: clean(uriRegexRewrite.rewrite),
      },
    }),
    ...(authority === "" ? {} : { hostRewriteLiteral: clean(authority) }),
  };
}

/** Whether a substitution names no group that its expression does not surely have; Envoy refuses one that does. */
function isSubstitution({ match, rewrite }: { readonly match: string; readonly rewrite: string }) {
  const groups = match.replace(/\\[^]|\[[^\]]*\]/g, "").match(/\((?!\?(?![P<]))/g)?.length ?? 0;
  const references = [...rewrite.matchAll(/\\(.?)/gs)].map(([, each]) => each!);
  return references.every((each) => each === "\\" || /^\d$/.test(each) && Number(each) <= groups);
}

function retriesOf(
  retries: HttpRoute["retries"],
  { retryPolicy }: RouteTargets,
): RetryPolicyJson | undefined {
  if (retries === undefined) return retryPolicy;
  const { attempts, perTryTimeout, retryOn, backoff, retryIgnorePreviousHosts } = retries;
  if (attempts === 0) return undefined;
  const words = retryOn === "" ? [] : retryOn.split(",");
  const codes = words.filter((word) => /^\+?\d+$/.test(word)).map(Number);
  const conditions = words.filter((word) => !/^\+?\d+$/.test(word));
  const { retryHostPredicate: _no, ...base } = retryPolicy;
  return {
    ...(retryIgnorePreviousHosts === false ? base : retryPolicy),
    numRetries: Math.min(attempts, MAX_RETRIES),
    ...(words.length === 0 ? {} : {
      retryOn: [
        ...conditions,
        ...(codes.length > 0 && !conditions.includes("retriable-status-codes")
          ? ["retriable-status-codes"]
          : []),
      ].join(","),
    }),
    ...(codes.length > 0 ? { retriableStatusCodes: codes } : {}),
    ...(perTryTimeout === undefined ? {} : { perTryTimeout: durationOf(perTryTimeout) }),
    ...(backoff === undefined ? {} : { retryBackOff: { baseInterval: durationOf(backoff) } }),
  };
}

function mirrorsOf(
  { mirror, mirrors, mirrorPercent, mirrorPercentage }: HttpRoute,
  targets: RouteTargets,
): RouteActionJson["requestMirrorPolicies"] & object {
  const own = mirror === undefined
    ? []
    : [{ destination: mirror, percent: mirrorPercentage?.value ?? mirrorPercent ?? 100 }];
  const more = mirrors.map(({ destination, percentage }) => ({
    destination,
    percent: percentage?.value ?? 100,
  }));
  return [...own, ...more].filter(({ percent }) => percent > 0).map(({ destination, percent }) => ({
    cluster: targets.clusterOf(destination),
    runtimeFraction: {
      defaultValue: {
        numerator: Math.min(MILLION, Math.round(percent * 10_000)),
        denominator: "MILLION",
      },
    },
  }));
}

function redirectOf(redirect: NonNullable<HttpRoute["redirect"]>): RedirectActionJson {
  const { uri, authority, port, derivePort, scheme, redirectCode, prefixRewrite } = redirect;
  const portRedirect = port ??
    (derivePort === "FROM_PROTOCOL_DEFAULT" ? DEFAULT_PORTS[scheme] : undefined);
  const responseCode = REDIRECTS[redirectCode];
  return {
    ...(authority === "" ? {} : { hostRedirect: clean(authority) }),
    ...(uri !== ""
      ? { pathRedirect: clean(uri) }
      : prefixRewrite !== ""
      ? { prefixRewrite: clean(prefixRewrite) }
      : {}),
    ...(portRedirect === undefined ? {} : { portRedirect }),
    ...(scheme === "" ? {} : { schemeRedirect: scheme }),
    ...(responseCode === undefined ? {} : { responseCode }),
  };
}

function directOf({ status, body }: NonNullable<HttpRoute["directResponse"]>) {
  // Envoy takes no status of 600, and no body that is longer than it was told.
  const code = Math.min(599, Math.max(200, status));
  const bytes = body?.bytes ??
    (body?.string === undefined ? undefined : new TextEncoder().encode(body.string));
  return bytes === undefined || bytes.length === 0
    ? { status: code }
    : { status: code, body: { inlineBytes: bytes.subarray(0, MAX_BODY_BYTES).toBase64() } };
}

function clean(text: string): string {
  return text.replace(NO_VALUE_REGEXP, "");
}
