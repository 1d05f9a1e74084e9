/** What a route of HTTP matches (`HTTPMatchRequest`). */
import { isLabel, portFault } from "../names.ts";
import { list, map, object } from "../schema/collection.ts";
import { below, type Cursor, fault, type ValueOf } from "../schema/port.ts";
import { flag, text, uint32 } from "../schema/scalar.ts";
import { checkLabels } from "../selector.ts";
import { checkGatewayNames } from "./gateway_names.ts";
import { matchedHeaderFault } from "./headers.ts";
import { checkStringMatch, STRING_MATCH } from "./string_match.ts";

/** One element of `match`. */
export const HTTP_MATCH = object({
  name: text(),
  uri: STRING_MATCH,
  scheme: STRING_MATCH,
  method: STRING_MATCH,
  authority: STRING_MATCH,
  headers: map(STRING_MATCH),
  port: uint32(),
  sourceLabels: map(text()),
  gateways: list(text()),
  queryParams: map(STRING_MATCH),
  ignoreUriCase: flag(),
  withoutHeaders: map(STRING_MATCH),
  sourceNamespace: text(),
  statPrefix: text(),
});

/** What a route of HTTP matches. */
export type HttpMatch = NonNullable<ValueOf<typeof HTTP_MATCH>>;

/** The rules of one match. */
export function checkHttpMatch(match: HttpMatch, at: Cursor): void {
  for (const [name, value] of Object.entries(match.headers)) {
    fault(below(at, "headers", name), matchedHeaderFault(name));
    checkStringMatch(value, below(at, "headers", name), "headers");
  }
  for (const [name, value] of Object.entries(match.withoutHeaders)) {
    fault(below(at, "withoutHeaders", name), matchedHeaderFault(name));
    // A lone star is no expression: it stands for any value.
    if (value.regex === "*") continue;
    checkStringMatch(value, below(at, "withoutHeaders", name), "withoutHeaders");
  }
  checkStringMatch(match.uri, below(at, "uri"), "uri", { mayBeEmpty: true });
  for (const field of ["scheme", "method", "authority"] as const) {
    checkStringMatch(match[field], below(at, field), field);
  }
  for (const [name, value] of Object.entries(match.queryParams)) {
    checkStringMatch(value, below(at, "queryParams", name), "queryParams");
  }
  if (match.port !== 0) fault(below(at, "port"), portFault(match.port));
  checkLabels(match.sourceLabels, below(at, "sourceLabels"));
  checkGatewayNames(match.gateways, below(at, "gateways"));
  const { sourceNamespace } = match;
  if (sourceNamespace !== "" && !isLabel(sourceNamespace)) {
    fault(
      below(at, "sourceNamespace"),
      `sourceNamespace match ${sourceNamespace} is invalid`,
    );
  }
}
