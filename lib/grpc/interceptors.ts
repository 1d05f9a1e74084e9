/**
 * What happens around every call: counting, timing, one log record. The fast path and Connect's handlers use the same observer,
 * so a call counts the same whichever way it took.
 */
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Clock } from "../base/mod.ts";
import {
  type Counter,
  EVENT,
  type Histogram,
  type Logger,
  METRIC,
  type Metrics,
} from "../telemetry/mod.ts";
import { codeName } from "./status.ts";

/** One kind of call with its series bound. */
export interface MethodObserver {
  /** Counts a call that begins and returns its start, in monotonic milliseconds. */
  started(): number;
  /** Counts a call that ended with `code` (0 is OK). */
  finished(startedMs: number, code: Code | 0): void;
}

/** Makes observers of methods. */
export interface CallObserver {
  /** The observer of a method; the same one for the same names. */
  method(
    service: string,
    method: string,
    type: "unary" | "bidi_stream" | "server_stream",
  ): MethodObserver;
}

/** Makes a {@linkcode CallObserver} over istiod's `grpc_server_*` series. */
export function createCallObserver(metrics: Metrics, clock: Clock): CallObserver {
  const methods = new Map<string, MethodObserver>();
  return {
    method(service, method, type) {
      const key = `${service}/${method}`;
      const known = methods.get(key);
      if (known !== undefined) return known;
      const labels = { grpc_service: service, grpc_method: method, grpc_type: type };
      const made = observer(metrics, clock, labels);
      methods.set(key, made);
      return made;
    },
  };
}

function observer(
  metrics: Metrics,
  clock: Clock,
  labels: Readonly<Record<string, string>>,
): MethodObserver {
  const started: Counter = metrics.counter(METRIC.grpcStarted, labels);
  const received: Counter = metrics.counter(METRIC.grpcReceived, labels);
  const sent: Counter = metrics.counter(METRIC.grpcSent, labels);
  const seconds: Histogram = metrics.histogram(METRIC.grpcSeconds, labels);
  const handled = new Map<Code | 0, Counter>();
  return {
    started() {
      started.inc();
      received.inc();
      return clock.monotonicMs();
    },
    finished(startedMs, code) {
      let counter = handled.get(code);
      if (counter === undefined) {
        counter = metrics.counter(METRIC.grpcHandled, { ...labels, grpc_code: codeName(code) });
        handled.set(code, counter);
      }
      counter.inc();
      if (code === 0) sent.inc();
      seconds.observe((clock.monotonicMs() - startedMs) / 1000);
    },
  };
}

/** The observer as a Connect interceptor. An error that is no {@linkcode ConnectError} is logged here and leaves as "internal error". */
export function observeCalls(observers: CallObserver, logger: Logger): Interceptor {
  return (next) => async (request) => {
    const type = request.method.methodKind === "unary"
      ? "unary"
      : request.method.methodKind === "server_streaming"
      ? "server_stream"
      : "bidi_stream";
    const method = observers.method(request.service.typeName, request.method.name, type);
    const startedMs = method.started();
    try {
      const response = await next(request);
      method.finished(startedMs, 0);
      return response;
    } catch (thrown) {
      const failure = thrown instanceof ConnectError
        ? thrown
        : new ConnectError("internal error", Code.Internal);
      method.finished(startedMs, failure.code);
      if (failure !== thrown) {
        logger.error(EVENT.callFailed, "Call failed", { method: request.method.name }, thrown);
      }
      throw failure;
    }
  };
}
