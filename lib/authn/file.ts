/** Reading the server's own token. */
import { isSignetError } from "../base/mod.ts";
import { OWN_TOKEN_PATH, type OwnToken, parseOwnToken, unreadableOwnToken } from "./own_token.ts";

/** A token is a few kilobytes. */
const MAX_BYTES = 64 << 10;

/**
 * The server's own token; `undefined` when there is none.
 *
 * @throws {SignetError} `authn.bad_own_token`.
 */
export async function readOwnToken(): Promise<OwnToken | undefined> {
  try {
    const { size } = await Deno.stat(OWN_TOKEN_PATH);
    if (size > MAX_BYTES) {
      throw new RangeError(`It has ${size} bytes, at most ${MAX_BYTES} are read`);
    }
    return parseOwnToken(await Deno.readTextFile(OWN_TOKEN_PATH));
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw isSignetError(thrown) ? thrown : unreadableOwnToken(thrown);
  }
}
