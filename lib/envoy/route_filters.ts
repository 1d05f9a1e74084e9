/** What a route says to filters before it: faults that are made on purpose, and who may call from pages of other origins. */
import type { RouteJson } from "../../proto/gen/envoy/config/route/v3/route_components_pb.ts";
import type { CorsPolicyJson } from "../../proto/gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import type { HTTPFaultJson } from "../../proto/gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import type { HttpFilterJson } from "../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import type { FractionalPercentJson } from "../../proto/gen/envoy/type/v3/percent_pb.ts";
import type { HttpRoute } from "../istio/mod.ts";
import { durationOf } from "./durations.ts";
import { stringMatcher } from "./route_match.ts";
import { typed } from "./typed.ts";

const FAULT = "envoy.filters.http.fault";
const CORS = "envoy.filters.http.cors";
const HTTP_FAULT = "envoy.extensions.filters.http.fault.v3.HTTPFault";
const CORS_POLICY = "envoy.extensions.filters.http.cors.v3.CorsPolicy";
/** Codes of gRPC in order of their numbers. */
const GRPC_STATUS = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"],
  ...["ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"],
  ...["ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"],
  "UNAUTHENTICATED",
];

/** The filters that routes speak to; they do nothing by themselves. */
export function routeFilters(): readonly HttpFilterJson[] {
  return [
    { name: FAULT, typedConfig: typed(HTTP_FAULT, {}) },
    { name: CORS, typedConfig: typed("envoy.extensions.filters.http.cors.v3.Cors", {}) },
  ];
}

/** What a route says to them. */
export function perRouteFilters(
  { fault, corsPolicy }: HttpRoute,
): Pick<RouteJson, "typedPerFilterConfig"> {
  const injected = fault === undefined ? undefined : faultOf(fault);
  const configs = {
    ...(injected === undefined ? {} : { [FAULT]: typed<HTTPFaultJson>(HTTP_FAULT, injected) }),
    ...(corsPolicy === undefined
      ? {}
      : { [CORS]: typed<CorsPolicyJson>(CORS_POLICY, corsOf(corsPolicy)) }),
  };
  return Object.keys(configs).length === 0 ? {} : { typedPerFilterConfig: configs };
}

function faultOf({ delay, abort }: NonNullable<HttpRoute["fault"]>): HTTPFaultJson | undefined {
  const grpc = abort?.grpcStatus === undefined ? -1 : GRPC_STATUS.indexOf(abort.grpcStatus);
  const status = abort?.httpStatus;
  const kind = grpc >= 0
    ? { grpcStatus: grpc }
    : status !== undefined && status >= 200 && status < 600
    ? { httpStatus: status }
    : undefined;
  const delayed = delay?.fixedDelay;
  const fault: HTTPFaultJson = {
    ...(delayed === undefined ? {} : {
      delay: {
        fixedDelay: durationOf(delayed),
        percentage: fraction(delay?.percentage?.value ?? (delay?.percent || 100)),
      },
    }),
    ...(kind === undefined
      ? {}
      : { abort: { ...kind, percentage: fraction(abort?.percentage?.value ?? 100) } }),
  };
  return Object.keys(fault).length === 0 ? undefined : fault;
}

function fraction(percent: number): FractionalPercentJson {
  const millionths = Math.round(Math.min(100, Math.max(0, percent)) * 10_000);
  return { numerator: millionths, denominator: "MILLION" };
}

function corsOf(policy: NonNullable<HttpRoute["corsPolicy"]>): CorsPolicyJson {
  const { allowOrigin, allowOrigins, allowMethods, allowHeaders, exposeHeaders } = policy;
  const { maxAge, allowCredentials, unmatchedPreflights } = policy;
  const join = (key: "allowMethods" | "allowHeaders" | "exposeHeaders", list: readonly string[]) =>
    list.length === 0 ? {} : { [key]: list.join(",") };
  return {
    allowOriginStringMatch: [
      ...allowOrigin.map((exact) => exact === "*" ? ANY_ORIGIN : { exact }),
      ...allowOrigins.map((origin) =>
        origin.exact === "*" ? ANY_ORIGIN : stringMatcher(origin) ?? ANY_ORIGIN
      ),
    ],
    ...join("allowMethods", allowMethods),
    ...join("allowHeaders", allowHeaders),
    ...join("exposeHeaders", exposeHeaders),
    ...(maxAge === undefined ? {} : { maxAge: String(Math.trunc(maxAge / 1000)) }),
    ...(allowCredentials === undefined ? {} : { allowCredentials }),
    ...(unmatchedPreflights === "UNSPECIFIED"
      ? {}
      : { forwardNotMatchingPreflights: unmatchedPreflights === "FORWARD" }),
    filterEnabled: { defaultValue: { numerator: 100, denominator: "HUNDRED" } },
  };
}

const ANY_ORIGIN = { safeRegex: { regex: ".*" } };
