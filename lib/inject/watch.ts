/** Files that are followed: looked at by identity, size and time, links followed, so that Kubernetes' swaps of links are seen too. */
import { type Clock, createTaskGroup, messageOf, SignetError, sleep } from "../base/mod.ts";

/** Time between two looks, in milliseconds. */
const LOOK_MS = 250;
/** How long files must stay as they are before a change of them is taken, as with istiod. */
const DEBOUNCE_MS = 100;

/** What following needs. */
export interface FollowFilesOptions {
  /** Time. */
  readonly clock: Clock;
  /** Told the texts after each change, `undefined` for a file that is not there. */
  readonly onChange: (texts: readonly (string | undefined)[]) => void;
  /** Told of a file that cannot be read, once for each state of the files. */
  readonly onError: (thrown: unknown) => void;
}

/** True for a folder that is there. */
export async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isDirectory;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw unreadable(path, thrown);
  }
}

/** The texts of some files, `undefined` for one that is not there. @throws {SignetError} `inject.bad_config`. */
export function readTexts(paths: readonly string[]): Promise<readonly (string | undefined)[]> {
  return Promise.all(paths.map(async (path) => {
    try {
      return await Deno.readTextFile(path);
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return undefined;
      throw unreadable(path, thrown);
    }
  }));
}

/** Follows files until it is disposed; what they hold now is not told. */
export async function followFiles(
  paths: readonly string[],
  options: FollowFilesOptions,
): Promise<AsyncDisposable> {
  const { clock, onChange, onError } = options;
  const tasks = createTaskGroup({ onError: (_name, thrown) => onError(thrown) });
  let inForce = await stampOf(paths);
  tasks.run("follow the injector's files", async (signal) => {
    for (;;) {
      await sleep(clock, LOOK_MS, { signal });
      let stamp = await stampOf(paths);
      if (stamp === inForce) continue;
      for (let before = ""; stamp !== before;) {
        before = stamp;
        await sleep(clock, DEBOUNCE_MS, { signal });
        stamp = await stampOf(paths);
      }
      inForce = stamp;
      try {
        onChange(await readTexts(paths));
      } catch (thrown) {
        onError(thrown);
      }
    }
  });
  return tasks;
}

async function stampOf(paths: readonly string[]): Promise<string> {
  const stamps = await Promise.all(paths.map(async (path) => {
    try {
      const { dev, ino, size, mtime } = await Deno.stat(path);
      return `${dev} ${ino} ${size} ${mtime?.getTime()}`;
    } catch (thrown) {
      return thrown instanceof Error ? thrown.name : "unreadable";
    }
  }));
  return stamps.join("\n");
}

function unreadable(path: string, thrown: unknown): SignetError {
  return new SignetError("inject.bad_config", `Cannot read ${path}: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
