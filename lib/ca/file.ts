/** Files with the roots of signers that are not signet's own. */
import { messageOf, SignetError } from "../base/mod.ts";

/** Roots are some kilobytes. */
const MAX_ROOTS_BYTES = 1 << 20;

/**
 * The text of the first of some files that is there; `undefined` when none is.
 *
 * @throws {SignetError} `store.unreadable` when one is there and cannot be read.
 */
export async function readFirstFile(
  paths: readonly string[],
): Promise<{ readonly path: string; readonly text: string } | undefined> {
  for (const path of paths) {
    try {
      const { size } = await Deno.stat(path);
      if (size > MAX_ROOTS_BYTES) {
        throw new RangeError(`It has ${size} bytes, at most ${MAX_ROOTS_BYTES} are read`);
      }
      return { path, text: await Deno.readTextFile(path) };
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) continue;
      throw new SignetError(
        "store.unreadable",
        `Cannot read the roots of signers from ${path}: ${messageOf(thrown)}`,
        { cause: thrown },
      );
    }
  }
  return undefined;
}
