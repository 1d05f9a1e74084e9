/**
 * What stands on the disk, looked at and left as it is. Whether a file could be made is told by the mode of the folder: access lists
 * and read-only file systems show at the start only.
 */
import { messageOf } from "../../base/mod.ts";

/** What a state directory looks like from outside. */
export type StateLook = "missing" | "free" | "locked" | { readonly unusable: string };

/**
 * Looks at a state directory. Its lock is asked for shared, for an instant, and only when the file is there: a server that starts in
 * that very instant would find it taken.
 */
export async function lookAtState(directory: string): Promise<StateLook> {
  try {
    const info = await stat(directory);
    if (info === undefined) return "missing";
    if (!info.isDirectory) return { unusable: "it is no folder" };
    if (await stat(`${directory}/lock`) === undefined) return "free";
    // For writing, as the server does it: a lock of somebody else's is a fault.
    using lock = await Deno.open(`${directory}/lock`, { write: true });
    return await lock.tryLock(false) ? "free" : "locked";
  } catch (thrown) {
    return { unusable: messageOf(thrown) };
  }
}

/** Why a folder could not be made or written into; `undefined` when it could. */
export async function lookAtFolder(path: string): Promise<string | undefined> {
  try {
    const info = await stat(path);
    if (info === undefined) {
      const parent = parentOf(path);
      return parent === path ? `there is no ${path}` : await lookAtFolder(parent);
    }
    if (!info.isDirectory) return `${path} is no folder`;
    return mayWrite(info, Deno.uid()) ? undefined : `${path} is not writable for this user`;
  } catch (thrown) {
    return messageOf(thrown);
  }
}

/** Why a log file could not be opened; `undefined` when it could. Its folder is not made. */
export async function lookAtLogFile(path: string): Promise<string | undefined> {
  try {
    const info = await stat(path);
    if (info?.isDirectory) return "it is a folder; give a writable path";
    if (info !== undefined) {
      return mayWrite(info, Deno.uid())
        ? undefined
        : "it is not writable for this user; give a writable path";
    }
    const folder = parentOf(path);
    if (await stat(folder) === undefined) return `there is no folder ${folder}; make it`;
    return await lookAtFolder(folder);
  } catch (thrown) {
    return messageOf(thrown);
  }
}

async function stat(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/**
 * Whether a user may write what has that mode and owner: false when certainly not. A group may be one of the user's, so that its bit
 * counts; the superuser may always.
 */
export function mayWrite(
  { mode, uid }: Pick<Deno.FileInfo, "mode" | "uid">,
  user: number | null,
): boolean {
  if (mode === null || user === null || user === 0) return true;
  return (mode & (uid === user ? 0o200 : 0o022)) !== 0;
}

/** The folder that a path lies in: `.` of a bare name, `/` of what lies at the top. */
export function parentOf(path: string): string {
  const cut = path.replace(/\/+[^/]*\/*$/, "");
  if (cut === path) return ".";
  return cut === "" ? "/" : cut;
}
