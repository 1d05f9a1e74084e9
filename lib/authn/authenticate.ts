/**
 * Trying authenticators in order: the first that accepts with at least one identity wins. One that knows the credential for its own
 * kind and refuses it ends the search.
 */
import type { Authenticator, Caller, Credentials } from "./port.ts";

/** The outcome of all authenticators together. */
export type AuthOutcome =
  | { readonly ok: true; readonly caller: Caller }
  | { readonly ok: false; readonly reason: string };

/**
 * Asks each authenticator in turn. The reason of a refusal names every one of them, for the log; callers see an opaque status.
 */
export async function authenticate(
  authenticators: readonly Authenticator[],
  credentials: Credentials,
): Promise<AuthOutcome> {
  const reasons: string[] = [];
  for (const authenticator of authenticators) {
    const answer = authenticator.authenticate(credentials);
    const result = answer instanceof Promise ? await answer : answer;
    if (result.ok && result.caller.identities.length > 0) return result;
    const reason = result.ok ? "no identity" : result.reason;
    reasons.push(`Authenticator ${authenticator.type}: ${reason}`);
    if (!result.ok && result.isFinal) break;
  }
  return {
    ok: false,
    reason: reasons.length > 0 ? reasons.join("; ") : "no authenticator is configured",
  };
}
