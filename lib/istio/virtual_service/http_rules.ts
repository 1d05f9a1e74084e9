/** The rules between the fields of a route of HTTP. */
import { utf8 } from "../../base/mod.ts";
import { checkDestination } from "../destination.ts";
import { portFault } from "../names.ts";
import { below, type Cursor, fault, warn } from "../schema/port.ts";
import { checkCors } from "./cors.ts";
import { checkFault, httpStatusFault } from "./fault.ts";
import { checkHeaders, type Headers, isAuthority } from "./headers.ts";
import type { HttpRoute } from "./http.ts";
import { checkWeighted } from "./l4.ts";
import { checkHttpMatch } from "./match.ts";
import { retryOnFault } from "./retry_on.ts";
import { regexFault } from "./string_match.ts";

const MAX_BODY_BYTES = 1 << 20;
const LARGE_BODY_BYTES = 100 << 10;

/** The rules of a route; `isDelegate` says that another VirtualService leads here. */
export function checkHttpRoute(
  route: HttpRoute,
  at: Cursor,
  { isDelegate }: { readonly isDelegate: boolean },
): void {
  checkConflicts(route, at, { isDelegate });
  for (const [index, match] of route.match.entries()) {
    checkHttpMatch(match, below(at, "match", index));
  }
  checkHeaders(route.headers, below(at, "headers"));
  checkCors(route.corsPolicy, below(at, "corsPolicy"));
  checkFault(route.fault, below(at, "fault"));
  checkMirrors(route, at);
  checkRedirect(route.redirect, below(at, "redirect"));
  checkDirectResponse(route.directResponse, below(at, "directResponse"));
  checkRetries(route.retries, below(at, "retries"));
  checkRewrite(route.rewrite, below(at, "rewrite"));
  checkAuthority(route.rewrite?.authority ?? "", route.headers, below(at, "headers"));
  for (const [index, { headers }] of route.route.entries()) {
    checkHeaders(headers, below(at, "route", index, "headers"));
  }
  checkWeighted(route.route, below(at, "route"));
}

/** What excludes what. */
function checkConflicts(
  route: HttpRoute,
  at: Cursor,
  { isDelegate }: { readonly isDelegate: boolean },
): void {
  const { redirect, directResponse } = route;
  if (route.delegate !== undefined) {
    if (isDelegate) fault(below(at, "delegate"), "delegate HTTP route cannot contain delegate");
    else {
      const leaves = (field: "redirect" | "route", isThere: boolean) =>
        isThere &&
        fault(below(at, field), `root HTTP route ${route.name} must not specify ${field}`);
      leaves("redirect", redirect !== undefined);
      leaves("route", route.route.length > 0);
      return;
    }
  }
  const main = redirect !== undefined
    ? "redirect"
    : directResponse !== undefined
    ? "direct_response"
    : undefined;
  if (main === undefined) {
    if (route.route.length === 0) {
      fault(below(at, "route"), "HTTP route, redirect or direct_response is required");
    }
  } else checkAlone(route, main, at);
  if (route.mirror !== undefined && route.mirrors.length > 0) {
    fault(below(at, "mirror"), "HTTP route cannot contain both mirror and mirrors");
  }
}

/** A redirect and an answer of its own go with little else. */
function checkAlone(route: HttpRoute, main: "redirect" | "direct_response", at: Cursor): void {
  const both = (what: string, of = "HTTP route") => `${of} cannot contain both ${what} and ${main}`;
  if (route.route.length > 0) fault(below(at, "route"), both("route"));
  if (route.fault !== undefined) fault(below(at, "fault"), both("fault"));
  if (route.rewrite !== undefined) {
    fault(below(at, "rewrite"), both("rewrite", "HTTP route rule"));
  }
  if (main === "redirect" && route.directResponse !== undefined) {
    fault(below(at, "directResponse"), both("direct_response", "HTTP route rule"));
  }
}

