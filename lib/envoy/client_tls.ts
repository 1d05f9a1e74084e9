/** TLS to servers that are not of the mesh. */
import type { ClusterJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { TransportSocketJson } from "../../proto/gen/envoy/config/core/v3/base_pb.ts";
import type { UpstreamTlsContextJson } from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import type { HttpProtocolOptionsJson } from "../../proto/gen/envoy/extensions/upstreams/http/v3/http_protocol_options_pb.ts";
import type { ClientTls } from "../istio/mod.ts";
import type { PortKind } from "./protocol.ts";
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

/** Authorities of the proxy's own system. */
const SYSTEM_ROOTS = "file-root:system";

/**
 * TLS as a DestinationRule says (`SIMPLE`, `MUTUAL`), with files of the proxy's machine. Where no server name is given, that of the request
 * is asked for and must be in the certificate. A credential by name is not to be had: authorities of the system stand in for its own, and
 * no certificate is shown.
 */
export function clientTls(
  { mode, sni, subjectAltNames, caCertificates, ...tls }: ClientTls,
  kind: PortKind,
): { readonly transports: Partial<ClusterJson>; readonly options: HttpProtocolOptionsJson } {
  const isOpen = tls.insecureSkipVerify === true;
  const roots = caCertificates === "" ? SYSTEM_ROOTS : `file-root:${caCertificates}`;
  const hasCertificate = mode === "MUTUAL" && tls.clientCertificate !== "";
  const context: UpstreamTlsContextJson = {
    ...(sni === "" ? {} : { sni }),
    commonTlsContext: {
      ...(hasCertificate
        ? {
          tlsCertificateSdsSecretConfigs: [
            agentFile(`file-cert:${tls.clientCertificate}~${tls.privateKey}`),
          ],
        }
        : {}),
      ...(isOpen ? { validationContext: {} } : {
        combinedValidationContext: {
          defaultValidationContext: {
            matchSubjectAltNames: subjectAltNames.map((exact) => ({ exact })),
          },
          validationContextSdsSecretConfig: agentFile(roots),
        },
      }),
      ...(kind === "http2" ? { alpnProtocols: ["h2"] } : {}),
    },
  };
  const transportSocket = {
    name: "envoy.transport_sockets.tls",
    typedConfig: typed<UpstreamTlsContextJson>(CONTEXT, context),
  };
  const isNamed = sni !== "";
  const autoSanValidation = !isOpen && subjectAltNames.length === 0;
  return {
    transports: { transportSocket },
    options: isNamed ? {} : {
      upstreamHttpProtocolOptions: {
        autoSni: true,
        ...(autoSanValidation ? { autoSanValidation } : {}),
      },
    },
  };
}
