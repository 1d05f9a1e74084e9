/**
 * `CreateCertificate` in its usual shape, without Connect's handler: one uncompressed message, no trailers, the plain request of
 * `ca_codec.ts`. It calls the same service function and the same observer as the handler does. Anything else is handed to the handler
 * with the bytes that have arrived, so that unusual requests are judged in one place.
 */
import { Code, ConnectError } from "@connectrpc/connect";
import type { Credentials } from "../authn/mod.ts";
import type { Clock } from "../base/mod.ts";
import { precomputeHeaders, type ServerStream } from "../transport/mod.ts";
import { createAnswerEncoder, decodePlainRequest } from "./ca_codec.ts";
import type { MethodObserver } from "./interceptors.ts";
import type { CreateCertificate } from "./services/ca.ts";
import { parseTimeoutMs } from "./timeout.ts";
import { errorOnly } from "./trailers_only.ts";

const FRAME_PREFIX_BYTES = 5;
const OK_HEADERS = precomputeHeaders([[":status", "200"], ["content-type", "application/grpc"]]);
const OK_TRAILERS = precomputeHeaders([["grpc-status", "0"]]);

/** What the fast path needs. */
export interface FastPathOptions {
  /** The service's function. */
  readonly createCertificate: CreateCertificate;
  /** Counts and times calls. */
  readonly observer: MethodObserver;
  /** For deadlines. */
  readonly clock: Clock;
  /** Largest message, in bytes. */
  readonly maxMessageBytes: number;
  /** Hears of failures that no service function meant to tell: bugs, which the caller knows as "internal error" only. */
  readonly onError: (thrown: unknown) => void;
}

/** Takes a complete request body, or says that it is not for the fast path. */
export interface FastPath {
  /** True when the request's headers are those of a usual call. */
  accepts(stream: ServerStream<unknown>): boolean;
  /** Answers the call and returns true; false when the body is unusual and the stream is untouched. */
  take(stream: ServerStream<unknown>, body: Uint8Array, credentials: Credentials): boolean;
}

/** Makes the fast path. */
export function createFastPath(options: FastPathOptions): FastPath {
  const encoder = createAnswerEncoder();
  const { createCertificate, observer, clock } = options;

  const answer = async (
    stream: ServerStream<unknown>,
    request: Parameters<CreateCertificate>[0],
    call: { readonly credentials: Credentials; readonly deadlineMs: number },
  ) => {
    const startedMs = observer.started();
    const span = observer.span(call.credentials);
    observer.received();
    try {
      const result = await createCertificate(request, call.credentials, {
        isAbandoned: () => stream.isLost,
      });
      if (clock.monotonicMs() > call.deadlineMs) {
        throw new ConnectError("the operation timed out", Code.DeadlineExceeded);
      }
      const message = encoder.encode(result);
      observer.sent();
      observer.finished(startedMs, 0);
      span?.end(0);
      stream.respond(OK_HEADERS, false);
      void stream.write(message);
      stream.end(OK_TRAILERS);
    } catch (thrown) {
      const meant = thrown instanceof ConnectError;
      if (!meant) options.onError(thrown);
      const failure = meant ? thrown : new ConnectError("internal error", Code.Internal);
      observer.finished(startedMs, failure.code);
      span?.end(failure.code);
      stream.respond(errorOnly(failure), true);
    }
  };

  return {
    accepts({ headers }) {
      const type = headers.get("content-type");
      if (type !== "application/grpc" && type !== "application/grpc+proto") return false;
      const encoding = headers.get("grpc-encoding");
      if (encoding !== undefined && encoding !== "identity") return false;
      const timeout = headers.get("grpc-timeout");
      return headers.get(":method") === "POST" &&
        (timeout === undefined || parseTimeoutMs(timeout) !== undefined);
    },
    take(stream, body, credentials) {
      if (body.length < FRAME_PREFIX_BYTES || body[0] !== 0) return false;
      const length = body[1]! * 0x1000000 + (body[2]! << 16) + (body[3]! << 8) + body[4]!;
      if (length !== body.length - FRAME_PREFIX_BYTES || length > options.maxMessageBytes) {
        return false;
      }
      const request = decodePlainRequest(body.subarray(FRAME_PREFIX_BYTES));
      if (request === undefined) return false;
      const timeout = stream.headers.get("grpc-timeout");
      const timeoutMs = timeout === undefined ? Infinity : parseTimeoutMs(timeout) ?? Infinity;
      void answer(stream, request, { credentials, deadlineMs: clock.monotonicMs() + timeoutMs });
      return true;
    },
  };
}
