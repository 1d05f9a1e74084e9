/** Small files of the state directory: read within a bound, written so that a kill or a crash leaves the old text or the new. */
import { messageOf, SignetError } from "../../base/mod.ts";

/** Mode of folders. */
export const DIRECTORY_MODE = 0o700;
/** Mode of files. */
export const FILE_MODE = 0o600;
/** A file of the state directory is a few kilobytes; more than this is not one of ours. */
const MAX_FILE_BYTES = 1 << 20;

/** What was thrown, for people: who may not use a file is told whose command it is. */
export function reasonOf(thrown: unknown): string {
  const isOthers = thrown instanceof Deno.errors.PermissionDenied;
  return `${messageOf(thrown)}${
    isOthers
      ? "; run it as the user whose files they are, for one by runuser -u NAME -- signet ..."
      : ""
  }`;
}

/** The text of a small file; `undefined` when there is none. @throws {SignetError} `store.unreadable`, `store.corrupt`. */
export async function readIfPresent(path: string): Promise<string | undefined> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new SignetError(
        "store.corrupt",
        `Cannot read ${path}: it has ${size} bytes, should have at most ${MAX_FILE_BYTES}`,
      );
    }
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    if (thrown instanceof SignetError) throw thrown;
    throw new SignetError("store.unreadable", `Cannot read ${path}: ${reasonOf(thrown)}`, {
      cause: thrown,
    });
  }
}

/** Writes a new file and waits until the disk has it. */
export async function writeSynced(path: string, text: string): Promise<void> {
  using file = await Deno.open(path, { createNew: true, write: true, mode: FILE_MODE });
  const bytes = new TextEncoder().encode(text);
  for (let offset = 0; offset < bytes.length;) offset += await file.write(bytes.subarray(offset));
  await file.sync();
}

/** Puts a small file in place of another in one rename. */
export async function replaceFile(directory: string, name: string, text: string): Promise<void> {
  const path = `${directory}/${name}.new`;
  try {
    await removeIfPresent(path);
    await writeSynced(path, text);
    await Deno.rename(path, `${directory}/${name}`);
    await syncDirectory(directory);
  } catch (thrown) {
    throw new SignetError(
      "store.write_failed",
      `Cannot write ${directory}/${name}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

/** Removes a file that may be missing. */
export async function removeIfPresent(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

/** Waits until the disk has what changed in a folder. */
export async function syncDirectory(path: string): Promise<void> {
  using directory = await Deno.open(path, { read: true });
  await directory.sync();
}
