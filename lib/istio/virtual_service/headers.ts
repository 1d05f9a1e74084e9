/** Headers that a route sets, adds and removes, and what may stand in their names and values (Envoy's `%VARIABLE%` included). */
import { quote } from "../../base/mod.ts";
import { tokenFault } from "../header_names.ts";
import { list, map, object } from "../schema/collection.ts";
import { below, type Cursor, fault, type ValueOf } from "../schema/port.ts";
import { text } from "../schema/scalar.ts";

/** Octets that Envoy refuses in a value: controls but the tab. */
// deno-lint-ignore no-control-regex -- these are what is looked for
const CONTROL_REGEXP = /[\u0000-\u0008\u000a-\u001f\u007f]/;
const PSEUDO_HEADERS = [":method", ":scheme", ":authority", ":path", ":status"];
/** A claim of a token in place of a header: `@request.auth.claims.sub`, `@request.auth.claims[sub]`. */
const CLAIM_REGEXP = /^@request\.auth\.claims(?:\..+|\[.+\])$/is;

const HEADER_OPERATIONS = object({
  set: map(text()),
  add: map(text()),
  remove: list(text()),
});
/** `headers`. */
export const HEADERS = object({ request: HEADER_OPERATIONS, response: HEADER_OPERATIONS });

/** What is done to headers. */
export type Headers = NonNullable<ValueOf<typeof HEADERS>>;

/** Whether a header match is a match of a token's claim. */
export function isClaim(name: string): boolean {
  return CLAIM_REGEXP.test(name);
}

/** What is wrong with the name of a header that is matched. */
export function matchedHeaderFault(name: string): string | undefined {
  if (isClaim(name) || PSEUDO_HEADERS.includes(name)) return undefined;
  return tokenFault(name);
}

/** Whether a header is the host of the request. */
export function isAuthority(name: string): boolean {
  return [":authority", "host"].includes(name.toLowerCase());
}

/** The rules of what is done to headers. */
export function checkHeaders(headers: Headers | undefined, at: Cursor): void {
  for (const side of ["request", "response"] as const) {
    const operations = headers?.[side];
    if (operations === undefined) continue;
    for (const verb of ["add", "set"] as const) {
      for (const [name, value] of Object.entries(operations[verb])) {
        const place = below(at, side, verb, name);
        fault(place, side === "request" && isAuthority(name) ? undefined : changedFault(name));
        fault(place, valueFault(value));
      }
    }
    for (const [index, name] of operations.remove.entries()) {
      fault(below(at, side, "remove", index), changedFault(name));
    }
  }
}

function changedFault(name: string): string | undefined {
  if (name === "") return "header name cannot be empty";
  if (name.toLowerCase() === "host") return `invalid header ${quote(name)}: cannot set Host header`;
  return name.startsWith(":")
    ? `invalid header ${quote(name)}: header cannot have ":" prefix`
    : undefined;
}

function valueFault(value: string): string | undefined {
  if (CONTROL_REGEXP.test(value)) return `header value configuration ${value} is invalid`;
  const wrong = variablesFault(value);
  return wrong === undefined
    ? undefined
    : `header value configuration: invalid header configuration. ${wrong}`;
}

/** States of the reading of `%NAME%`, `%NAME(ARGUMENT)%` and `%NAME(["ARGUMENT", ...])%`: which character leads where. */
type State = (char: string) => State | string;

const inName: State = (char) => char === "%" ? inText : char === "(" ? beforeArguments : inName;
const beforeArguments: State = (char) =>
  char === "[" ? beforeString : char === " " ? beforeArguments : inArgument;
const beforeString: State = (char) =>
  char === '"' ? inArgument : char === " " ? beforeString : `Expecting '"'`;
const inArgument: State = (char) =>
  char === ")" ? afterCall : char === '"' ? afterString : inArgument;
const afterString: State = (char) => {
  if (char === ",") return beforeString;
  if (char === "]") return afterArguments;
  return char === " " ? afterString : "Expecting ',', ']', or whitespace";
};
const afterArguments: State = (char) =>
  char === ")" ? afterCall : char === " " ? afterArguments : "Expecting ')' or whitespace";
const afterCall: State = (char) =>
  char === "%" ? inText : char === " " ? afterCall : "Expecting '%' or whitespace after";
const inText: State = (char) => char === "%" ? inName : inText;

/** What is wrong with the variables in a value; `%%` is a percent sign. */
function variablesFault(value: string): string | undefined {
  let state = inText;
  for (let at = 0; at < value.length; at++) {
    const char = value[at]!;
    const isLast = at === value.length - 1;
    if (state === inText && char === "%") {
      if (isLast) return "Un-escaped %";
      if (value[at + 1] === "%") {
        at++;
        continue;
      }
    }
    if (state === inArgument && char === "\\") {
      if (isLast) return "Un-terminated backslash in JSON string";
      at++;
      continue;
    }
    const next = state(char);
    if (typeof next === "string") return next;
    state = next;
  }
  return state === inText ? undefined : `Un-terminated variable expression '${value}'`;
}
