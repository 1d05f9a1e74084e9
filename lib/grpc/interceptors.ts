/**
 * What happens around every call: counting, timing, one log record. The fast path and Connect's handlers use the same observer,
 * so a call counts the same whichever way it took.
 */
import { Code, ConnectError, type Interceptor } from "@connectrpc/connect";
import type { Credentials } from "../authn/mod.ts";
import type { Clock } from "../base/mod.ts";
import {
  type CallSpan,
  type CallTracer,
  type Counter,
  EVENT,
  type Histogram,
  type Logger,
  METRIC,
  type Metrics,
} from "../telemetry/mod.ts";
import { credentialsOf } from "./credentials.ts";
import { codeName } from "./status.ts";

/** One kind of call with its series bound. */
export interface MethodObserver {
  /** Counts a call that begins and returns its start, in monotonic milliseconds. */
  started(): number;
  /** Begins the call's span; `undefined` when spans are off. */
  span(credentials: Credentials): CallSpan | undefined;
  /** Counts a message of the caller. */
  received(): void;
  /** Counts a message to the caller. */
  sent(): void;
  /** Counts a call that ended with `code` (0 is OK). */
  finished(startedMs: number, code: Code | 0): void;
}

/** Kinds of calls as grpc-go's metrics spell them. */
export type CallType = "unary" | "client_stream" | "server_stream" | "bidi_stream";

/** Makes observers of methods. */
export interface CallObserver {
  /** The observer of a method; the same one for the same names. */
  method(
    service: string,
    method: string,
    type: CallType,
  ): MethodObserver;
}

/** Makes a {@linkcode CallObserver} over istiod's `grpc_server_*` series. */
export function createCallObserver(
  metrics: Metrics,
  clock: Clock,
  tracer?: CallTracer,
): CallObserver {
  const methods = new Map<string, MethodObserver>();
  return {
    method(service, method, type) {
      const key = `${service}/${method}`;
      const known = methods.get(key);
      if (known !== undefined) return known;
      const labels = { grpc_service: service, grpc_method: method, grpc_type: type };
      const span = ({ remoteAddress, headerValues }: Credentials) =>
        tracer?.start({ service, method, remoteAddress, headerValues });
      const made = { span, ...observer(metrics, clock, labels) };
      methods.set(key, made);
      return made;
    },
  };
}

function observer(
  metrics: Metrics,
  clock: Clock,
  labels: Readonly<Record<string, string>>,
): Omit<MethodObserver, "span"> {
  const started: Counter = metrics.counter(METRIC.grpcStarted, labels);
  const received: Counter = metrics.counter(METRIC.grpcReceived, labels);
  const sent: Counter = metrics.counter(METRIC.grpcSent, labels);
  const seconds: Histogram = metrics.histogram(METRIC.grpcSeconds, labels);
  const handled = new Map<Code | 0, Counter>();
  return {
    started() {
      started.inc();
      return clock.monotonicMs();
    },
    received: () => received.inc(),
    sent: () => sent.inc(),
    finished(startedMs, code) {
      let counter = handled.get(code);
      if (counter === undefined) {
        counter = metrics.counter(METRIC.grpcHandled, { ...labels, grpc_code: codeName(code) });
        handled.set(code, counter);
      }
      counter.inc();
      seconds.observe((clock.monotonicMs() - startedMs) / 1000);
    },
  };
}

const CALL_TYPE = {
  unary: "unary",
  client_streaming: "client_stream",
  server_streaming: "server_stream",
  bidi_streaming: "bidi_stream",
} as const;

/** The observer as a Connect interceptor. An error that is no {@linkcode ConnectError} is logged here and leaves as "internal error". */
export function observeCalls(observers: CallObserver, logger: Logger): Interceptor {
  return (next) => async (request) => {
    const { service, method: { name, methodKind } } = request;
    const method = observers.method(service.typeName, name, CALL_TYPE[methodKind]);
    const startedMs = method.started();
    const span = method.span(credentialsOf(request.contextValues));
    const finish = (code: Code | 0) => {
      method.finished(startedMs, code);
      span?.end(code);
    };
    const fail = (thrown: unknown) => {
      const failure = thrown instanceof ConnectError
        ? thrown
        : new ConnectError("internal error", Code.Internal);
      finish(failure.code);
      if (failure !== thrown) {
        logger.error(EVENT.callFailed, "Call failed", { method: name }, thrown);
      }
      return failure;
    };
    try {
      if (!request.stream) method.received();
      const response = await next(
        request.stream
          ? { ...request, message: countEach(request.message, method.received) }
          : request,
      );
      if (response.stream) {
        const end = () => finish(endOf(request.signal));
        return { ...response, message: countToEnd(response.message, { method, end, fail }) };
      }
      method.sent();
      finish(0);
      return response;
    } catch (thrown) {
      throw fail(thrown);
    }
  };
}

async function* countEach<T>(messages: AsyncIterable<T>, count: () => void): AsyncIterable<T> {
  for await (const message of messages) {
    count();
    yield message;
  }
}

/** Counts the messages of a stream; `end` or `fail` is called once, also when nobody reads on. */
async function* countToEnd<T>(
  messages: AsyncIterable<T>,
  { method, end, fail }: {
    readonly method: MethodObserver;
    readonly end: () => void;
    readonly fail: (thrown: unknown) => ConnectError;
  },
): AsyncIterable<T> {
  let isOpen = true;
  try {
    for await (const message of messages) {
      method.sent();
      yield message;
    }
  } catch (thrown) {
    isOpen = false;
    throw fail(thrown);
  } finally {
    if (isOpen) end();
  }
}

/** A stream that ended because its caller or the server gave it up did not end with OK. */
function endOf({ aborted, reason }: AbortSignal): Code | 0 {
  if (!aborted) return 0;
  return reason instanceof ConnectError ? reason.code : Code.Canceled;
}
