/**
 * Who is calling: authenticators turn what a request carries into a {@linkcode Caller}.
 *
 * @example A connection without a certificate is refused
 * ```ts
 * import { authenticate, clientCertificateAuthenticator } from "signet/authn/mod.ts";
 *
 * const outcome = await authenticate([clientCertificateAuthenticator()], {
 *   remoteAddress: "127.0.0.1:4711",
 *   secure: true,
 *   peer: undefined,
 *   headerValues: () => [],
 * });
 * if (outcome.ok) throw new TypeError("Nobody proved anything");
 * ```
 *
 * @module
 */
export { authenticate } from "./authenticate.ts";
export type { AuthOutcome } from "./authenticate.ts";
export { createAuthenticators } from "./create.ts";
export type { Authenticators, AuthnConfig, AuthnHost } from "./create.ts";
export { explainCredentials } from "./explain.ts";
export type { AuthAnswer } from "./explain.ts";
export type { ClaimRules } from "./id_token_claims.ts";
export {
  clientCertificateAuthenticator,
  type ClientCertificateOptions,
} from "./client_certificate.ts";
export { joinTokenAuthenticator } from "./join_token.ts";
export type { KnownClusters } from "./cluster_choice.ts";
export type { KubeTokenConfig } from "./kube_token.ts";
export type { TokenRules } from "./token_judge.ts";
export type { JoinTokenHost } from "./join_token.ts";
export { isJoinToken, makeJoinToken, parseJoinToken } from "./join_token_text.ts";
export type { JoinTokenParts } from "./join_token_text.ts";
export { createNodeAuthorizer } from "./node_authorizer.ts";
export type { AuthorizeNode, NodeAuthorizerHost, NodeVerdict } from "./node_authorizer.ts";
export type { ServiceAccount } from "./service_account.ts";
export { AUTH_SOURCE } from "./port.ts";
export type {
  Authenticator,
  AuthResult,
  AuthSource,
  Caller,
  Credentials,
  Redemption,
  VerifiedPeer,
} from "./port.ts";
