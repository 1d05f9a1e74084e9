/** The descriptors that encoding needs; imported by {@linkcode loadEncoder} alone, when they are needed. */
import {
  createRegistry,
  type DescMessage,
  fromJson,
  type JsonValue,
  type Message,
  toBinary,
} from "@bufbuild/protobuf";
import { ClusterSchema } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import { ClusterLoadAssignmentSchema } from "../../proto/gen/envoy/config/endpoint/v3/endpoint_pb.ts";
import { ListenerSchema } from "../../proto/gen/envoy/config/listener/v3/listener_pb.ts";
import { RouteConfigurationSchema } from "../../proto/gen/envoy/config/route/v3/route_pb.ts";
import {
  CorsPolicySchema,
  CorsSchema,
} from "../../proto/gen/envoy/extensions/filters/http/cors/v3/cors_pb.ts";
import { HTTPFaultSchema } from "../../proto/gen/envoy/extensions/filters/http/fault/v3/fault_pb.ts";
import { JwtAuthenticationSchema } from "../../proto/gen/envoy/extensions/filters/http/jwt_authn/v3/config_pb.ts";
import { RBACSchema as HttpRbacSchema } from "../../proto/gen/envoy/extensions/filters/http/rbac/v3/rbac_pb.ts";
import { RouterSchema } from "../../proto/gen/envoy/extensions/filters/http/router/v3/router_pb.ts";
import { HttpInspectorSchema } from "../../proto/gen/envoy/extensions/filters/listener/http_inspector/v3/http_inspector_pb.ts";
import { TlsInspectorSchema } from "../../proto/gen/envoy/extensions/filters/listener/tls_inspector/v3/tls_inspector_pb.ts";
import { HttpConnectionManagerSchema } from "../../proto/gen/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb.ts";
import { RBACSchema as NetworkRbacSchema } from "../../proto/gen/envoy/extensions/filters/network/rbac/v3/rbac_pb.ts";
import { TcpProxySchema } from "../../proto/gen/envoy/extensions/filters/network/tcp_proxy/v3/tcp_proxy_pb.ts";
import { UriTemplateMatchConfigSchema } from "../../proto/gen/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb.ts";
import { PreviousHostsPredicateSchema } from "../../proto/gen/envoy/extensions/retry/host/previous_hosts/v3/previous_hosts_pb.ts";
import { RawBufferSchema } from "../../proto/gen/envoy/extensions/transport_sockets/raw_buffer/v3/raw_buffer_pb.ts";
import {
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
} from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { HttpProtocolOptionsSchema } from "../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { Encoder, Resource } from "./encode.ts";

/** Every message that stands inside another as `google.protobuf.Any`. */
const INSIDE = createRegistry(
  CorsPolicySchema,
  CorsSchema,
  HTTPFaultSchema,
  JwtAuthenticationSchema,
  HttpRbacSchema,
  NetworkRbacSchema,
  UriTemplateMatchConfigSchema,
  RouterSchema,
  HttpInspectorSchema,
  TlsInspectorSchema,
  HttpConnectionManagerSchema,
  TcpProxySchema,
  PreviousHostsPredicateSchema,
  RawBufferSchema,
  DownstreamTlsContextSchema,
  UpstreamTlsContextSchema,
  HttpProtocolOptionsSchema,
);

/** Where a resource has its name. */
interface Named {
  readonly name?: string;
  readonly clusterName?: string;
}

/** Makes the encoder. */
export function createEncoder(): Encoder {
  const encode = (schema: DescMessage, value: object): Resource => {
    const { name = "", clusterName = name } = value as Named;
    const read = (json: object) => fromJson(schema, json as JsonValue, { registry: INSIDE });
    let message: Message;
    try {
      message = read(value);
    } catch {
      // Texts of documents may have halves of characters, which no message has. What is wrong otherwise still throws.
      message = read(wellFormed(value) as object);
    }
    return { name: clusterName, bytes: toBinary(schema, message) };
  };
  return {
    cluster: (value) => encode(ClusterSchema, value),
    endpoints: (value) => encode(ClusterLoadAssignmentSchema, value),
    listener: (value) => encode(ListenerSchema, value),
    routes: (value) => encode(RouteConfigurationSchema, value),
  };
}

/** A copy whose texts have no lone surrogates. */
function wellFormed(value: unknown): unknown {
  if (typeof value === "string") return value.toWellFormed();
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) return value.map(wellFormed);
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key.toWellFormed(), wellFormed(each)]),
  );
}
