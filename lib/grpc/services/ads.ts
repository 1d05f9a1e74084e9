/**
 * `envoy.service.discovery.v3.AggregatedDiscoveryService`: the two RPCs as streams of plain data to and from the xDS server.
 *
 * The descriptors of Envoy's API come with this file: it is imported when the first call or the first question of reflection needs it.
 */
import { type JsonObject, type MessageInitShape, toBinary } from "@bufbuild/protobuf";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type Node, NodeSchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.ts";
import type {
  DeltaDiscoveryRequest,
  DeltaDiscoveryResponseSchema,
  DiscoveryRequest,
  DiscoveryResponseSchema,
} from "../../../proto/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { AggregatedDiscoveryService } from "../../../proto/gen/envoy/service/discovery/v3/ads_pb.ts";
import type {
  DeltaRequest,
  EndStatus,
  SotwRequest,
  StreamCall,
  StreamEnd,
  StreamOutput,
  WithNode,
  XdsResponse,
  XdsServer,
} from "../../xds/mod.ts";
import { abandonOf, credentialsOf } from "../credentials.ts";

export { AggregatedDiscoveryService };

const STATUS = {
  unauthenticated: Code.Unauthenticated,
  invalid_argument: Code.InvalidArgument,
  permission_denied: Code.PermissionDenied,
  resource_exhausted: Code.ResourceExhausted,
  deadline_exceeded: Code.DeadlineExceeded,
} as const satisfies Record<EndStatus, Code>;

/** The RPCs over an xDS server. */
export function discoveryService(
  server: XdsServer,
): ServiceImpl<typeof AggregatedDiscoveryService> {
  return {
    async *streamAggregatedResources(requests, context) {
      for await (const output of server.sotw(each(requests, sotwRequest), callOf(context))) {
        yield sotwResponse(responseOf(output));
      }
    },
    async *deltaAggregatedResources(requests, context) {
      for await (const output of server.delta(each(requests, deltaRequest), callOf(context))) {
        yield deltaResponse(responseOf(output));
      }
    },
  };
}

function callOf({ values, signal }: HandlerContext): StreamCall {
  return { credentials: credentialsOf(values), signal, abandon: abandonOf(values) };
}

/** Requests as plain data. Of the nodes only the first is looked at: clients may send it once or always. */
async function* each<Message extends { readonly node?: Node | undefined }, Request>(
  messages: AsyncIterable<Message>,
  convert: (message: Message) => Request,
): AsyncIterable<WithNode<Request>> {
  let hadNode = false;
  for await (const message of messages) {
    const node: Node | undefined = hadNode ? undefined : message.node;
    hadNode ||= node !== undefined;
    yield {
      ...convert(message),
      node: node && { id: node.id, metadata: (node.metadata ?? {}) satisfies JsonObject },
      nodeBytes: node === undefined ? 0 : toBinary(NodeSchema, node).length,
    };
  }
}

function sotwRequest(
  { typeUrl, resourceNames, responseNonce, errorDetail }: DiscoveryRequest,
): SotwRequest {
  return { typeUrl, names: resourceNames, responseNonce, error: errorDetail?.message };
}

function deltaRequest(request: DeltaDiscoveryRequest): DeltaRequest {
  return {
    typeUrl: request.typeUrl,
    subscribe: request.resourceNamesSubscribe,
    unsubscribe: request.resourceNamesUnsubscribe,
    initial: Object.keys(request.initialResourceVersions),
    responseNonce: request.responseNonce,
    error: request.errorDetail?.message,
  };
}

/** @throws {ConnectError} for the end of a stream. */
function responseOf(output: StreamOutput): XdsResponse {
  if ("end" in output) throw errorOf(output.end);
  return output.response;
}

function errorOf({ status, text }: StreamEnd): ConnectError {
  return new ConnectError(text, STATUS[status]);
}

function sotwResponse(
  { typeUrl, version, nonce, resources }: XdsResponse,
): MessageInitShape<typeof DiscoveryResponseSchema> {
  return {
    ...{ typeUrl, nonce, versionInfo: version },
    resources: resources.map(({ bytes }) => ({ typeUrl, value: bytes })),
  };
}

function deltaResponse(
  { typeUrl, version, nonce, resources, removed }: XdsResponse,
): MessageInitShape<typeof DeltaDiscoveryResponseSchema> {
  return {
    ...{ typeUrl, nonce, systemVersionInfo: version },
    resources: resources.map(({ name, bytes }) => ({ name, resource: { typeUrl, value: bytes } })),
    removedResources: [...removed],
  };
}
