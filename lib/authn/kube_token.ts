/**
 * Tokens of service accounts, which the API server vouches for (istiod's KubeJWTAuthenticator).
 *
 * The server is asked about each token once in a while: answers are remembered by the token's hash, a short time and never past the token's
 * own end, and callers who show one token at once share one question. Questions in flight are bounded.
 */
import { type Clock, isSignetError, SignetError, utf8 } from "../base/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { type KubeClient, reviewToken } from "../kube/mod.ts";
import { formatWorkloadIdentity } from "../spiffe/mod.ts";
import { METRIC, type Metrics } from "../telemetry/mod.ts";
import { bearerToken } from "./bearer.ts";
import { type KnownCluster, unknownCluster } from "./cluster_choice.ts";
import { MAX_TOKEN_CHARS } from "./id_token.ts";
import { peekClaims } from "./issuer.ts";
import { isJoinToken } from "./join_token_text.ts";
import { AUTH_SOURCE, type Authenticator, type AuthResult, type Credentials } from "./port.ts";
import { judgeReview, type ReviewVerdict, type ServiceAccount } from "./service_account.ts";
import { createVerdictCache } from "./verdict_cache.ts";

/** How long an answer of the API server is used again, in milliseconds: a deleted service account is refused after this at the latest. */
export const REMEMBER_MS = 10_000;
/** Questions to the API server at one time; callers beyond are turned away to come again. */
export const MAX_REVIEWS = 128;

/** Settings of these tokens. */
export interface KubeTokenConfig extends KnownCluster {
  /** Audiences, of which a token should have one; empty asks for the API server's own. */
  readonly audiences: readonly string[];
}

/** What the authenticator needs. */
export interface KubeTokenHost {
  /** The API server. */
  readonly client: Pick<KubeClient, "request">;
  /** Time. */
  readonly clock: Clock;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** For the counter of what came of tokens. */
  readonly metrics: Metrics;
}

/** Makes the authenticator. */
export function kubeTokenAuthenticator(
  config: KubeTokenConfig,
  host: KubeTokenHost,
): Authenticator {
  const review = createReviewer(config, host);
  return {
    type: "KubeJWTAuthenticator",
    async authenticate(credentials) {
      const found = tokenOf(credentials);
      if ("reason" in found) return { ok: false, reason: found.reason };
      const foreign = unknownCluster(credentials, config);
      if (foreign !== undefined) return { ok: false, reason: foreign };
      const refuse = (what: string): AuthResult => ({
        ok: false,
        reason: `failed to validate the JWT from cluster "${config.clusterId}": ${what}`,
      });
      const expiresMs = expiryOf(found.token);
      if (expiresMs === undefined) return refuse("it is not a JWT");
      if (expiresMs <= host.clock.nowMs()) {
        return refuse(`it expired at ${new Date(expiresMs).toISOString()}`);
      }
      const verdict = await review(found.token, expiresMs);
      return verdict.ok ? accept(verdict.account, host.trustDomain()) : refuse(verdict.reason);
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

/** The latest time of a Date: tokens of old Secrets never end. */
const NEVER_MS = 8_640_000_000_000_000;

/** When a token says that it ends, before anybody vouched for it; `undefined` when it is no JWT. */
function expiryOf(token: string): number | undefined {
  const claims = peekClaims(token);
  if (claims === undefined) return undefined;
  const { exp } = claims as { readonly exp?: unknown };
  if (exp === undefined) return NEVER_MS;
  return typeof exp === "number" && exp * 1000 <= NEVER_MS ? exp * 1000 : undefined;
}

function accept(account: ServiceAccount, trustDomain: string): AuthResult {
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
      ...(podName === "" ? {} : { credential: `the token of pod ${namespace}/${podName}` }),
    },
  };
}

type Review = (token: string, expiresMs: number) => Promise<ReviewVerdict>;

/** Asks the API server, or remembers what it said. */
function createReviewer({ audiences }: KubeTokenConfig, host: KubeTokenHost): Review {
  const { client, clock, metrics } = host;
  const remembered = createVerdictCache<ReviewVerdict>(clock);
  const inFlight = new Map<string, Promise<ReviewVerdict>>();
  const count = (result: "accepted" | "refused" | "remembered" | "failed" | "overloaded") =>
    metrics.counter(METRIC.tokenReviews, { result }).inc();

  const ask = async (hash: string, token: string, expiresMs: number): Promise<ReviewVerdict> => {
    try {
      const verdict = judgeReview(await reviewToken(client, { token, audiences }), audiences);
      remembered.remember(hash, verdict, { untilMs: expiresMs, maxMs: REMEMBER_MS });
      count(verdict.ok ? "accepted" : "refused");
      return verdict;
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      count("failed");
      return { ok: false, reason: thrown.message };
    } finally {
      inFlight.delete(hash);
    }
  };

  return (token, expiresMs) => {
    const hash = sha256(utf8(token)).toHex();
    const known = remembered.find(hash);
    if (known !== undefined) {
      count("remembered");
      return Promise.resolve(known);
    }
    const asked = inFlight.get(hash);
    if (asked !== undefined) return asked;
    if (inFlight.size >= MAX_REVIEWS) {
      count("overloaded");
      throw new SignetError(
        "authn.overloaded",
        `Cannot check the token: the API server is being asked about ${MAX_REVIEWS} others`,
      );
    }
    const asking = ask(hash, token, expiresMs);
    inFlight.set(hash, asking);
    return asking;
  };
}