function checkMirrors(route: HttpRoute, at: Cursor): void {
  checkDestination(route.mirror, below(at, "mirror"));
  if (route.mirrorPercent !== undefined) {
    const place = below(at, "mirrorPercent");
    if (route.mirrorPercent > 100) {
      fault(place, `mirror_percent must have a max value of 100 (it has ${route.mirrorPercent})`);
    }
    warn(place, 'using deprecated setting "mirrorPercent", use "mirrorPercentage" instead');
  }
  const percent = (value: number | undefined, place: Cursor, what: string) => {
    if (value === undefined || value >= 0 && value <= 100) return;
    const [word, bound] = value > 100 ? ["max", 100] : ["min", 0];
    fault(place, `${what} must have a ${word} value of ${bound} (it has ${value})`);
  };
  percent(route.mirrorPercentage?.value, below(at, "mirrorPercentage"), "mirror_percentage");
  for (const [index, { destination, percentage }] of route.mirrors.entries()) {
    const place = below(at, "mirrors", index);
    checkDestination(destination, below(place, "destination"));
    percent(percentage?.value, below(place, "percentage"), "mirror percentage");
  }
}

function checkRedirect(redirect: HttpRoute["redirect"], at: Cursor): void {
  if (redirect === undefined) return;
  const { uri, authority, scheme, redirectCode, port, derivePort } = redirect;
  const isBare = port === undefined && derivePort === undefined;
  if (uri === "" && authority === "" && scheme === "" && isBare) {
    fault(at, "redirect must specify URI, authority, scheme, or port");
  } else if (redirectCode !== 0 && (redirectCode < 300 || redirectCode > 399)) {
    fault(
      below(at, "redirectCode"),
      `${redirectCode} is not a valid redirect code, must be 3xx`,
    );
  } else if (!["", "http", "https"].includes(scheme)) {
    fault(below(at, "scheme"), 'invalid redirect scheme, must be "http" or "https"');
  } else if (port !== undefined && port > 0) fault(below(at, "port"), portFault(port));
}

function checkDirectResponse(response: HttpRoute["directResponse"], at: Cursor): void {
  if (response === undefined) return;
  const { body, status } = response;
  const size = body?.bytes?.length ?? utf8(body?.string ?? "").length;
  const large = "large direct_responses may impact control plane performance";
  if (size > MAX_BODY_BYTES) fault(below(at, "body"), `${large}, must be less than 1MB`);
  else if (size > LARGE_BODY_BYTES) warn(below(at, "body"), large);
  fault(below(at, "status"), httpStatusFault(status));
}

function checkRetries(retries: HttpRoute["retries"], at: Cursor): void {
  if (retries === undefined) return;
  const isSet = retries.perTryTimeout !== undefined || retries.retryOn !== "" ||
    retries.retryRemoteLocalities !== undefined;
  if (retries.attempts === 0 && isSet) {
    fault(
      below(at, "attempts"),
      "http retry policy configured when attempts are set to 0 (disabled)",
    );
  }
  fault(below(at, "retryOn"), retryOnFault(retries.retryOn));
}

function checkRewrite(rewrite: HttpRoute["rewrite"], at: Cursor): void {
  if (rewrite === undefined) return;
  const { uri, authority, uriRegexRewrite } = rewrite;
  if (uri !== "" && uriRegexRewrite !== undefined) {
    fault(at, "rewrite may only contain one of URI or UriRegexRewrite");
  } else if (uri === "" && uriRegexRewrite === undefined && authority === "") {
    fault(
      at,
      "rewrite must specify at least one of URI, UriRegexRewrite, or authority. Only one of URI or UriRegexRewrite may be specified",
    );
  } else if (uriRegexRewrite !== undefined) {
    const { match, rewrite } = uriRegexRewrite;
    const place = below(at, "uriRegexRewrite");
    if (match === "" || rewrite === "") {
      fault(place, "UriRegexRewrite requires both Rewrite and Match fields to be specified");
    } else fault(below(place, "match"), regexFault(match, at, "HTTPRewrite.UriRegexRewrite.Match"));
  }
}

/** The host of the request is set once. */
function checkAuthority(rewritten: string, headers: Headers | undefined, at: Cursor): void {
  let current = rewritten;
  for (const verb of ["set", "add"] as const) {
    for (const [name, value] of Object.entries(headers?.request?.[verb] ?? {})) {
      if (!isAuthority(name)) continue;
      if (current !== "") {
        return fault(
          below(at, "request", verb, name),
          `authority header cannot be set multiple times: have "${current}", attempting to set "${value}"`,
        );
      }
      current = value;
    }
  }
}
