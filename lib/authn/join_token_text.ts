/**
 * How a join token is written: `sjt_<id>_<secret>`, 16 and 64 lower-case hex digits. The prefix tells people, secret scanners and the
 * other authenticators what it is; the ID names it in lists and logs; the secret is 256 random bits.
 *
 * An ID is the time in milliseconds and 24 random bits: tokens that are made together stand together in the database, and are used together,
 * so that one commit touches few of its pages.
 */
import type { Bytes } from "../base/mod.ts";
import { type Hasher, randomBytes, sha256 } from "../crypto/mod.ts";

/** What every join token begins with. A JWT never does: it begins with `e`, the base64 of `{`. */
const PREFIX = "sjt_";
const TIME_BYTES = 5;
const ID_BYTES = 8;
const SECRET_BYTES = 32;
const TOKEN_REGEXP = /^sjt_([0-9a-f]{16})_([0-9a-f]{64})$/;
const TOKEN_CHARS = PREFIX.length + 2 * ID_BYTES + 1 + 2 * SECRET_BYTES;

/** A join token in its parts. */
export interface JoinTokenParts {
  /** Its name. */
  readonly id: string;
  /** SHA-256 of its secret. */
  readonly secretSha256: Bytes;
}

/** True when `text` says that it is a join token, well-formed or not. */
export function isJoinToken(text: string): boolean {
  return text.startsWith(PREFIX);
}

/** Reads a join token; `undefined` when it is none. Anything longer than a token is not looked at. */
export function parseJoinToken(
  text: string,
  hasher: Hasher = { sha256 },
): JoinTokenParts | undefined {
  if (text.length !== TOKEN_CHARS) return undefined;
  const [, id, secret] = TOKEN_REGEXP.exec(text) ?? [];
  if (id === undefined || secret === undefined) return undefined;
  return { id, secretSha256: hasher.sha256(Uint8Array.fromHex(secret)) };
}

/** Makes a new token; its text is given out once and kept nowhere. */
export function makeJoinToken(nowMs: number): JoinTokenParts & { readonly text: string } {
  const id = makeId(nowMs);
  const secret = randomBytes(SECRET_BYTES);
  return { id, secretSha256: sha256(secret), text: `${PREFIX}${id}_${secret.toHex()}` };
}

function makeId(nowMs: number): string {
  const time = (BigInt(Math.trunc(nowMs)) & ((1n << BigInt(8 * TIME_BYTES)) - 1n)).toString(16);
  return time.padStart(2 * TIME_BYTES, "0") + randomBytes(ID_BYTES - TIME_BYTES).toHex();
}
