/** Mutual TLS of the mesh, from both ends. Certificates and roots come from the agent by SDS. */
import type { Cluster_TransportSocketMatchJson } from "../../proto/gen/envoy/config/cluster/v3/cluster_pb.ts";
import type { TransportSocketJson } from "../../proto/gen/envoy/config/core/v3/base_pb.ts";
import type {
  DownstreamTlsContextJson,
  UpstreamTlsContextJson,
} from "../../proto/gen/envoy/extensions/transport_sockets/tls/v3/tls_pb.ts";
import type { MeshSettings } from "../mesh/mod.ts";
import type { PortKind } from "./protocol.ts";
import { agentSecret } from "./sources.ts";
import { typed } from "./typed.ts";

const TLS = "envoy.extensions.transport_sockets.tls.v3";
/** What a client of the mesh offers, by which a server tells mesh TLS from the application's own. */
const MESH_ALPN = "istio";
/** The suites of TLS 1.2 that are taken: forward secret ones first. */
const CIPHER_SUITES = [
  "ECDHE-ECDSA-AES256-GCM-SHA384",
  "ECDHE-RSA-AES256-GCM-SHA384",
  "ECDHE-ECDSA-AES128-GCM-SHA256",
  "ECDHE-RSA-AES128-GCM-SHA256",
  "AES256-GCM-SHA384",
  "AES128-GCM-SHA256",
];

/** Whom a cluster speaks mesh TLS to. */
export interface MeshPeer {
  /** What is named in the handshake. */
  readonly sni: string;
  /** Identities of which the server must show one; with none, any certificate of the mesh is taken. */
  readonly identities: readonly string[];
  /** What is spoken inside. */
  readonly kind: PortKind;
}

/** Mesh TLS as a client. */
export function meshClient({ sni, identities, kind }: MeshPeer): TransportSocketJson {
  const context: UpstreamTlsContextJson = {
    sni,
    commonTlsContext: {
      tlsParams: {
        tlsMinimumProtocolVersion: "TLSv1_2",
        tlsMaximumProtocolVersion: "TLSv1_3",
      },
      tlsCertificateSdsSecretConfigs: [agentSecret("default")],
      combinedValidationContext: {
        defaultValidationContext: {
          matchSubjectAltNames: identities.map((exact) => ({ exact })),
        },
        validationContextSdsSecretConfig: agentSecret("ROOTCA"),
      },
      alpnProtocols: kind === "http2" ? [MESH_ALPN, "h2"] : [MESH_ALPN],
    },
  };
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: typed(`${TLS}.UpstreamTlsContext`, context),
  };
}

/** How a cluster's endpoints are spoken to where nobody says: by mesh TLS where an endpoint says so, in plain else. */
export function meshTransports(peer: MeshPeer): Cluster_TransportSocketMatchJson[] {
  return [
    {
      name: "tlsMode-istio",
      match: { tlsMode: "istio" },
      transportSocket: meshClient(peer),
    },
    {
      name: "tlsMode-disabled",
      match: {},
      transportSocket: {
        name: "envoy.transport_sockets.raw_buffer",
        typedConfig: typed("envoy.extensions.transport_sockets.raw_buffer.v3.RawBuffer", {}),
      },
    },
  ];
}

/** How a workload ends mesh TLS: the client must show a certificate of the mesh, and of its trust domain. */
export function meshServer(
  { trustDomain, validatesTrustDomain }: MeshSettings,
  as: "http" | "tcp",
): TransportSocketJson {
  const context: DownstreamTlsContextJson = {
    requireClientCertificate: true,
    commonTlsContext: {
      tlsParams: {
        tlsMinimumProtocolVersion: "TLSv1_2",
        tlsMaximumProtocolVersion: "TLSv1_3",
        cipherSuites: CIPHER_SUITES,
      },
      tlsCertificateSdsSecretConfigs: [agentSecret("default")],
      combinedValidationContext: {
        defaultValidationContext: validatesTrustDomain
          ? { matchSubjectAltNames: [{ prefix: `spiffe://${trustDomain}/` }] }
          : {},
        validationContextSdsSecretConfig: agentSecret("ROOTCA"),
      },
      // Of what mesh clients offer, `istio` is not here: nothing is negotiated, and Envoy looks at the bytes.
      alpnProtocols: as === "http" ? ["h2", "http/1.1"] : [],
    },
  };
  return {
    name: "envoy.transport_sockets.tls",
    typedConfig: typed(`${TLS}.DownstreamTlsContext`, context),
  };
}
