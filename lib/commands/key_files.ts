/**
 * A workload's folder: `key.pem` (0600), `cert-chain.pem` and `root-cert.pem`, the names that Istio's agents use.
 *
 * The three are links through `..data` into the folder of one set, as Kubernetes lays out secrets: one rename of `..data` replaces the
 * whole set, so that the files in place belong together at every instant. Sets before the last are removed. Plain files that stand
 * there already are first moved into a set of their own, unchanged. `..lock` is held by whoever writes.
 */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";

/** Contents of the folder, PEM. */
export interface KeyFiles {
  /** PKCS#8 or SEC1 private key. */
  readonly keyPem: string;
  /** The leaf and its intermediates. */
  readonly certChainPem: string;
  /** The mesh's roots. */
  readonly rootCertPem: string;
}

/** A folder that this process alone may write, until it is disposed. */
export interface KeyFolder extends Disposable {
  /** Its path, as it was given. */
  readonly directory: string;
  /** Replaces the set. @throws {SignetError} `commands.write_failed`; the set before is then still in place. */
  write(files: KeyFiles): Promise<void>;
}

const NAMES = {
  keyPem: "key.pem",
  certChainPem: "cert-chain.pem",
  rootCertPem: "root-cert.pem",
} as const satisfies Record<keyof KeyFiles, string>;
const MODES = { keyPem: 0o600, certChainPem: 0o644, rootCertPem: 0o644 } as const satisfies Record<
  keyof KeyFiles,
  number
>;
const KEYS = ["keyPem", "certChainPem", "rootCertPem"] as const;
const DATA = "..data";
const SET_NAME_REGEXP = /^\.\.[1-9][0-9]{0,8}$/;
/** Certificates and keys are a few kilobytes. */
const MAX_FILE_BYTES = 1 << 20;

/** Path of one file of the folder. */
export function keyFilePath(directory: string, key: keyof KeyFiles): string {
  return `${directory}/${NAMES[key]}`;
}

/** True when the folder has a certificate. */
export async function hasKeyFiles(directory: string): Promise<boolean> {
  return await exists(keyFilePath(directory, "certChainPem"));
}

/**
 * Makes the folder if it is missing and takes its lock.
 *
 * @throws {SignetError} `commands.write_failed` when it cannot be written, or another signet writes it.
 */
export async function openKeyFolder(directory: string): Promise<KeyFolder> {
  const lock = await explained(directory, async () => {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    return await Deno.open(`${directory}/..lock`, { create: true, write: true, mode: 0o600 });
  });
  if (!await lock.tryLock(true)) {
    lock.close();
    throw new SignetError(
      "commands.write_failed",
      `Cannot write into ${directory}: another signet keeps its certificate renewed; stop that one, or give another --out`,
    );
  }
  return {
    directory,
    write: (files) => explained(directory, () => replaceSet(directory, files)),
    [Symbol.dispose]: () => lock.close(),
  };
}

/**
 * Writes the folder once.
 *
 * @throws {SignetError} `commands.write_failed`.
 */
export async function writeKeyFiles(directory: string, files: KeyFiles): Promise<void> {
  using folder = await openKeyFolder(directory);
  await folder.write(files);
}

async function explained<T>(directory: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new SignetError(
      "commands.write_failed",
      `Cannot write key and certificate into ${directory}: ${
        messageOf(cause)
      }; give a writable folder with --out`,
      { cause },
    );
  }
}

async function replaceSet(directory: string, files: KeyFiles): Promise<void> {
  const before = await adoptPlainFiles(directory);
  const fresh = await writeSet(directory, files);
  await pointTo(directory, DATA, fresh);
  for (const key of KEYS) {
    if (!await isOurLink(directory, NAMES[key])) {
      await pointTo(directory, NAMES[key], `${DATA}/${NAMES[key]}`);
    }
  }
  await syncDirectory(directory);
  await removeSets(directory, [fresh, ...(before === undefined ? [] : [before])]);
}

/**
 * The name of the set in place. Where plain files stand, they become one first, and each file is replaced by a link to its own copy:
 * readers see no change.
 */
async function adoptPlainFiles(directory: string): Promise<string | undefined> {
  const plain: (keyof KeyFiles)[] = [];
  for (const key of KEYS) {
    const path = keyFilePath(directory, key);
    if (await exists(path) && !await isOurLink(directory, NAMES[key])) plain.push(key);
  }
  if (plain.length === 0) return await currentSet(directory);
  const kept: Partial<Record<keyof KeyFiles, string | undefined>> = {};
  for (const key of KEYS) kept[key] = await readIfThere(keyFilePath(directory, key));
  const adopted = await writeSet(directory, kept);
  await pointTo(directory, DATA, adopted);
  for (const key of plain) await pointTo(directory, NAMES[key], `${DATA}/${NAMES[key]}`);
  return adopted;
}

