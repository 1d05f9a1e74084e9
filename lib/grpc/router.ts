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
import type { CreateCertificate } from "./services/ca.ts";
import { createHealthTable, type HealthTable } from "./services/health.ts";
import { createReflection } from "./services/reflection.ts";

/** Metadata key by which a caller asks for a certificate in another's name. */
const IMPERSONATED_IDENTITY = "ImpersonatedIdentity";

/** Options of {@linkcode createRouter}. */
export interface RouterOptions {
  /** The CA service; absent on the plaintext port, where it is UNIMPLEMENTED. */
  readonly createCertificate: CreateCertificate | undefined;
  /** Run around every call, in order. */
  readonly interceptors: readonly Interceptor[];
  /** Largest message, in bytes. */
  readonly maxMessageBytes: number;
  /** Aborted when the server must end calls that are still open. */
  readonly shutdownSignal: AbortSignal;
}

/** The services of one port. */
export interface Router {
  /** Connect's handler for a request path. */
  readonly handlers: ReadonlyMap<string, UniversalHandler>;
  /** The serving states that `grpc.health.v1` reports. */
  readonly health: HealthTable;
}

/** Registers the services of a port. */
export function createRouter(options: RouterOptions): Router {
  const { createCertificate } = options;
  const services: DescService[] = [Health, ServerReflection, ServerReflectionV1Alpha];
  if (createCertificate !== undefined) services.push(IstioCertificateService);
  const health = createHealthTable(services.map((service) => service.typeName));
  const router = createConnectRouter({
    acceptCompression: [GZIP],
    readMaxBytes: options.maxMessageBytes,
    interceptors: [...options.interceptors],
    shutdownSignal: options.shutdownSignal,
  });
  router.service(Health, health.implementation);
  addReflection(router, services);
  if (createCertificate !== undefined) addCa(router, createCertificate);
  return {
    handlers: new Map(router.handlers.map((handler) => [handler.requestPath, handler])),
    health,
  };
}

function addCa(router: ConnectRouter, createCertificate: CreateCertificate): void {
  router.service(IstioCertificateService, {
    async createCertificate({ csr, validityDuration, metadata }, context) {
      const impersonated = metadata?.[IMPERSONATED_IDENTITY];
      const answer = await createCertificate(
        {
          csr,
          validityDuration,
          impersonatedIdentity: typeof impersonated === "string" ? impersonated : "",
        },
        credentialsOf(context.values),
        { isAbandoned: () => context.signal.aborted },
      );
      const roots = answer.roots === "" ? [] : [answer.roots];
      return { certChain: [answer.leaf, ...answer.chain, ...roots] };
    },
  });
}

function addReflection(router: ConnectRouter, services: readonly DescService[]): void {
  const answer = createReflection(services);
  router.service(ServerReflection, {
    async *serverReflectionInfo(requests) {
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
      for await (const request of requests) {
        // The two versions have the same fields: a v1 question is asked and a v1 answer is given under the other name.
        const question = request.messageRequest as Parameters<typeof answer>[0];
        yield {
          validHost: request.host,
          originalRequest: request,
          messageResponse: answer(question),
        };
      }
    },
  });
}
