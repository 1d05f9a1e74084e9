/**
 * The first authenticator: the client certificate of the connection.
 *
 * The certificate itself is the authority: the same identities are issued again, which is how workloads on VMs renew.
 * A gateway that tells of the caller's certificate in a header (`xfcc.ts`) shows its own on the connection, which istiod would issue to the
 * caller. istiod takes every SAN as text, whatever its kind; signet takes URI, DNS and IP names and refuses the certificate otherwise.
 */
import { AUTH_SOURCE, type Authenticator, type AuthResult, type Credentials } from "./port.ts";

/** Whose certificates are looked at. */
export interface ClientCertificateOptions {
  /** True for a call that a gateway forwards: the certificate is the gateway's then, and not the caller's. Default: none is. */
  readonly isForwarded?: (credentials: Credentials) => boolean;
}

/** Makes the authenticator; it has no state. */
export function clientCertificateAuthenticator(
  { isForwarded = () => false }: ClientCertificateOptions = {},
): Authenticator {
  return {
    type: "ClientCertAuthenticator",
    authenticate: (credentials) =>
      credentials.peer !== undefined && isForwarded(credentials)
        ? refuse("the certificate is the gateway's that forwards the call")
        : judge(credentials),
  };
}

function judge({ secure, peer }: Credentials): AuthResult {
  if (!secure) return refuse('unsupported auth type: "insecure"');
  if (peer === undefined) return refuse("no client certificate is presented");
  if (peer.otherNames.length > 0) {
    return refuse(
      `the SAN extension holds names of a kind that cannot be issued: ${
        peer.otherNames.join(", ")
      }`,
    );
  }
  if (peer.identities.length === 0) return refuse("the SAN extension does not exist");
  return {
    ok: true,
    caller: { authSource: AUTH_SOURCE.clientCertificate, identities: peer.identities },
  };
}

function refuse(reason: string): AuthResult {
  return { ok: false, reason };
}
