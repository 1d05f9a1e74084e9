/** Faults that are made on purpose (`HTTPFaultInjection`): delays and errors. */
import { quote } from "../../base/mod.ts";
import { below, type Cursor, fault } from "../schema/port.ts";
import type { HttpRoute } from "./http.ts";

/** Codes of gRPC by name (grpc/doc/statuscodes.md). */
const GRPC_STATUS = [
  ...["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND"],
  ...["ALREADY_EXISTS", "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION"],
  ...["ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED", "INTERNAL", "UNAVAILABLE", "DATA_LOSS"],
  "UNAUTHENTICATED",
];
const MIN_PERCENT = 0.0001;

type FaultInjection = NonNullable<HttpRoute["fault"]>;

/** The rules of a fault. */
export function checkFault(injection: FaultInjection | undefined, at: Cursor): void {
  if (injection === undefined) return;
  const { abort, delay } = injection;
  if (abort === undefined && delay === undefined) {
    fault(at, "HTTP fault injection must have an abort and/or a delay");
  }
  if (abort !== undefined) checkAbort(abort, below(at, "abort"));
  if (delay === undefined) return;
  fault(below(at, "delay", "percentage"), percentFault(delay.percentage?.value));
  if (delay.exponentialDelay !== undefined) {
    fault(below(at, "delay", "exponentialDelay"), "exponentialDelay not supported yet");
  }
}

function checkAbort(abort: NonNullable<FaultInjection["abort"]>, at: Cursor): void {
  fault(below(at, "percentage"), percentFault(abort.percentage?.value));
  if (abort.grpcStatus !== undefined) {
    fault(below(at, "grpcStatus"), grpcStatusFault(abort.grpcStatus));
  } else if (abort.http2Error !== undefined) {
    fault(below(at, "http2Error"), "HTTP/2 abort fault injection not supported yet");
  } else if (abort.httpStatus !== undefined) {
    fault(below(at, "httpStatus"), httpStatusFault(abort.httpStatus));
  }
}

function percentFault(value: number | undefined): string | undefined {
  if (value === undefined || value === 0 || value >= MIN_PERCENT && value <= 100) return undefined;
  return `percentage ${value} is neither 0.0, nor in range [0.0001, 100.0]`;
}

function grpcStatusFault(status: string): string | undefined {
  if (GRPC_STATUS.includes(status)) return undefined;
  return `gRPC status ${
    quote(status)
  } is not supported. See https://github.com/grpc/grpc/blob/master/doc/statuscodes.md for a list of supported codes, for example 'NOT_FOUND'`;
}

/** What is wrong with a status of HTTP; Istio takes 600, too. */
export function httpStatusFault(status: number): string | undefined {
  return status < 200 || status > 600 ? `HTTP status ${status} is not in range 200-599` : undefined;
}
