/**
 * `envoy.service.discovery.v3.AggregatedDiscoveryService`: the two RPCs as streams of plain data to and from the xDS server.
 *
 * The descriptors of Envoy's API come with this file: it is imported when the first call or the first question of reflection needs it.
 */
import { create, type JsonObject, toBinary } from "@bufbuild/protobuf";
import { BinaryWriter, WireType } from "@bufbuild/protobuf/wire";
import { Code, ConnectError, type HandlerContext, type ServiceImpl } from "@connectrpc/connect";
import { type Node, NodeSchema } from "../../../proto/gen/envoy/config/core/v3/base_pb.ts";
import {
  type DeltaDiscoveryRequest,
  type DeltaDiscoveryResponse,
  DeltaDiscoveryResponseSchema,
  type DiscoveryRequest,
  type DiscoveryResponse,
  DiscoveryResponseSchema,
} from "../../../proto/gen/envoy/service/discovery/v3/discovery_pb.ts";
import { AggregatedDiscoveryService } from "../../../proto/gen/envoy/service/discovery/v3/ads_pb.ts";
import type {
  DeltaRequest,
  EndStatus,
  Resource,
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
): DiscoveryResponse {
  const response = create(DiscoveryResponseSchema, { typeUrl, nonce, versionInfo: version });
  response.$unknown = resources.map((resource) =>
    encodedField(SOTW_FIELDS, resource, (writer) => anyOf(writer, typeUrl, resource))
  );
  return response;
}

function deltaResponse(
  { typeUrl, version, nonce, resources, removed }: XdsResponse,
): DeltaDiscoveryResponse {
  const response = create(DeltaDiscoveryResponseSchema, {
    ...{ typeUrl, nonce, systemVersionInfo: version },
    removedResources: [...removed],
  });
  response.$unknown = resources.map((resource) =>
    encodedField(DELTA_FIELDS, resource, (writer) => {
      anyOf(writer.tag(DELTA_RESOURCE.resource, LENGTH_DELIMITED).fork(), typeUrl, resource).join();
      return writer.tag(DELTA_RESOURCE.name, LENGTH_DELIMITED).string(resource.name);
    })
  );
  return response;
}

/** A field of a message as it is on the wire. */
type Field = NonNullable<DiscoveryResponse["$unknown"]>[number];
const LENGTH_DELIMITED = WireType.LengthDelimited;
/** `resources` of both responses. */
const RESOURCES_FIELD = 2;
/** Fields of `Resource`, which delta has about each. */
const DELTA_RESOURCE = { resource: 2, name: 3 } as const;
/** Fields of `google.protobuf.Any`. */
const ANY = { typeUrl: 1, value: 2 } as const;
/** Fields by the resource that they carry, for as long as it lives; its type is always the same. */
type Fields = WeakMap<Resource, Field>;
const SOTW_FIELDS: Fields = new WeakMap();
const DELTA_FIELDS: Fields = new WeakMap();

/**
 * A resource as the field of a response, made once for all who get it: a message is written with the fields that its reader did not know as
 * they came, and these are handed in as such. A response to one client then costs one copy of its bytes, not one for each level of it.
 */
function encodedField(
  fields: Fields,
  resource: Resource,
  write: (writer: BinaryWriter) => BinaryWriter,
): Field {
  const known = fields.get(resource);
  if (known !== undefined) return known;
  const data = write(new BinaryWriter().fork()).join().finish();
  const field = { no: RESOURCES_FIELD, wireType: LENGTH_DELIMITED, data };
  fields.set(resource, field);
  return field;
}

function anyOf(writer: BinaryWriter, typeUrl: string, { bytes }: Resource): BinaryWriter {
  return writer.tag(ANY.typeUrl, LENGTH_DELIMITED).string(typeUrl)
    .tag(ANY.value, LENGTH_DELIMITED).bytes(bytes);
}
