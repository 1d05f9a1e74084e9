/** What routes do to headers. What Envoy would refuse in one of them, it would refuse the whole configuration for: such things are left out. */
import type { HeaderValueOptionJson } from "../../proto/gen/envoy/config/core/v3/base_pb.ts";
import type { Headers } from "../istio/mod.ts";

/** Most headers that Envoy adds in one place. */
const MAX_HEADERS = 1000;
// deno-lint-ignore no-control-regex -- these are what Envoy refuses
const NO_HEADER_REGEXP = /[\u0000\r\n]|^$/;
/** Longest value, in octets, that Envoy takes. */
const MAX_VALUE_BYTES = 16_384;
/**
 * Variables of Envoy (`%NAME%`) that stand for something of the request or the connection and are the same in every version; another one is
 * text, as an unknown name is refused.
 */
const VARIABLE_REGEXP =
  /%%|%(?:(?:DOWNSTREAM_(?:REMOTE|LOCAL|DIRECT_REMOTE)_ADDRESS(?:_WITHOUT_PORT)?|DOWNSTREAM_LOCAL_PORT|DOWNSTREAM_(?:PEER|LOCAL)_(?:URI_SAN|SUBJECT)|DOWNSTREAM_TLS_(?:VERSION|CIPHER|SESSION_ID)|UPSTREAM_(?:REMOTE|LOCAL)_ADDRESS|UPSTREAM_(?:HOST|CLUSTER)|PROTOCOL|HOSTNAME|RESPONSE_(?:CODE|FLAGS|CODE_DETAILS)|REQUESTED_SERVER_NAME|ROUTE_NAME|START_TIME)|REQ\([A-Za-z0-9:_-]+(?:\?[A-Za-z0-9:_-]+)?\)(?::[1-9]\d{0,3})?)%|%/g;

/** Headers to add and to remove, on one side of a route. */
interface Operations {
  readonly add: HeaderValueOptionJson[];
  readonly remove: string[];
}

/** The fields of a route, or of one of its clusters. */
export interface HeaderFields {
  /** Set, or added, on the way to the service. */
  readonly requestHeadersToAdd?: HeaderValueOptionJson[];
  /** Removed on the way to the service. */
  readonly requestHeadersToRemove?: string[];
  /** Set, or added, on the way back. */
  readonly responseHeadersToAdd?: HeaderValueOptionJson[];
  /** Removed on the way back. */
  readonly responseHeadersToRemove?: string[];
}

/** What is said of headers, the inner place last, as the fields of Envoy. */
export function headerFields(...places: readonly (Headers | undefined)[]): HeaderFields {
  const request = places.map((headers) => operations(headers?.request, true));
  const response = places.map((headers) => operations(headers?.response, false));
  const all = <K extends keyof Operations>(list: readonly Operations[], key: K) =>
    list.flatMap((each) => each[key] as Operations[K][number][]).slice(0, MAX_HEADERS);
  return Object.fromEntries(
    Object.entries({
      requestHeadersToAdd: all(request, "add"),
      requestHeadersToRemove: all(request, "remove"),
      responseHeadersToAdd: all(response, "add"),
      responseHeadersToRemove: all(response, "remove"),
    }).filter(([, list]) => list.length > 0),
  );
}

/** The host that a route sets as if it were a header; undefined for none. */
export function authorityOf(headers: Headers | undefined): string | undefined {
  const { set = {}, add = {} } = headers?.request ?? {};
  const found = [...Object.entries(set), ...Object.entries(add)].find(([name]) => isHost(name));
  return found?.[1];
}

function isHost(name: string): boolean {
  return [":authority", "host"].includes(name.toLowerCase());
}

function operations(said: NonNullable<Headers>["request"], isRequest: boolean): Operations {
  const entries = (
    values: Readonly<Record<string, string>>,
    appendAction: HeaderValueOptionJson["appendAction"] & string,
  ) =>
    Object.entries(values)
      .filter(([name]) => !NO_HEADER_REGEXP.test(name) && !(isRequest && isHost(name)))
      .map(([key, value]) => ({ header: { key, value: headerValue(value) }, appendAction }));
  return {
    add: [
      ...entries(said?.set ?? {}, "OVERWRITE_IF_EXISTS_OR_ADD"),
      ...entries(said?.add ?? {}, "APPEND_IF_EXISTS_OR_ADD"),
    ],
    remove: (said?.remove ?? []).filter((name) =>
      !NO_HEADER_REGEXP.test(name) && !name.startsWith(":") && name.toLowerCase() !== "host"
    ),
  };
}

function headerValue(value: string): string {
  const text = value.replace(VARIABLE_REGEXP, (found) => found === "%" ? "%%" : found);
  return text.length * 3 > MAX_VALUE_BYTES ? text.slice(0, MAX_VALUE_BYTES / 3 | 0) : text;
}
