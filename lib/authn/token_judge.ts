/**
 * Judging the token of a service account: by the API server, whose answers are remembered for a while; while it is away, for at most a
 * stated time, by the keys that it published.
 *
 * Callers who show one token at once share one question, and questions in flight are bounded. A token that no key of its name has signed
 * is refused without a question. What the API server once refused stays refused while it is away.
 */
import { type Clock, isSignetError, messageOf, SignetError, utf8 } from "../base/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { type KubeClient, reviewToken } from "../kube/mod.ts";
import { METRIC, type Metrics } from "../telemetry/mod.ts";
import type { ClusterKeys } from "./cluster_keys.ts";
import { checkTokenClaims } from "./id_token_claims.ts";
import type { KeyVerdict } from "./issuer.ts";
import { judgeReview, type ReviewVerdict } from "./service_account.ts";
import { createVerdictCache } from "./verdict_cache.ts";

/** How long an answer of the API server is used again, in milliseconds: a deleted service account is refused after this at the latest. */
export const REMEMBER_MS = 10_000;
/** Questions to the API server at one time; callers beyond are turned away to come again. */
export const MAX_REVIEWS = 128;
/** After a question that was not answered, none is asked for this long, in milliseconds: callers do not wait for a server that is away. */
export const PAUSE_MS = 2_000;
/** An API server that comes up refuses everybody for a moment, in milliseconds: it serves before it has read who may do what. */
export const COMING_UP_MS = 30_000;
/** How long a refusal is kept for an outage, in milliseconds; a token lives a day at most, as a rule. */
const REFUSED_MS = 24 * 3_600_000;

/** How tokens are judged. */
export interface TokenRules {
  /** Audiences, of which a token should have one; empty asks for the API server's own. */
  readonly audiences: readonly string[];
  /** How long tokens are judged without the API server, in milliseconds; 0 never. */
  readonly maxAwayMs: number;
}

/** What judging needs. */
export interface TokenJudgeHost {
  /** The API server. */
  readonly client: Pick<KubeClient, "request">;
  /** Its keys. */
  readonly keys: ClusterKeys;
  /** Time. */
  readonly clock: Clock;
  /** For the counter of what came of tokens. */
  readonly metrics: Metrics;
}

/** Judges a token; `expiresMs` is what it says of its own end. @throws {SignetError} `authn.overloaded`. */
export type JudgeToken = (token: string, expiresMs: number) => Promise<ReviewVerdict>;

/** What came of a token: values of the metric's label. */
type Result =
  | "accepted"
  | "refused"
  | "remembered"
  | "forged"
  | "accepted_locally"
  | "failed"
  | "overloaded";

/** Makes the judge. */
export function createTokenJudge(rules: TokenRules, host: TokenJudgeHost): JudgeToken {
  const judge = new TokenJudge(rules, host);
  return (token, expiresMs) => judge.judge(token, expiresMs);
}

class TokenJudge {
  readonly #rules: TokenRules;
  readonly #host: TokenJudgeHost;
  readonly #remembered;
  readonly #refused;
  readonly #inFlight = new Map<string, Promise<ReviewVerdict>>();
  #pauseUntilMs = -Infinity;
  /** When a question was last not answered. */
  #failedMs = -Infinity;

  constructor(rules: TokenRules, host: TokenJudgeHost) {
    this.#rules = rules;
    this.#host = host;
    this.#remembered = createVerdictCache<ReviewVerdict>(host.clock);
    this.#refused = createVerdictCache<true>(host.clock);
  }

  judge(token: string, expiresMs: number): Promise<ReviewVerdict> {
    const hash = sha256(utf8(token)).toHex();
    const known = this.#remembered.find(hash);
    if (known !== undefined) {
      this.#count("remembered");
      return Promise.resolve(known);
    }
    const asked = this.#inFlight.get(hash);
    if (asked !== undefined) return asked;
    if (this.#inFlight.size >= MAX_REVIEWS) {
      this.#count("overloaded");
      throw new SignetError(
        "authn.overloaded",
        `Cannot check the token: ${MAX_REVIEWS} others are being checked`,
      );
    }
    const asking = this.#ask({ hash, token, expiresMs }).finally(() => this.#inFlight.delete(hash));
    this.#inFlight.set(hash, asking);
    return asking;
  }

