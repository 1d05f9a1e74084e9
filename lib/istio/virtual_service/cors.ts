/** `corsPolicy`: who may call from pages of other origins. */
import { quote } from "../../base/mod.ts";
import { tokenFault } from "../header_names.ts";
import { below, type Cursor, fault } from "../schema/port.ts";
import type { HttpRoute } from "./http.ts";
import { checkStringMatch } from "./string_match.ts";

const METHODS = [
  ...["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"],
];

/** The rules of a policy. */
export function checkCors(policy: HttpRoute["corsPolicy"], at: Cursor): void {
  if (policy === undefined) return;
  for (const [index, origin] of policy.allowOrigins.entries()) {
    const place = below(at, "allowOrigins", index);
    if (!(origin.exact || origin.prefix || origin.regex)) {
      fault(place, "'' is not a valid match type for CORS allow origins");
    } else checkStringMatch(origin, place, "corsPolicy.allowOrigins");
  }
  for (const [index, method] of policy.allowMethods.entries()) {
    if (METHODS.includes(method)) continue;
    fault(
      below(at, "allowMethods", index),
      `${quote(method)} is not a supported HTTP method`,
    );
  }
  for (const field of ["allowHeaders", "exposeHeaders"] as const) {
    for (const [index, name] of policy[field].entries()) {
      if (name !== "*") fault(below(at, field, index), tokenFault(name));
    }
  }
  if (policy.maxAge !== undefined && policy.maxAge % 1000 !== 0) {
    fault(below(at, "maxAge"), "max_age duration is accurate only to seconds precision");
  }
}
