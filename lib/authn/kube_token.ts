/**
 * Tokens of service accounts, which the API server of a cluster vouches for (istiod's KubeJWTAuthenticator): which tokens are for it at all,
 * and the identity of those that `token_judge.ts` accepts.
 */
import { type Clock, isSignetError } from "../base/mod.ts";
import { formatWorkloadIdentity } from "../spiffe/mod.ts";
import { bearerToken } from "./bearer.ts";
import { chooseCluster, type KnownClusters } from "./cluster_choice.ts";
import { MAX_TOKEN_CHARS } from "./id_token.ts";
import { peekClaims } from "./issuer.ts";
import { isJoinToken } from "./join_token_text.ts";
import {
  AUTH_SOURCE,
  type Authenticator,
  type AuthResult,
  type Caller,
  type Credentials,
} from "./port.ts";
import type { RemoteClusters } from "./remote_clusters.ts";
import { createTokenJudge, type TokenJudgeHost, type TokenRules } from "./token_judge.ts";

/** Settings of these tokens. */
export interface KubeTokenConfig extends KnownClusters, TokenRules {}

/** What the authenticator needs. */
export interface KubeTokenHost extends TokenJudgeHost {
  /** Time. */
  readonly clock: Clock;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** Clusters beside the own one. Default: none. */
  readonly remote?: Pick<RemoteClusters, "ids" | "find"> | undefined;
}

/** Makes the authenticator. */
export function kubeTokenAuthenticator(
  config: KubeTokenConfig,
  host: KubeTokenHost,
): Authenticator {
  const ownJudge = createTokenJudge(config, host);
  return {
    type: "KubeJWTAuthenticator",
    async authenticate(credentials) {
      const found = tokenOf(credentials);
      if ("reason" in found) return { ok: false, reason: found.reason };
      const chosen = chooseCluster(credentials, config, host.remote?.ids ?? []);
      if ("reason" in chosen) return { ok: false, reason: chosen.reason };
      const { clusterId } = chosen;
      const judge = clusterId === config.clusterId ? ownJudge : host.remote!.find(clusterId)!.judge;
      const refuse = (what: string): AuthResult => ({
        ok: false,
        reason: `failed to validate the JWT from cluster "${clusterId}": ${what}`,
      });
      const expiresMs = expiryOf(found.token);
      if (expiresMs === undefined) return refuse("it is not a JWT");
      if (expiresMs <= host.clock.nowMs()) {
        return refuse(`it expired at ${new Date(expiresMs).toISOString()}`);
      }
      const verdict = await judge(found.token, expiresMs);
      if (!verdict.ok) return refuse(verdict.reason);
      return accept({ ...verdict.account, clusterId }, host.trustDomain());
    },
  };
}

function tokenOf(
  credentials: Credentials,
): { readonly token: string } | { readonly reason: string } {
  if (!credentials.secure) return { reason: "the connection is not TLS" };
  const token = bearerToken(credentials);
  if (token === undefined || isJoinToken(token)) {
    const what = credentials.headerValues("authorization").length === 0
      ? "no HTTP authorization header exists"
      : "no bearer token exists in HTTP authorization header";
    return { reason: `target JWT extraction error: ${what}` };
  }
  if (token.length <= MAX_TOKEN_CHARS) return { token };
  return {
    reason:
      `target JWT extraction error: it has ${token.length} characters, at most ${MAX_TOKEN_CHARS} are read`,
  };
}

/** The latest time of a Date, and with a minus the first: tokens of old Secrets never end. */
const NEVER_MS = 8_640_000_000_000_000;

/** When a token says that it ends, before anybody vouched for it; `undefined` when it is no JWT. */
function expiryOf(token: string): number | undefined {
  const claims = peekClaims(token);
  if (claims === undefined) return undefined;
  const { exp } = claims as { readonly exp?: unknown };
  if (exp === undefined) return NEVER_MS;
  return typeof exp === "number" && Math.abs(exp * 1000) <= NEVER_MS ? exp * 1000 : undefined;
}

function accept(account: NonNullable<Caller["account"]>, trustDomain: string): AuthResult {
  const { namespace, name, podName } = account;
  let identity: string;
  try {
    identity = formatWorkloadIdentity({ trustDomain, namespace, serviceAccount: name });
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return { ok: false, reason: thrown.message };
  }
  return {
    ok: true,
    caller: {
      authSource: AUTH_SOURCE.idToken,
      identities: [identity],
      account,
      ...(podName === "" ? {} : { credential: `the token of pod ${namespace}/${podName}` }),
    },
  };
}
