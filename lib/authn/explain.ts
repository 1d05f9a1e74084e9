/** What each authenticator says of credentials, for people: the same code that serves calls, asked one by one. Nothing is spent. */
import { isSignetError } from "../base/mod.ts";
import type { Authenticator, Credentials } from "./port.ts";

/** What one authenticator says. */
export interface AuthAnswer {
  /** Its name in logs. */
  readonly type: string;
  /** `accepts` and `refuses` are its words; `not_asked` when one before it had decided. */
  readonly verdict: "accepts" | "refuses" | "not_asked";
  /** What it would grant. */
  readonly identities: readonly string[];
  /** Why it refuses; empty otherwise. */
  readonly reason: string;
}

/** Asks the authenticators in order, as a call does, and tells what each said. */
export async function explainCredentials(
  authenticators: readonly Authenticator[],
  credentials: Credentials,
): Promise<readonly AuthAnswer[]> {
  const answers: AuthAnswer[] = [];
  let decided = false;
  for (const authenticator of authenticators) {
    if (decided) {
      const { type } = authenticator;
      answers.push({ type, verdict: "not_asked", identities: [], reason: "" });
      continue;
    }
    const { answer, ends } = await ask(authenticator, credentials);
    answers.push(answer);
    decided = ends;
  }
  return answers;
}

async function ask(
  authenticator: Authenticator,
  credentials: Credentials,
): Promise<{ readonly answer: AuthAnswer; readonly ends: boolean }> {
  const { type } = authenticator;
  const refuses = (reason: string): AuthAnswer => ({
    type,
    verdict: "refuses",
    identities: [],
    reason,
  });
  try {
    const result = await authenticator.authenticate(credentials);
    if (!result.ok) return { answer: refuses(result.reason), ends: result.isFinal ?? false };
    const { identities } = result.caller;
    if (identities.length === 0) return { answer: refuses("no identity"), ends: false };
    return { answer: { type, verdict: "accepts", identities, reason: "" }, ends: true };
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    return { answer: refuses(thrown.message), ends: true };
  }
}
