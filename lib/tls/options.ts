/** TLS options of servers, built in one place. */

/** Lowest protocol version of a listener; 1.2 as istiod. */
export type TlsVersion = "TLSv1.2" | "TLSv1.3";

/** What a server shows and whom it asks for certificates, as PEM. */
export interface ServerTlsMaterial {
  /** The private key. */
  readonly keyPem: string;
  /** The leaf followed by its intermediates. */
  readonly certChainPem: string;
  /** Roots of client certificates. */
  readonly clientRootsPem: string;
}

/** The part of a TLS server's options that a hot swap replaces. Without it there is no certificate, and every handshake fails. */
export interface SecureContext {
  /** Private key, PEM. */
  readonly key?: string;
  /** Certificate chain, PEM. */
  readonly cert?: string;
  /** Client roots, PEM. */
  readonly ca?: string;
}

/** Options of a TLS server that judges client certificates itself where it asks for them. */
export interface ServerTlsOptions extends SecureContext {
  /** A CertificateRequest is sent. */
  readonly requestCert: boolean;
  /** The runtime leaves the verdict to the peer verifier, which destroys the socket of a refused client. */
  readonly rejectUnauthorized: false;
  /** Protocols offered in ALPN; a client that offers none of them fails the handshake. */
  readonly ALPNProtocols: string[];
  /** Lowest version. */
  readonly minVersion: TlsVersion;
}

/** The swappable part for `material`. */
export function secureContext(
  { keyPem, certChainPem, clientRootsPem }: ServerTlsMaterial,
): SecureContext {
  return { key: keyPem, cert: certChainPem, ca: clientRootsPem };
}

/** The options of a server that shows `material`, or nothing. */
export function serverTlsOptions(
  material: ServerTlsMaterial | undefined,
  options: {
    readonly alpn: readonly string[];
    readonly minVersion: TlsVersion;
    /** False for a server whose clients have none. Default: true. */
    readonly requestCert?: boolean;
  },
): ServerTlsOptions {
  return {
    ...(material === undefined ? {} : secureContext(material)),
    requestCert: options.requestCert ?? true,
    rejectUnauthorized: false,
    ALPNProtocols: [...options.alpn],
    minVersion: options.minVersion,
  };
}
