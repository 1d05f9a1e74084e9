/**
 * The claims of an ID token that a CA cares for, checked as istiod does (go-oidc's rules) with its defects mended: `aud` may be one text or
 * a list, and `sub` is exactly `system:serviceaccount:<namespace>:<account>`.
 */
import { isSignetError, quote } from "../base/mod.ts";
import { formatWorkloadIdentity } from "../spiffe/mod.ts";

/** How far ahead `nbf` may be, in milliseconds: clocks differ. `exp` has no such leeway. */
export const NOT_BEFORE_LEEWAY_MS = 5 * 60_000;

/** What tokens of one issuer must say. */
export interface ClaimRules {
  /** `iss`, exactly. */
  readonly issuer: string;
  /** `aud` must name one of these; without any no token is accepted. */
  readonly audiences: readonly string[];
}

/** The time and the trust domain of a check. */
export interface ClaimContext {
  /** Now, milliseconds since the epoch. */
  readonly nowMs: number;
  /** The mesh's trust domain. */
  readonly trustDomain: string;
}

/** The identity that the claims prove, or why they do not. */
export type ClaimVerdict =
  | { readonly ok: true; readonly identity: string }
  | { readonly ok: false; readonly reason: string };

/** Claims as they were decoded: nothing is known of them. */
export type Claims = Readonly<Record<string, unknown>>;

/** Checks the claims of a token, whose signature is checked elsewhere. */
export function checkClaims(
  claims: Claims,
  rules: ClaimRules,
  context: ClaimContext,
): ClaimVerdict {
  const checked = checkTokenClaims(claims, rules, context.nowMs);
  return checked.ok ? identityOf(checked, context.trustDomain) : checked;
}

/** The service account that a token names, or why it does not count. */
export type TokenVerdict =
  | { readonly ok: true; readonly namespace: string; readonly serviceAccount: string }
  | { readonly ok: false; readonly reason: string };

/** {@linkcode checkClaims} without the identity that comes of it. */
export function checkTokenClaims(claims: Claims, rules: ClaimRules, nowMs: number): TokenVerdict {
  const reason = issuerFault(claims, rules) ?? timeFault(claims, nowMs) ??
    audienceFault(claims, rules);
  return reason === undefined ? accountOf(claims["sub"]) : { ok: false, reason };
}

function issuerFault(claims: Claims, { issuer }: ClaimRules): string | undefined {
  const found = claims["iss"];
  if (found === issuer) return undefined;
  return `iss is ${describe(found)}, should be ${quote(issuer)}`;
}

function timeFault(claims: Claims, nowMs: number): string | undefined {
  const { exp, nbf } = claims as { readonly exp?: unknown; readonly nbf?: unknown };
  if (!isTime(exp)) return `exp is ${describe(exp)}, should be a time`;
  if (exp * 1000 <= nowMs) return `it expired at ${timeText(exp)}`;
  if (nbf === undefined) return undefined;
  if (!isTime(nbf)) return `nbf is ${describe(nbf)}, should be a time`;
  return nbf * 1000 > nowMs + NOT_BEFORE_LEEWAY_MS
    ? `it is not valid before ${timeText(nbf)}`
    : undefined;
}

function audienceFault(claims: Claims, { audiences }: ClaimRules): string | undefined {
  const { aud } = claims as { readonly aud?: unknown };
  const named = typeof aud === "string" ? [aud] : Array.isArray(aud) ? aud : [];
  if (named.some((one) => audiences.includes(one))) return undefined;
  return `aud is ${describe(aud)}, should name one of ${quote(audiences.join(", "))}`;
}

function accountOf(sub: unknown): TokenVerdict {
  const parts = typeof sub === "string" ? sub.split(":") : [];
  const [system, kind, namespace, serviceAccount] = parts;
  const complete = system === "system" && kind === "serviceaccount" && parts.length === 4;
  if (complete && namespace && serviceAccount) return { ok: true, namespace, serviceAccount };
  const reason = `sub is ${
    describe(sub)
  }, should be system:serviceaccount:<namespace>:<service account>`;
  return { ok: false, reason };
}

function identityOf(
  { namespace, serviceAccount }: TokenVerdict & { readonly ok: true },
  trustDomain: string,
): ClaimVerdict {
  try {
    const identity = formatWorkloadIdentity({ trustDomain, namespace, serviceAccount });
    return { ok: true, identity };
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return { ok: false, reason: thrown.message };
  }
}

/** Seconds since the epoch, in the range of a Date. */
function isTime(value: unknown): value is number {
  return typeof value === "number" && Math.abs(value) <= 8_640_000_000_000;
}

function timeText(seconds: number): string {
  return new Date(seconds * 1000).toISOString();
}

function describe(value: unknown): string {
  return value === undefined ? "missing" : quote(JSON.stringify(value));
}
