/**
 * TLS as signet uses it: the options of its servers and the verdict on client certificates.
 *
 * @example The options of the gRPC listener
 * ```ts
 * import { serverTlsOptions } from "signet/tls/mod.ts";
 *
 * const material = { keyPem: "...", certChainPem: "...", clientRootsPem: "..." };
 * const options = serverTlsOptions(material, { alpn: ["h2"], minVersion: "TLSv1.2" });
 * if (!options.requestCert) throw new TypeError("Client certificates are asked for");
 * ```
 *
 * @module
 */
export { secureContext, serverTlsOptions } from "./options.ts";
export type { SecureContext, ServerTlsMaterial, ServerTlsOptions, TlsVersion } from "./options.ts";
export { createPeerVerifier } from "./peer_verifier.ts";
export type {
  ClientCertificate,
  PeerVerifier,
  PeerVerifierOptions,
  TrustedRoots,
} from "./peer_verifier.ts";
