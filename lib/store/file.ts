/**
 * The state directory on disk.
 *
 * Layout: `VERSION`, `lock`, `ca/<n>/{ca-cert,ca-key,root-cert,cert-chain}.pem`, and the symbolic link `ca/current` to one `<n>`.
 * A set is written into a new folder and fsynced, then one rename of the link makes it current: a kill at any instant leaves the
 * old set or the new one. The set before is kept; older ones, and folders that a kill left half written, go at the next save.
 * Folders are 0700 and files 0600. A crash of the machine is covered by fsync of each file and of each folder that changed.
 */
import { messageOf, quote, SignetError } from "../base/mod.ts";
import { leafEnds, reportFile, takeWriteLock } from "./ca_state/file.ts";
import {
  DIRECTORY_MODE,
  FILE_MODE,
  readIfPresent,
  reasonOf,
  removeIfPresent,
  replaceFile,
  syncDirectory,
  writeSynced,
} from "./disk/file.ts";
import type { CaRotation, CaSet, CaStore, StateLock } from "./port.ts";

export { syncDirectory } from "./disk/file.ts";

/** Layout version that this program writes; a higher one on disk is refused. */
export const STATE_VERSION = 1;

const FILES = {
  caCertPem: "ca-cert.pem",
  caKeyPem: "ca-key.pem",
  rootCertPem: "root-cert.pem",
  certChainPem: "cert-chain.pem",
} as const satisfies Record<Exclude<keyof CaSet, "rotation">, string>;
/** A rotation that is under way, and the root that it announces. */
const ROTATION_FILES = {
  rotation: "rotation.json",
  nextCertPem: "next-cert.pem",
  nextKeyPem: "next-key.pem",
} as const;
/** A server that starts asks for the lock again for this long: a command may hold it for a moment to see whether a server runs. */
const LOCK_TRIES = 10;
const LOCK_RETRY_MS = 50;

const SET_NAME_REGEXP = /^[1-9][0-9]{0,8}$/;

/**
 * Makes the state directory if it is missing, checks its version and takes its exclusive lock.
 * The lock is the kernel's (`flock`), so it ends with the process, however that ends.
 *
 * @throws {SignetError} `store.locked` when another process holds it; `store.later_version`; `store.write_failed`.
 */
export async function lockStateDirectory(stateDir: string): Promise<StateLock> {
  const directory = await makeStateDirectory(stateDir);
  const file = await openLock(`${directory}/lock`);
  try {
    if (!await lockWithin(file)) {
      throw new SignetError(
        "store.locked",
        `Cannot use state directory ${directory}: another signet server holds its lock; stop that server or choose another --stateDir`,
      );
    }
    await checkStateVersion(directory);
  } catch (thrown) {
    file.close();
    throw thrown;
  }
  return { directory, [Symbol.dispose]: () => file.close() };
}

/**
 * The CA set of a state directory. Saving is for the holder of the lock; loading is for whoever may read the files.
 *
 * @param directory the state directory, absolute or relative to the working directory.
 */
export function fileCaStore(directory: string): CaStore {
  const caDirectory = `${directory}/ca`;
  return {
    location: caDirectory,
    current: `${caDirectory}/current`,
    async load() {
      await checkStateVersion(directory, { mayBeMissing: true });
      const name = await readCurrent(caDirectory);
      return name === undefined ? undefined : await readSet(`${caDirectory}/${name}`);
    },
    revision: () => readCurrent(caDirectory),
    save: (set) => saveOrFail(caDirectory, set),
    async update(change) {
      using _lock = await takeWriteLock(directory);
      const name = await readCurrent(caDirectory);
      if (name === undefined) {
        throw new SignetError(
          "store.incomplete",
          `Cannot change CA: there is none in ${caDirectory}`,
        );
      }
      const changed = await change(await readSet(`${caDirectory}/${name}`));
      if (changed === undefined) return name;
      await saveOrFail(caDirectory, changed);
      return await readCurrent(caDirectory) ?? name;
    },
    leafEnds: leafEnds(caDirectory),
    report: reportFile(directory),
  };
}

async function saveOrFail(caDirectory: string, set: CaSet): Promise<void> {
  try {
    await saveSet(caDirectory, set);
  } catch (thrown) {
    throw new SignetError(
      "store.write_failed",
      `Cannot save CA in ${caDirectory}: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}

async function lockWithin(file: Deno.FsFile): Promise<boolean> {
  for (let tries = 1;; tries++) {
    if (await file.tryLock(true)) return true;
    if (tries === LOCK_TRIES) return false;
    await new Promise((resolve) => setTimeout(resolve, LOCK_RETRY_MS));
  }
}

/** Makes a directory with its parents and returns its absolute path without symbolic links. */
async function makeStateDirectory(stateDir: string): Promise<string> {
  try {
    await Deno.mkdir(stateDir, { recursive: true, mode: DIRECTORY_MODE });
    return await Deno.realPath(stateDir);
  } catch (thrown) {
    throw new SignetError(
      "store.write_failed",
      `Cannot make state directory ${quote(stateDir)}: ${
        messageOf(thrown)
      }; give a writable one with --stateDir`,
      { cause: thrown },
    );
  }
}

async function openLock(path: string): Promise<Deno.FsFile> {
  try {
    return await Deno.open(path, { create: true, write: true, mode: FILE_MODE });
  } catch (thrown) {
    throw new SignetError(
      "store.write_failed",
      `Cannot open lock file ${path}: ${
        messageOf(thrown)
      }; give a writable state directory with --stateDir`,
      { cause: thrown },
    );
  }
}

/** Refuses a layout of a later version; writes `VERSION` when it is missing and may not be. */
export async function checkStateVersion(
  directory: string,
  options: { readonly mayBeMissing?: boolean } = {},
): Promise<void> {
  const path = `${directory}/VERSION`;
  const text = await readIfPresent(path);
  if (text === undefined) {
    if (!options.mayBeMissing) await replaceFile(directory, "VERSION", `${STATE_VERSION}\n`);
    return;
  }
  const version = /^[0-9]{1,9}\n?$/.test(text) ? Number.parseInt(text, 10) : Number.NaN;
  if (!(version >= 1)) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${path}: it holds ${quote(text)}, should be a layout version`,
    );
  }
  if (version > STATE_VERSION) {
    throw new SignetError(
      "store.later_version",
      `Cannot use state directory ${directory}: its layout version is ${version}, this signet knows ${STATE_VERSION}; run the newer signet that wrote it`,
    );
  }
}

