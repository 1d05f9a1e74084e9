/**
 * ID tokens of an OpenID Connect issuer (istiod's IDTokenAuthenticator).
 *
 * What could not be accepted is refused before its signature is checked, since anybody may send anything; then keys, then claims once
 * more, from the signed bytes. Checks in flight are bounded: a signature costs some hundred microseconds of a shared thread pool.
 */
import { type Clock, isSignetError, SignetError } from "../base/mod.ts";
import { bearerToken } from "./bearer.ts";
import { checkClaims, type ClaimRules } from "./id_token_claims.ts";
import { type Issuer, peekClaims, type SignatureVerdict } from "./issuer.ts";
import { isJoinToken } from "./join_token_text.ts";
import { AUTH_SOURCE, type Authenticator, type AuthResult } from "./port.ts";

/** Longest token that is looked at; those of real issuers are a few kilobytes. */
export const MAX_TOKEN_CHARS = 16 << 10;
/** Tokens whose signature is being checked at one time; more are turned away to come again. */
export const MAX_IN_FLIGHT = 256;

/** What the authenticator needs. */
export interface IdTokenHost {
  /** Checks signatures. */
  readonly issuer: Issuer;
  /** Time. */
  readonly clock: Clock;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
}

/** Makes the authenticator of one issuer. */
export function idTokenAuthenticator(rules: ClaimRules, host: IdTokenHost): Authenticator {
  let inFlight = 0;

  const context = () => ({ nowMs: host.clock.nowMs(), trustDomain: host.trustDomain() });

  const judge = async (token: string): Promise<AuthResult> => {
    const claimed = peekClaims(token);
    if (claimed === undefined) return refuse("it is not a JWT");
    const first = checkClaims(claimed, rules, context());
    if (!first.ok) return refuse(first.reason);
    const signature = await verify(token);
    if (!signature.ok) return refuse(signature.reason);
    const verdict = checkClaims(signature.claims, rules, context());
    if (!verdict.ok) return refuse(verdict.reason);
    return {
      ok: true,
      caller: { authSource: AUTH_SOURCE.idToken, identities: [verdict.identity] },
    };
  };

  /** An issuer that is out of reach is no reason not to ask the next authenticator. */
  const verify = async (token: string): Promise<SignatureVerdict> => {
    try {
      return await host.issuer.verify(token);
    } catch (thrown) {
      if (!isSignetError(thrown, "authn.issuer_unreachable")) throw thrown;
      return { ok: false, reason: thrown.message };
    }
  };

  return {
    type: "IDTokenAuthenticator",
    async authenticate(credentials) {
      if (!credentials.secure) return refuse("the connection is not TLS");
      const token = bearerToken(credentials);
      if (token === undefined || isJoinToken(token)) {
        return {
          ok: false,
          reason: "ID token extraction error: no bearer token exists in HTTP authorization header",
        };
      }
      if (token.length > MAX_TOKEN_CHARS) {
        return refuse(`it has ${token.length} characters, at most ${MAX_TOKEN_CHARS} are read`);
      }
      if (inFlight >= MAX_IN_FLIGHT) {
        throw new SignetError(
          "authn.overloaded",
          `Cannot check the token: ${MAX_IN_FLIGHT} others are being checked`,
        );
      }
      inFlight++;
      try {
        return await judge(token);
      } finally {
        inFlight--;
      }
    },
  };
}

function refuse(what: string): AuthResult {
  return { ok: false, reason: `failed to verify the ID token (error ${what})` };
}
