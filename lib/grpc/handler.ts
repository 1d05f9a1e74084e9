/** What happens to a stream of a gRPC port: the fast path, Connect's handlers, or a refusal. */
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import type { Credentials } from "../authn/mod.ts";
import { concatBytes } from "../base/mod.ts";
import { EVENT } from "../telemetry/mod.ts";
import type { ClientCertificate } from "../tls/mod.ts";
import { HTTP2_ERROR, type ServerStream } from "../transport/mod.ts";
import { refuseRequest, runHandler } from "./adapter.ts";
import { createFastPath } from "./fast_path.ts";
import { createCallObserver, observeCalls } from "./interceptors.ts";
import type { GrpcHost } from "./listen.ts";
import type { GrpcConfig } from "./port.ts";
import { asksForRoots, respondRoots } from "./roots_page.ts";
import { createRouter } from "./router.ts";
import type { CreateCertificate } from "./services/ca.ts";
import type { XdsServer } from "../xds/mod.ts";

const CA_SERVICE = "istio.v1.auth.IstioCertificateService";
const CA_METHOD = "CreateCertificate";
const CREATE_CERTIFICATE_PATH = `/${CA_SERVICE}/${CA_METHOD}`;

/** Answers the streams of one port. */
export interface GrpcHandler {
  /** Takes a stream and answers it, sooner or later. */
  handle(stream: ServerStream<ClientCertificate | undefined>): void;
  /** Reports NOT_SERVING to health checks and ends streaming calls, at the begin of a drain. */
  stopServing(): void;
}

/** What a port serves. */
export interface PortServices {
  /** The CA service; absent on the plaintext port. */
  readonly createCertificate: CreateCertificate | undefined;
  /** The xDS server; absent where discovery is not served. */
  readonly xds?: XdsServer | undefined;
  /** True when the port is TLS. */
  readonly secure: boolean;
  /** The roots that `GET /root-cert.pem` answers with; without them there is no such page. */
  readonly rootsPem?: () => string;
}

/** Makes the handler of a port; without `createCertificate` the CA service does not exist on it. */
export function createGrpcHandler(
  config: Pick<GrpcConfig, "maxMessageBytes">,
  host: Pick<GrpcHost, "clock" | "logger" | "metrics" | "tracer">,
  port: PortServices,
): GrpcHandler {
  const { clock, metrics, tracer } = host;
  const { createCertificate, secure, rootsPem } = port;
  const logger = host.logger.scoped("grpc");
  const observers = createCallObserver(metrics, clock, tracer);
  const shutdown = new AbortController();
  const router = createRouter({
    createCertificate,
    xds: port.xds,
    interceptors: [observeCalls(observers, logger)],
    maxMessageBytes: config.maxMessageBytes,
    shutdownSignal: shutdown.signal,
  });
  const onError = (thrown: unknown) =>
    logger.error(EVENT.callFailed, "Call failed outside its handler", {}, thrown);
  const fastPath = createCertificate && createFastPath({
    createCertificate,
    observer: observers.method(CA_SERVICE, CA_METHOD, "unary"),
    clock,
    maxMessageBytes: config.maxMessageBytes,
    onError,
  });
  const general = (
    stream: ServerStream<ClientCertificate | undefined>,
    body: AsyncIterable<Uint8Array>,
  ) => {
    const path = pathOf(stream);
    const run = (handler: UniversalHandler | undefined) => {
      if (handler === undefined) {
        return refuseRequest(stream, { status: 404, message: `unknown service or method ${path}` });
      }
      const credentials = credentialsOf(stream, secure);
      void runHandler(stream, handler, { credentials, secure, body, onError });
    };
    const handler = router.find(path);
    if (!(handler instanceof Promise)) return run(handler);
    handler.then(run).catch((thrown: unknown) => {
      onError(thrown);
      stream.reset(HTTP2_ERROR.INTERNAL_ERROR);
    });
  };

  return {
    handle(stream) {
      if (rootsPem !== undefined && asksForRoots(stream)) return respondRoots(stream, rootsPem());
      if (
        fastPath === undefined || pathOf(stream) !== CREATE_CERTIFICATE_PATH ||
        !fastPath.accepts(stream)
      ) {
        return general(stream, stream.body);
      }
      // A usual request is one small message: it is taken whole as soon as it has ended, and goes on as a stream when it is large.
      stream.collect(Math.min(MAX_WHOLE_BYTES, config.maxMessageBytes), (body, rest) => {
        if (rest === undefined && fastPath.take(stream, body, credentialsOf(stream, secure))) {
          return;
        }
        general(stream, replay(body, rest));
      });
    },
    stopServing() {
      for (const service of ["", CA_SERVICE]) router.health.set(service, false);
      shutdown.abort();
    },
  };
}

/**
 * A request above this goes on as a stream. It must stay below a stream's window: what is being collected is not consumed, so that a
 * larger request would wait for a window that never opens.
 */
const MAX_WHOLE_BYTES = 64 << 10;

/** The path without a query. */
function pathOf({ headers }: ServerStream<unknown>): string {
  const path = headers.get(":path") ?? "";
  const query = path.indexOf("?");
  return query < 0 ? path : path.slice(0, query);
}

/** What had arrived, then what still comes. */
async function* replay(
  first: Uint8Array,
  rest: AsyncIterable<Uint8Array> | undefined,
): AsyncIterable<Uint8Array> {
  if (first.length > 0) yield concatBytes([first]);
  if (rest !== undefined) yield* rest;
}

function credentialsOf(
  stream: ServerStream<ClientCertificate | undefined>,
  secure: boolean,
): Credentials {
  return {
    remoteAddress: stream.connection.remoteAddress,
    secure,
    peer: stream.connection.peer,
    headerValues: (name) => stream.headers.getAll(name),
  };
}