async function saveSet(caDirectory: string, set: CaSet): Promise<void> {
  await Deno.mkdir(caDirectory, { recursive: true, mode: DIRECTORY_MODE });
  const before = await readCurrent(caDirectory);
  const numbers = await setNumbers(caDirectory);
  const next = Math.max(0, ...numbers) + 1;
  const folder = `${caDirectory}/${next}`;
  await Deno.mkdir(folder, { mode: DIRECTORY_MODE });
  for (const [key, name] of Object.entries(FILES)) {
    await writeSynced(`${folder}/${name}`, set[key as keyof typeof FILES]);
  }
  if (set.rotation !== undefined) await writeRotation(folder, set.rotation);
  await syncDirectory(folder);
  const link = `${caDirectory}/current.new`;
  await removeIfPresent(link);
  await Deno.symlink(String(next), link);
  await Deno.rename(link, `${caDirectory}/current`);
  await syncDirectory(caDirectory);
  // The folder of the state directory itself: `ca` may be new in it.
  await syncDirectory(`${caDirectory}/..`);
  for (const number of numbers) {
    if (String(number) !== before) {
      await Deno.remove(`${caDirectory}/${number}`, { recursive: true });
    }
  }
}

/** The name of the current set's folder. */
async function readCurrent(caDirectory: string): Promise<string | undefined> {
  let target: string;
  try {
    target = await Deno.readLink(`${caDirectory}/current`);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw new SignetError(
      "store.unreadable",
      `Cannot read ${caDirectory}/current: ${reasonOf(thrown)}`,
      { cause: thrown },
    );
  }
  if (!SET_NAME_REGEXP.test(target)) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${caDirectory}/current: it points to ${
        quote(target)
      }, should be a numbered folder beside it`,
    );
  }
  return target;
}

async function readSet(folder: string): Promise<CaSet> {
  const read = async (name: string) => {
    const text = await readIfPresent(`${folder}/${name}`);
    if (text === undefined) {
      throw new SignetError(
        "store.incomplete",
        `Cannot load CA from ${folder}: ${name} is missing; restore it from a backup, or point ../current to the set before`,
      );
    }
    return text;
  };
  return {
    caCertPem: await read(FILES.caCertPem),
    caKeyPem: await read(FILES.caKeyPem),
    rootCertPem: await read(FILES.rootCertPem),
    certChainPem: await read(FILES.certChainPem),
    ...await readRotation(folder),
  };
}

async function writeRotation(folder: string, rotation: CaRotation): Promise<void> {
  const { next, ...step } = rotation;
  await writeSynced(`${folder}/${ROTATION_FILES.rotation}`, `${JSON.stringify(step)}\n`);
  if (next === undefined) return;
  await writeSynced(`${folder}/${ROTATION_FILES.nextCertPem}`, next.certPem);
  await writeSynced(`${folder}/${ROTATION_FILES.nextKeyPem}`, next.keyPem);
}

async function readRotation(folder: string): Promise<Pick<CaSet, "rotation">> {
  const path = `${folder}/${ROTATION_FILES.rotation}`;
  const text = await readIfPresent(path);
  if (text === undefined) return {};
  const step = parseRotation(text, path);
  if (step.phase === "switched") return { rotation: step };
  const certPem = await readIfPresent(`${folder}/${ROTATION_FILES.nextCertPem}`);
  const keyPem = await readIfPresent(`${folder}/${ROTATION_FILES.nextKeyPem}`);
  if (certPem === undefined || keyPem === undefined) {
    throw new SignetError(
      "store.incomplete",
      `Cannot load CA from ${folder}: the root that its rotation announces is missing; restore it from a backup`,
    );
  }
  return { rotation: { ...step, next: { certPem, keyPem } } };
}

function parseRotation(text: string, path: string): CaRotation {
  try {
    const { phase, startedMs, dueMs } = JSON.parse(text) as Record<string, unknown>;
    const isPhase = phase === "announced" || phase === "switched";
    if (isPhase && Number.isSafeInteger(startedMs) && Number.isSafeInteger(dueMs)) {
      return { phase, startedMs: startedMs as number, dueMs: dueMs as number };
    }
  } catch (thrown) {
    if (!(thrown instanceof SyntaxError)) throw thrown;
  }
  throw new SignetError("store.corrupt", `Cannot use ${path}: it is no step of a rotation`);
}

async function setNumbers(caDirectory: string): Promise<number[]> {
  const numbers: number[] = [];
  for await (const entry of Deno.readDir(caDirectory)) {
    if (entry.isDirectory && SET_NAME_REGEXP.test(entry.name)) numbers.push(Number(entry.name));
  }
  return numbers;
}