  async #ask(shown: Shown): Promise<ReviewVerdict> {
    const { keys, clock } = this.#host;
    const signature = await keys.verify(shown.token);
    if (signature !== undefined && !signature.ok && signature.isForged === true) {
      this.#count("forged");
      return { ok: false, reason: signature.reason };
    }
    if (clock.monotonicMs() < this.#pauseUntilMs) {
      const why = "the API server did not answer a moment ago";
      return this.#judgeAlone(shown, { why, signature });
    }
    try {
      return await this.#review(shown);
    } catch (thrown) {
      if (!isSignetError(thrown)) throw thrown;
      const nowMs = clock.monotonicMs();
      if (thrown.code === "kube.unavailable") {
        this.#failedMs = nowMs;
        this.#pauseUntilMs = nowMs + PAUSE_MS;
      }
      if (nowMs - this.#failedMs < COMING_UP_MS) {
        const why = messageOf(thrown);
        return this.#judgeAlone(shown, { why, signature: await keys.verify(shown.token) });
      }
      this.#count("failed");
      return { ok: false, reason: thrown.message };
    }
  }

  async #review({ hash, token, expiresMs }: Shown): Promise<ReviewVerdict> {
    const { audiences } = this.#rules;
    const verdict = judgeReview(
      await reviewToken(this.#host.client, { token, audiences }),
      audiences,
    );
    this.#host.keys.answered();
    this.#remembered.remember(hash, verdict, { untilMs: expiresMs, maxMs: REMEMBER_MS });
    if (!verdict.ok) {
      this.#refused.remember(hash, true, { untilMs: expiresMs, maxMs: REFUSED_MS });
    }
    this.#count(verdict.ok ? "accepted" : "refused");
    return verdict;
  }

  /** By the keys, and never remembered: the API server's word counts again as soon as it can be had. */
  #judgeAlone(
    { hash }: Shown,
    { why, signature }: { readonly why: string; readonly signature: KeyVerdict | undefined },
  ): ReviewVerdict {
    const { keys, clock } = this.#host;
    const { audiences, maxAwayMs } = this.#rules;
    const { issuer, awayMs } = keys;
    const refuse = (reason: string): ReviewVerdict => {
      this.#count("failed");
      return { ok: false, reason: `${why}; it is not judged without it: ${reason}` };
    };
    if (signature === undefined || issuer === undefined) return refuse("its keys are not known");
    if (maxAwayMs === 0 || awayMs > maxAwayMs) {
      return refuse(`it is away for ${Math.round(awayMs / 1000)} s, at most ${maxAwayMs / 1000} s`);
    }
    if (this.#refused.find(hash) !== undefined) return refuse("it refused the token before");
    if (!signature.ok) return refuse(signature.reason);
    // Without audiences of its own, a token is for the API server, whose audience is its issuer.
    const wanted = { issuer, audiences: audiences.length === 0 ? [issuer] : audiences };
    const checked = checkTokenClaims(signature.claims, wanted, clock.nowMs());
    if (!checked.ok) return refuse(checked.reason);
    this.#count("accepted_locally");
    const { namespace, serviceAccount } = checked;
    const { podName, podUid } = podOf(signature.claims);
    return { ok: true, account: { namespace, name: serviceAccount, podName, podUid } };
  }

  #count(result: Result): void {
    this.#host.metrics.counter(METRIC.tokenReviews, { result }).inc();
  }
}

interface Shown {
  readonly hash: string;
  readonly token: string;
  readonly expiresMs: number;
}

/** The pod that a projected token names in its private claim. */
function podOf(claims: Readonly<Record<string, unknown>>): { podName: string; podUid: string } {
  const { pod } = (claims["kubernetes.io"] ?? {}) as { readonly pod?: Record<string, unknown> };
  const text = (value: unknown) => typeof value === "string" ? value : "";
  return { podName: text(pod?.["name"]), podUid: text(pod?.["uid"]) };
}
