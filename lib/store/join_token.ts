/**
 * The rules of using a join token, the same for every store: `maxUses` different keys, each of which may ask again for a while.
 *
 * A use binds the token to the key of the CSR before a certificate is signed. When the answer is lost, the same key asks again and is
 * served without a further use, also when the token has expired or is used up by then; a revoked token serves nobody.
 */
import type { JoinToken, TokenBinding, TokenRefusal } from "./port.ts";

/** How long the key that used a token may ask again, in milliseconds. */
export const REPEAT_WINDOW_MS = 10 * 60_000;
/** How long a token that has ended is kept for `token list`, in milliseconds. */
export const KEEP_ENDED_MS = 30 * 86_400_000;

/** What using a token with a key would do. */
export type TokenJudgement = "free" | "repeat" | TokenRefusal;

/** Judges a use of `token` by a key, of which `binding` tells when it used the token before. */
export function judgeTokenUse(
  token: JoinToken | undefined,
  binding: TokenBinding | undefined,
  nowMs: number,
): TokenJudgement {
  if (token === undefined) return "unknown";
  if (token.revokedMs !== undefined) return "revoked";
  if (binding !== undefined) {
    return nowMs - binding.boundMs < REPEAT_WINDOW_MS ? "repeat" : "too_late";
  }
  if (token.used >= token.maxUses) return "used";
  if (nowMs >= token.expiresMs) return "expired";
  return "free";
}

/** True when a token ended so long ago that it need not be listed any more. */
export function isForgettable(
  { expiresMs, revokedMs }: Pick<JoinToken, "expiresMs" | "revokedMs">,
  nowMs: number,
): boolean {
  return nowMs - Math.min(expiresMs, revokedMs ?? Infinity) > KEEP_ENDED_MS;
}
