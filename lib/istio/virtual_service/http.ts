/** Routes of HTTP (`HTTPRoute`): their fields. */
import { DESTINATION } from "../destination.ts";
import { list, object } from "../schema/collection.ts";
import type { ValueOf } from "../schema/port.ts";
import {
  choice,
  decimal,
  duration,
  flag,
  int32,
  nullable,
  octets,
  optional,
  text,
  uint32,
} from "../schema/scalar.ts";
import { HEADERS } from "./headers.ts";
import { HTTP_MATCH } from "./match.ts";
import { STRING_MATCH } from "./string_match.ts";

/** Longest body that is read at all; longer than what is allowed, so that the rule can say so. */
const MAX_BODY_CHARS = 4 << 20;

const PERCENT = object({ value: decimal() });
const HTTP_DESTINATION = object({
  destination: DESTINATION,
  weight: int32({ min: 0 }),
  headers: HEADERS,
}, { required: ["destination"] });
const REDIRECT = object({
  uri: text(),
  authority: text(),
  port: optional(uint32()),
  derivePort: optional(choice("FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT")),
  scheme: text(),
  redirectCode: uint32(),
  prefixRewrite: text(),
}, { oneOf: [["port", "derivePort"]] });
const DIRECT_RESPONSE = object({
  status: uint32(),
  body: object({
    string: optional(text({ max: MAX_BODY_CHARS })),
    bytes: octets({ maxChars: MAX_BODY_CHARS }),
  }, { oneOf: [["string", "bytes"]] }),
}, { required: ["status"] });
const REWRITE = object({
  uri: text(),
  authority: text(),
  uriRegexRewrite: object({ match: text(), rewrite: text() }),
});
const RETRIES = object({
  attempts: int32({ min: 0 }),
  perTryTimeout: duration(),
  retryOn: text(),
  retryRemoteLocalities: nullable(flag()),
  retryIgnorePreviousHosts: nullable(flag()),
  backoff: duration(),
});
const DELAY = object({
  percent: int32(),
  fixedDelay: duration(),
  exponentialDelay: duration(),
  percentage: PERCENT,
}, { oneOf: [["fixedDelay", "exponentialDelay"]] });
const ABORT = object({
  httpStatus: optional(int32()),
  grpcStatus: optional(text()),
  http2Error: optional(text()),
  percentage: PERCENT,
}, { oneOf: [["httpStatus", "grpcStatus", "http2Error"]] });
const CORS_POLICY = object({
  allowOrigin: list(text()),
  allowOrigins: list(STRING_MATCH),
  allowMethods: list(text()),
  allowHeaders: list(text()),
  exposeHeaders: list(text()),
  maxAge: duration(),
  allowCredentials: nullable(flag()),
  unmatchedPreflights: choice("UNSPECIFIED", "FORWARD", "IGNORE"),
});

/** One element of `http`. */
export const HTTP_ROUTE = object({
  name: text(),
  match: list(HTTP_MATCH),
  route: list(HTTP_DESTINATION),
  redirect: REDIRECT,
  directResponse: DIRECT_RESPONSE,
  delegate: object({ name: text(), namespace: text() }),
  rewrite: REWRITE,
  timeout: duration(),
  retries: RETRIES,
  fault: object({ delay: DELAY, abort: ABORT }),
  mirror: DESTINATION,
  mirrors: list(
    object({ destination: DESTINATION, percentage: PERCENT }, { required: ["destination"] }),
  ),
  mirrorPercent: nullable(uint32()),
  mirrorPercentage: PERCENT,
  corsPolicy: CORS_POLICY,
  headers: HEADERS,
}, { aliases: { mirror_percent: "mirrorPercent" } });

/** A route of HTTP; durations are in milliseconds. */
export type HttpRoute = NonNullable<ValueOf<typeof HTTP_ROUTE>>;
