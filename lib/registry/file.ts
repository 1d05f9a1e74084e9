/** The files of `--configDir`: every `.yaml`, `.yml` and `.json` below it, links followed, hidden names left out. */
import { messageOf, SignetError } from "../base/mod.ts";
import { MAX_FILE_CHARS } from "../istio/mod.ts";

const FILE_NAME_REGEXP = /\.(?:yaml|yml|json)$/;
/** Most files of a folder. */
const MAX_FILES = 10_000;
/** Deepest folder below the one that was named; a loop of links ends here. */
const MAX_DEPTH = 8;

/** One file: where it is, and a text that changes whenever its content may have. */
export interface ConfigFile {
  /** Path, with the folder in front. */
  readonly path: string;
  /** Identity, size and time of change. */
  readonly stamp: string;
}

/**
 * Lists the files, in order of path.
 *
 * @throws {SignetError} `registry.unreadable`.
 */
export async function listConfigFiles(directory: string): Promise<readonly ConfigFile[]> {
  const files: ConfigFile[] = [];
  try {
    await walk(directory, { depth: 0, files });
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    throw unreadable(directory, messageOf(thrown), thrown);
  }
  return files.sort((one, other) => one.path < other.path ? -1 : 1);
}

async function walk(
  directory: string,
  { depth, files }: { readonly depth: number; readonly files: ConfigFile[] },
): Promise<void> {
  if (depth > MAX_DEPTH) throw unreadable(directory, `it is more than ${MAX_DEPTH} folders deep`);
  for await (const { name } of Deno.readDir(directory)) {
    // Kubernetes mounts a volume as links into ..data: the links are read, the folder behind them is not.
    if (name.startsWith(".")) continue;
    const path = `${directory}/${name}`;
    const info = await statIfPresent(path);
    if (info === undefined) continue;
    if (info.isDirectory) await walk(path, { depth: depth + 1, files });
    else if (info.isFile && FILE_NAME_REGEXP.test(name)) {
      if (files.length >= MAX_FILES) throw unreadable(directory, `it has over ${MAX_FILES} files`);
      files.push({ path, stamp: `${info.dev}:${info.ino}:${info.size}:${info.mtime?.getTime()}` });
    }
  }
}

/** A file may go between the listing and the look at it. */
async function statIfPresent(path: string): Promise<Deno.FileInfo | undefined> {
  try {
    return await Deno.stat(path);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw thrown;
  }
}

/** The text of a file, or why there is none. A text may be longer than its characters in octets, never shorter. */
export async function readConfigFile(
  path: string,
): Promise<{ readonly text: string } | { readonly reason: string }> {
  try {
    const { size } = await Deno.stat(path);
    // Four octets are the most that UTF-8 has for one character.
    if (size > MAX_FILE_CHARS * 4) {
      return { reason: `the file has ${size} bytes, which is too many` };
    }
    return { text: await Deno.readTextFile(path) };
  } catch (thrown) {
    return { reason: `cannot be read: ${messageOf(thrown)}` };
  }
}

function unreadable(directory: string, what: string, cause?: unknown): SignetError {
  return new SignetError(
    "registry.unreadable",
    `Cannot read ${directory} (--configDir): ${what}; name a folder of YAML files`,
    cause === undefined ? {} : { cause },
  );
}
