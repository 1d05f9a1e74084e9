/** The authenticator port: from what a request carries to the identities that it proves. */
import type { MaybePromise } from "../base/mod.ts";
import type { ServiceAccount } from "./service_account.ts";

/** How a caller proved who it is; the numbers are istiod's. */
export const AUTH_SOURCE = { clientCertificate: 0, idToken: 1 } as const;

/** One of {@linkcode AUTH_SOURCE}. */
export type AuthSource = (typeof AUTH_SOURCE)[keyof typeof AUTH_SOURCE];

/** A caller whose credential was accepted. */
export interface Caller {
  /** How it proved its identities. */
  readonly authSource: AuthSource;
  /** What it may be issued a certificate for, in order; never empty. */
  readonly identities: readonly string[];
  /** The service account of the cluster whose API server vouched for it. */
  readonly account?: ServiceAccount & {
    /** Name of that cluster. */
    readonly clusterId: string;
  };
  /** Names the credential in audit records, for credentials that have a name; never the credential itself. */
  readonly credential?: string;
  /**
   * Spends the credential on a key, for credentials that can be spent. Whoever grants something calls it once with the key's
   * SubjectPublicKeyInfo, after everything else has been checked and before the key is certified, and grants nothing when it refuses.
   */
  readonly redeem?: (spki: Uint8Array) => MaybePromise<Redemption>;
}

/** What came of spending a credential. */
export type Redemption =
  | { readonly ok: true }
  | { readonly ok: false; readonly reason: string };

/** The client certificate of a connection, after its chain was verified against the roots in force now. */
export interface VerifiedPeer {
  /** SAN values in order: URI and DNS names as text, addresses as text. */
  readonly identities: readonly string[];
  /** Kinds of SAN that the certificate holds beside those (`email`, `otherName` ...): a reason to refuse. */
  readonly otherNames: readonly string[];
}

/** What authenticators may look at. */
export interface Credentials {
  /** The address of the peer, `host:port`. */
  readonly remoteAddress: string;
  /** True when the connection is TLS. */
  readonly secure: boolean;
  /** The verified client certificate, when one was presented. */
  readonly peer: VerifiedPeer | undefined;
  /** All values of a request header, in order; names are lower case. */
  headerValues(name: string): readonly string[];
}

/** What one authenticator says: refusal is ordinary, so it is a value. */
export type AuthResult =
  | { readonly ok: true; readonly caller: Caller }
  | {
    readonly ok: false;
    readonly reason: string;
    /** True when the credential is of this authenticator's own kind, so that asking others would tell nothing. */
    readonly isFinal?: boolean;
  };

/** One way of proving an identity. */
export interface Authenticator {
  /** Its name in logs, istiod's spelling. */
  readonly type: string;
  /** Looks at the credentials; the reason of a refusal goes to the log, never to the caller. */
  authenticate(credentials: Credentials): MaybePromise<AuthResult>;
}
