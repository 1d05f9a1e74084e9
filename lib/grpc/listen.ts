/**
 * The gRPC listeners: TLS with optional, verified client certificates, and plaintext without the CA.
 * Calls that arrive before the CA service is registered wait for it.
 */
import type { Clock } from "../base/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import { addressKey } from "../limits/mod.ts";
import type { ServerCert } from "../server_cert/mod.ts";
import type { CallTracer, Logger, Metrics } from "../telemetry/mod.ts";
import {
  type ClientCertificate,
  createPeerVerifier,
  secureContext,
  serverTlsOptions,
} from "../tls/mod.ts";
import {
  createPeerJudge,
  type Http2Listener,
  listenHttp2,
  type ServerStream,
} from "../transport/mod.ts";
import { createGrpcHandler, type GrpcHandler } from "./handler.ts";
import type { GrpcConfig, GrpcConnection, GrpcServer, GrpcServices } from "./port.ts";

/** What the listeners need of the world. */
export interface GrpcHost {
  /** Time. */
  readonly clock: Clock;
  /** Signature checks of client certificates. */
  readonly crypto: CryptoProvider;
  /** The serving certificate and the roots of clients. */
  readonly cert: ServerCert;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** For refusals and failures. */
  readonly logger: Logger;
  /** For counters of calls and connections. */
  readonly metrics: Metrics;
  /** For spans of calls; `undefined` makes none. */
  readonly tracer?: CallTracer | undefined;
}

/**
 * Binds the ports that are turned on.
 *
 * @throws {SignetError} `transport.bind_failed`.
 */
export async function listenGrpc(config: GrpcConfig, host: GrpcHost): Promise<GrpcServer> {
  await using bound = new AsyncDisposableStack();
  const gate = Promise.withResolvers<GrpcServices>();
  const secureAddr = host.cert.listens ? config.secureAddr : undefined;
  const secure = secureAddr && bound.use(await listenSecure(config, host, gate.promise));
  const plain = config.plainAddr && bound.use(await listenPlain(config, host, gate.promise));
  const kept = bound.move();
  return {
    addresses: { secure: secure?.listener.addr, plain: plain?.listener.addr },
    connections: () => [
      ...viewsOf("secureGRPCAddr", secure?.listener),
      ...viewsOf("grpcAddr", plain?.listener),
    ],
    serve: gate.resolve,
    async drain(deadlineMs) {
      await Promise.all([secure?.drain(deadlineMs), plain?.drain(deadlineMs)]);
    },
    [Symbol.asyncDispose]: () => kept[Symbol.asyncDispose](),
  };
}

/** Connections of one port that a list shows. */
const MAX_LISTED = 1_000;

function viewsOf(
  port: GrpcConnection["port"],
  listener: ClientListener | undefined,
): readonly GrpcConnection[] {
  const views = listener?.connections(MAX_LISTED) ?? [];
  return views.map(({ remoteAddress, peer, ageMs, openStreams }) => ({
    port,
    remoteAddress,
    identities: peer?.identities ?? [],
    ageMs,
    openStreams,
  }));
}

type ClientListener = Http2Listener<ClientCertificate | undefined>;

/** One bound port with its handler. */
interface BoundPort extends AsyncDisposable {
  readonly listener: ClientListener;
  drain(deadlineMs: number): Promise<void>;
}

type StreamHandler = (stream: ServerStream<ClientCertificate | undefined>) => void;

/** Hands streams to the handler once it exists; until then they wait. */
function gated(
  ready: Promise<GrpcHandler>,
): { readonly onStream: StreamHandler; readonly handler: () => GrpcHandler | undefined } {
  let handler: GrpcHandler | undefined;
  void ready.then((made) => {
    handler = made;
  });
  return {
    handler: () => handler,
    onStream(stream) {
      if (handler !== undefined) handler.handle(stream);
      else void ready.then((made) => made.handle(stream));
    },
  };
}

async function listenSecure(
  config: GrpcConfig,
  host: GrpcHost,
  gate: Promise<GrpcServices>,
): Promise<BoundPort> {
  const { cert, clock } = host;
  const verifier = createPeerVerifier({
    roots: () => cert.clientRoots,
    trustDomain: host.trustDomain,
    verifySignature: (key, scheme, data, signature) =>
      host.crypto.verify(key, scheme, data, signature),
    nowMs: () => clock.nowMs(),
  });
  const { onStream, handler } = gated(
    gate.then((services) =>
      createGrpcHandler(config, host, {
        ...services,
        secure: true,
        rootsPem: () => cert.current?.clientRootsPem ?? "",
      })
    ),
  );
  const tls = serverTlsOptions(cert.current, { alpn: ["h2"], minVersion: config.tlsMinVersion });
  const listener = await listenHttp2<ClientCertificate | undefined>({
    addr: config.secureAddr!,
    flag: "secureGRPCAddr",
    tls,
    authorizePeer: createPeerJudge({
      verifier,
      digest: (der) => host.crypto.sha256(der).toHex(),
      ...host,
    }),
    standing: (client) => client === undefined ? "good" : verifier.standing(client),
    onStream,
    ...transportOptions(config, host),
  });
  const swapped = cert.onChange((material) => {
    listener.setSecureContext(secureContext(material));
    listener.judgeAgain();
  });
  return {
    listener,
    drain: (deadlineMs) => drain(listener, handler(), deadlineMs),
    async [Symbol.asyncDispose]() {
      swapped[Symbol.dispose]();
      await listener[Symbol.asyncDispose]();
    },
  };
}

async function listenPlain(
  config: GrpcConfig,
  host: GrpcHost,
  gate: Promise<GrpcServices>,
): Promise<BoundPort> {
  const { onStream, handler } = gated(
    gate.then(({ xds }) =>
      createGrpcHandler(config, host, { createCertificate: undefined, xds, secure: false })
    ),
  );
  const listener = await listenHttp2<ClientCertificate | undefined>({
    addr: config.plainAddr!,
    flag: "grpcAddr",
    authorizePeer: () => undefined,
    onStream,
    ...transportOptions(config, host),
  });
  return {
    listener,
    drain: (deadlineMs) => drain(listener, handler(), deadlineMs),
    [Symbol.asyncDispose]: () => listener[Symbol.asyncDispose](),
  };
}

function transportOptions(
  { keepalive, maxConcurrentStreams, maxConnectionsPerAddress }: GrpcConfig,
  { clock, logger, metrics }: GrpcHost,
) {
  const perAddress = { max: maxConnectionsPerAddress, keyOf: addressKey };
  return { keepalive, limits: { maxConcurrentStreams }, perAddress, clock, logger, metrics };
}

async function drain(
  listener: Http2Listener,
  handler: GrpcHandler | undefined,
  deadlineMs: number,
): Promise<void> {
  handler?.stopServing();
  await listener.drain(deadlineMs);
}
