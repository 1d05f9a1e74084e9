/** Signet's own serving certificate as its listeners see it. */
import type { ServerTlsMaterial, TrustedRoots } from "../tls/mod.ts";

/** What is served now. */
export interface ServingMaterial extends ServerTlsMaterial {
  /** First instant of validity, milliseconds since the epoch. */
  readonly notBeforeMs: number;
  /** Last instant of validity, milliseconds since the epoch. */
  readonly notAfterMs: number;
}

/** The serving certificate with its life: renewed, reloaded, handed to listeners. */
export interface ServerCert extends AsyncDisposable {
  /** Where it comes from: the operator's files, the CA, a signer of the cluster, or nowhere. */
  readonly source: "files" | "istiod" | "signer" | "none";
  /** The same for people, in a few words. */
  readonly described: string;
  /** False when there is neither a certificate nor a CA, so that the TLS port is left alone. */
  readonly listens: boolean;
  /** What is served now; without it every handshake fails. */
  readonly current: ServingMaterial | undefined;
  /** The roots that client certificates are checked against now. */
  readonly clientRoots: TrustedRoots;
  /** The roots that clients should check the certificate with, PEM: what every namespace of a cluster is given. */
  readonly meshRootsPem: string | undefined;
  /** Calls `listener` after every change of {@linkcode ServerCert.current}; never when there is no certificate. */
  onChange(listener: (material: ServingMaterial) => void): Disposable;
}

/** Settings of the serving certificate. */
export interface ServerCertConfig {
  /** SANs of a certificate that the CA issues. */
  readonly names: readonly string[];
  /** Its lifetime in milliseconds, cut at the CA's. */
  readonly ttlMs: number;
  /** `--tlsCertFile` and `--tlsKeyFile`: both or neither; they win over everything. */
  readonly files: { readonly certFile: string; readonly keyFile: string } | undefined;
  /** `--caCertFile`: roots beside the CA's own that client certificates may chain to. */
  readonly caCertFile: string | undefined;
  /** `PILOT_CERT_PROVIDER`, when no files are there: `istiod` has the CA issue one, anything else has none. */
  readonly provider: string;
  /** The signer of the cluster that is asked instead, when the provider says so. Default: none. */
  readonly signerName?: string | undefined;
  /** Folder for `key.pem` and `cert-chain.pem` of an issued certificate; `undefined` writes nothing. */
  readonly writeDirectory: string | undefined;
}
