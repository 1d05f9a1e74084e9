/** TLS to servers that are not of the mesh. */
import type { TransportSocketJson } from "../../proto/gen/envoy/config/core/v3/base_pb.ts";
import type { UpstreamTlsContextJson } from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import { agentFile } from "./sources.ts";
import { typed } from "./typed.ts";

const CONTEXT = "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext";

/** A server whose certificate names it, by an authority that the proxy's own system trusts. */
export function systemTls(host: string, isAddress: boolean): TransportSocketJson {
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: typed<UpstreamTlsContextJson>(CONTEXT, {
      ...(isAddress ? {} : { sni: host }),
      commonTlsContext: {
        combinedValidationContext: {
          defaultValidationContext: {
            matchTypedSubjectAltNames: [{
              sanType: isAddress ? "IP_ADDRESS" : "DNS",
              matcher: { exact: host },
            }],
          },
          validationContextSdsSecretConfig: agentFile("file-root:system"),
        },
      },
    }),
  };
}
