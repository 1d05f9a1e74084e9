/**
 * The services of a port as Connect's universal handlers, by request path. gRPC, gRPC-Web and the Connect protocol are all spoken.
 */
import type { DescService } from "@bufbuild/protobuf";
import { type ConnectRouter, createConnectRouter, type Interceptor } from "@connectrpc/connect";
import type { UniversalHandler } from "@connectrpc/connect/protocol";
import { Health } from "../../proto/gen/grpc/health/v1/health_pb.ts";
import { ServerReflection } from "../../proto/gen/grpc/reflection/v1/reflection_pb.ts";
import { ServerReflection as ServerReflectionV1Alpha } from "../../proto/gen/grpc/reflection/v1alpha/reflection_pb.ts";
import { IstioCertificateService } from "../../proto/gen/istio/v1/auth/ca_pb.ts";
import { GZIP } from "./compression.ts";
import { credentialsOf } from "./credentials.ts";
import type { XdsServer } from "../xds/mod.ts";
import type { CreateCertificate } from "./services/ca.ts";
import { createHealthTable, type HealthTable } from "./services/health.ts";
import { createReflection } from "./services/reflection.ts";

/** Metadata key by which a caller asks for a certificate in another's name. */
const IMPERSONATED_IDENTITY = "ImpersonatedIdentity";
/** Metadata key by which a caller says which signer of the cluster it wants. */
const CERT_SIGNER = "CertSigner";

/** Options of {@linkcode createRouter}. */
export interface RouterOptions {
  /** The CA service; absent on the plaintext port, where it is UNIMPLEMENTED. */
  readonly createCertificate: CreateCertificate | undefined;
  /** The xDS server; without it discovery is UNIMPLEMENTED. */
  readonly xds: XdsServer | undefined;
  /** Run around every call, in order. */
  readonly interceptors: readonly Interceptor[];
  /** Largest message, in bytes. */
  readonly maxMessageBytes: number;
  /** Aborted when the server must end calls that are still open. */
  readonly shutdownSignal: AbortSignal;
}

/** The one service whose descriptors are loaded late: they are most of Envoy's API. */
const DISCOVERY = "envoy.service.discovery.v3.AggregatedDiscoveryService";

/** The services of one port. */
export interface Router {
  /** Connect's handler for a request path; that of a service with large descriptors is loaded by the first who asks. */
  find(path: string): UniversalHandler | undefined | Promise<UniversalHandler | undefined>;
  /** The serving states that `grpc.health.v1` reports. */
  readonly health: HealthTable;
}

/** Registers the services of a port. */
export function createRouter(options: RouterOptions): Router {
  const { createCertificate, xds } = options;
  const services: DescService[] = [Health, ServerReflection, ServerReflectionV1Alpha];
  if (createCertificate !== undefined) services.push(IstioCertificateService);
  const names = services.map((service) => service.typeName);
  const health = createHealthTable(xds === undefined ? names : [...names, DISCOVERY]);
  const router = createConnectRouter({
    acceptCompression: [GZIP],
    readMaxBytes: options.maxMessageBytes,
    interceptors: [...options.interceptors],
    shutdownSignal: options.shutdownSignal,
  });
  router.service(Health, health.implementation);
  if (createCertificate !== undefined) addCa(router, createCertificate);
  const discovery = once(async () => {
    if (xds === undefined) return [];
    const { AggregatedDiscoveryService, discoveryService } = await import("./services/ads.ts");
    router.service(AggregatedDiscoveryService, discoveryService(xds));
    return [AggregatedDiscoveryService];
  });
  addReflection(
    router,
    once(async () => createReflection([...services, ...await discovery()])),
  );
  const handlerOf = (path: string) =>
    router.handlers.find((handler) => handler.requestPath === path);
  const handlers = new Map(router.handlers.map((handler) => [handler.requestPath, handler]));
  return {
    health,
    find(path) {
      const known = handlers.get(path);
      if (known !== undefined || !path.startsWith(`/${DISCOVERY}/`)) return known;
      return discovery().then(() => handlerOf(path));
    },
  };
}

/** Does something once, when it is first asked for. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

function addCa(router: ConnectRouter, createCertificate: CreateCertificate): void {
  router.service(IstioCertificateService, {
    async createCertificate({ csr, validityDuration, metadata }, context) {
      const textOf = (key: string) => {
        const value = metadata?.[key];
        return typeof value === "string" ? value : "";
      };
      const answer = await createCertificate(
        {
          csr,
          validityDuration,
          impersonatedIdentity: textOf(IMPERSONATED_IDENTITY),
          certSigner: textOf(CERT_SIGNER),
        },
        credentialsOf(context.values),
        { isAbandoned: () => context.signal.aborted },
      );
      const roots = answer.roots === "" ? [] : [answer.roots];
      return { certChain: [answer.leaf, ...answer.chain, ...roots] };
    },
  });
}

function addReflection(
  router: ConnectRouter,
  reflection: () => Promise<ReturnType<typeof createReflection>>,
): void {
  router.service(ServerReflection, {
    async *serverReflectionInfo(requests) {
      const answer = await reflection();
      for await (const request of requests) {
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(request.messageRequest),
        };
      }
    },
  });
  router.service(ServerReflectionV1Alpha, {
    async *serverReflectionInfo(requests) {
      const answer = await reflection();
      for await (const request of requests) {
        // The two versions have the same fields: a v1 question is asked and a v1 answer is given under the other name.
        const question = request.messageRequest as Parameters<
          ReturnType<typeof createReflection>
        >[0];
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(question),
        };
      }
    },
  });
}