async function isOurLink(directory: string, name: string): Promise<boolean> {
  return await linkTarget(`${directory}/${name}`) === `${DATA}/${name}`;
}

async function currentSet(directory: string): Promise<string | undefined> {
  const target = await linkTarget(`${directory}/${DATA}`);
  return target !== undefined && SET_NAME_REGEXP.test(target) ? target : undefined;
}

async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await Deno.readLink(path);
  } catch {
    return undefined; // It is missing or no link: not ours either way.
  }
}

/** Writes a set into a folder of its own, down to the disk, and gives the folder's name. */
async function writeSet(
  directory: string,
  files: Partial<Record<keyof KeyFiles, string | undefined>>,
): Promise<string> {
  const name = `..${Math.max(0, ...await setNumbers(directory)) + 1}`;
  const folder = `${directory}/${name}`;
  await Deno.mkdir(folder, { mode: 0o755 });
  try {
    for (const key of KEYS) {
      const text = files[key];
      if (text === undefined) continue;
      const path = keyFilePath(folder, key);
      using file = await Deno.open(path, { write: true, createNew: true, mode: MODES[key] });
      await writeAll(file, new TextEncoder().encode(text));
      await file.sync();
    }
    await syncDirectory(folder);
  } catch (thrown) {
    await Deno.remove(folder, { recursive: true }).catch(() => undefined);
    throw thrown;
  }
  return name;
}

/** Makes a link in place of whatever has its name, by one rename. */
async function pointTo(directory: string, name: string, target: string): Promise<void> {
  const fresh = `${directory}/..new-${name.replaceAll(".", "")}`;
  await removeIfThere(fresh);
  await Deno.symlink(target, fresh);
  await Deno.rename(fresh, `${directory}/${name}`);
}

async function setNumbers(directory: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const entry of Deno.readDir(directory)) {
    if (entry.isDirectory && SET_NAME_REGEXP.test(entry.name)) {
      numbers.push(Number(entry.name.slice(2)));
    }
  }
  return numbers;
}

/** Removes sets that are neither in place nor the one before, which a reader may still be reading. */
async function removeSets(directory: string, kept: readonly string[]): Promise<void> {
  for (const number of await setNumbers(directory)) {
    if (!kept.includes(`..${number}`)) {
      await Deno.remove(`${directory}/..${number}`, { recursive: true });
    }
  }
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
  }
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return false;
    throw thrown;
  }
}

async function readIfThere(path: string): Promise<string | undefined> {
  return await exists(path) ? await readKeyFile(path, "remove it") : undefined;
}

async function syncDirectory(path: string): Promise<void> {
  using directory = await Deno.open(path, { read: true });
  await directory.sync();
}

/**
 * Reads one file.
 *
 * @throws {SignetError} `commands.failed` with the path and what to do.
 */
export async function readKeyFile(path: string, whatToDo: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new SignetError(
        "commands.failed",
        `Cannot use ${path}: it has ${size} bytes, should have at most ${MAX_FILE_BYTES}`,
      );
    }
    return await Deno.readTextFile(path);
  } catch (cause) {
    if (isSignetError(cause)) throw cause;
    throw new SignetError(
      "commands.failed",
      `Cannot read ${path}: ${messageOf(cause)}; ${whatToDo}`,
      { cause },
    );
  }
}

/**
 * A key that is kept in the folder until a certificate for it has come: a token is spent on one key, so that a command that is run again
 * after a lost answer must ask with the same. Made by `make` when there is none, 0600.
 *
 * @throws {SignetError} `commands.write_failed`.
 */
export async function keepJoiningKey(
  directory: string,
  name: string,
  make: () => Promise<string>,
): Promise<{ readonly keyPem: string; readonly forget: () => Promise<void> }> {
  const path = `${directory}/joining-key-${name}.pem`;
  const forget = () => Deno.remove(path);
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    try {
      return { keyPem: await Deno.readTextFile(path), forget };
    } catch (thrown) {
      if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
    }
    const keyPem = await make();
    await removeIfThere(`${path}.new`);
    using file = await Deno.open(`${path}.new`, {
      ...{ write: true, createNew: true }, // a file or a link that stood there would keep its own mode
      mode: MODES.keyPem,
    });
    await writeAll(file, new TextEncoder().encode(keyPem));
    await file.sync();
    await Deno.rename(`${path}.new`, path);
    return { keyPem, forget };
  } catch (cause) {
    throw new SignetError(
      "commands.write_failed",
      `Cannot keep a key in ${directory}: ${messageOf(cause)}; give a writable folder with --out`,
      { cause },
    );
  }
}

/** The absolute path without links of a folder; of a missing one the path as it was given, so that whoever needs it says so. */
export async function absolutePath(path: string): Promise<string> {
  try {
    return await Deno.realPath(path);
  } catch {
    return path;
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}
