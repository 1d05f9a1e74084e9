/** Writing a plugged-in CA that came from elsewhere into its folder: whole or not at all, for its owner alone. */
import { resolve } from "node:path";
import { messageOf, SignetError } from "../../base/mod.ts";

/**
 * Writes the files (0600) into a folder (0700) that is not there yet or is empty, by one rename.
 *
 * @throws {SignetError} `store.write_failed`.
 */
export async function writePluggedIn(
  directory: string,
  files: Readonly<Record<string, string>>,
): Promise<void> {
  const location = resolve(directory);
  const fresh = `${location}.new`;
  try {
    await Deno.mkdir(resolve(location, ".."), { recursive: true });
    await Deno.remove(fresh, { recursive: true }).catch(ignoreMissing);
    await Deno.mkdir(fresh, { mode: 0o700 });
    for (const [name, text] of Object.entries(files)) {
      await Deno.writeTextFile(`${fresh}/${name}`, text, { mode: 0o600, createNew: true });
    }
    await Deno.rename(fresh, location);
  } catch (thrown) {
    throw new SignetError(
      "store.write_failed",
      `Cannot write the cluster's CA into ${location} (ROOT_CA_DIR, USE_REMOTE_CERTS): ${
        messageOf(thrown)
      }; give a folder that can be made, or that is empty`,
      { cause: thrown },
    );
  }
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
