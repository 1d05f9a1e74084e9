/** How a cluster speaks HTTP. */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { HttpProtocolOptionsJson } from "../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { PortKind } from "./protocol.ts";
import { typed } from "./typed.ts";

const HTTP_OPTIONS = "envoy.extensions.upstreams.http.v3.HttpProtocolOptions";

/** The options of a cluster by what its port speaks: HTTP/2, whatever the client speaks, or Envoy's own default. */
export function protocolOptions(
  kind: PortKind,
  more: HttpProtocolOptionsJson = {},
): Pick<ClusterJson, "typedExtensionProtocolOptions"> {
  const chosen: HttpProtocolOptionsJson | undefined = kind === "http2"
    ? { explicitHttpConfig: { http2ProtocolOptions: {} } }
    : kind === "auto"
    ? { useDownstreamProtocolConfig: { httpProtocolOptions: {}, http2ProtocolOptions: {} } }
    : undefined;
  if (chosen === undefined) return {};
  return {
    typedExtensionProtocolOptions: {
      [HTTP_OPTIONS]: typed<HttpProtocolOptionsJson>(HTTP_OPTIONS, { ...more, ...chosen }),
    },
  };
}
