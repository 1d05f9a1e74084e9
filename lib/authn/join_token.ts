/**
 * Join tokens: how a machine without any other credential gets its first certificate. Later it renews with that certificate.
 *
 * Authenticating looks the token up; using it comes later, when the CSR has been accepted, and binds the token to the CSR's key. So a bad
 * CSR spends nothing, and of two callers at once one wins. The database is read at every request: what an operator changes is in force.
 */
import { type Clock, constantTimeEqual } from "../base/mod.ts";
import { type Hasher, sha256 } from "../crypto/mod.ts";
import { parseWorkloadIdentity } from "../spiffe/mod.ts";
import type { JoinToken, JoinTokenStore, TokenRefusal } from "../store/mod.ts";
import { METRIC, type Metrics } from "../telemetry/mod.ts";
import { bearerToken } from "./bearer.ts";
import { isJoinToken, parseJoinToken } from "./join_token_text.ts";
import {
  AUTH_SOURCE,
  type Authenticator,
  type AuthResult,
  type Credentials,
  type Redemption,
} from "./port.ts";

/** What the authenticator needs. */
export interface JoinTokenHost {
  /** Where tokens are kept. */
  readonly tokens: JoinTokenStore;
  /** Time. */
  readonly clock: Clock;
  /** The mesh's trust domain now. */
  readonly trustDomain: () => string;
  /** For the counter of what came of tokens. */
  readonly metrics: Metrics;
  /** Makes digests. Default: node:crypto. */
  readonly crypto?: Hasher;
}

/** What came of a token: values of the metric's label. */
type Result =
  | "accepted"
  | "repeated"
  | "plaintext"
  | "malformed"
  | "wrong_secret"
  | "foreign"
  | TokenRefusal;

const REASONS = {
  plaintext: "the connection is not TLS",
  malformed: "it is not sjt_<id>_<secret>",
  unknown: "there is no such token",
  wrong_secret: "its secret is wrong",
  revoked: "it was revoked",
  expired: "it has expired",
  used: "it was used by another key",
  too_late: "its key used it more than ten minutes ago",
} as const satisfies Partial<Record<Result, string>>;

/** Makes the authenticator. */
export function joinTokenAuthenticator(host: JoinTokenHost): Authenticator {
  const { tokens, clock, metrics, crypto: hasher = { sha256 } } = host;
  const count = (result: Result) => metrics.counter(METRIC.joinTokenUses, { result }).inc();

  const refuse = (id: string | undefined, result: Result, reason: string) => {
    count(result);
    const name = id === undefined ? "join token" : `join token ${id}`;
    return { ok: false, reason: `${name}: ${reason}`, isFinal: true } as const;
  };

  const redeem = async (id: string, spki: Uint8Array): Promise<Redemption> => {
    const use = await tokens.use(id, { keySha256: hasher.sha256(spki), nowMs: clock.nowMs() });
    if (!use.ok) return refuse(id, use.refusal, REASONS[use.refusal]);
    count(use.repeated ? "repeated" : "accepted");
    return { ok: true };
  };

  const judge = (
    token: JoinToken | undefined,
    presented: { readonly id: string; readonly secretSha256: Uint8Array },
  ): AuthResult => {
    const { id, secretSha256 } = presented;
    if (token === undefined) return refuse(id, "unknown", REASONS.unknown);
    if (!constantTimeEqual(token.secretSha256, secretSha256)) {
      return refuse(id, "wrong_secret", REASONS.wrong_secret);
    }
    if (token.revokedMs !== undefined) return refuse(id, "revoked", REASONS.revoked);
    const { trustDomain } = parseWorkloadIdentity(token.identity);
    if (trustDomain !== host.trustDomain()) {
      const reason =
        `it is for trust domain ${trustDomain}, the mesh's is ${host.trustDomain()} now`;
      return refuse(id, "foreign", reason);
    }
    return {
      ok: true,
      caller: {
        authSource: AUTH_SOURCE.idToken,
        identities: [token.identity],
        credential: `join token ${id}`,
        redeem: (spki) => redeem(id, spki),
      },
    };
  };

  return {
    type: "JoinTokenAuthenticator",
    authenticate(credentials: Credentials) {
      const text = bearerToken(credentials);
      if (text === undefined || !isJoinToken(text)) {
        return { ok: false, reason: "no join token is presented" };
      }
      if (!credentials.secure) return refuse(undefined, "plaintext", REASONS.plaintext);
      const parts = parseJoinToken(text, hasher);
      if (parts === undefined) return refuse(undefined, "malformed", REASONS.malformed);
      const found = tokens.find(parts.id);
      return found instanceof Promise
        ? found.then((token) => judge(token, parts))
        : judge(found, parts);
    },
  };
}
