/** A workload's folder: `key.pem` (0600), `cert-chain.pem` and `root-cert.pem`, the names that Istio's agents use. */
import { messageOf, SignetError } from "../base/mod.ts";

/** Contents of the folder, PEM. */
export interface KeyFiles {
  /** PKCS#8 or SEC1 private key. */
  readonly keyPem: string;
  /** The leaf and its intermediates. */
  readonly certChainPem: string;
  /** The mesh's roots. */
  readonly rootCertPem: string;
}

const NAMES = {
  keyPem: "key.pem",
  certChainPem: "cert-chain.pem",
  rootCertPem: "root-cert.pem",
} as const satisfies Record<
  keyof KeyFiles,
  string
>;
const MODES = { keyPem: 0o600, certChainPem: 0o644, rootCertPem: 0o644 } as const satisfies Record<
  keyof KeyFiles,
  number
>;
const KEYS = ["keyPem", "certChainPem", "rootCertPem"] as const;

/** Path of one file of the folder. */
export function keyFilePath(directory: string, key: keyof KeyFiles): string {
  return `${directory}/${NAMES[key]}`;
}

/**
 * Writes the folder: everything beside the old files first, then one rename for each, so that a full disk loses nothing.
 *
 * @throws {SignetError} `commands.write_failed`.
 */
export async function writeKeyFiles(directory: string, files: KeyFiles): Promise<void> {
  const suffix = `.new-${Deno.pid}`;
  const written: string[] = [];
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    for (const key of KEYS) {
      const path = keyFilePath(directory, key) + suffix;
      written.push(path);
      using file = await Deno.open(path, { write: true, createNew: true, mode: MODES[key] });
      await writeAll(file, new TextEncoder().encode(files[key]));
      await file.sync();
    }
    for (const key of KEYS) {
      await Deno.rename(keyFilePath(directory, key) + suffix, keyFilePath(directory, key));
    }
  } catch (cause) {
    for (const path of written) await Deno.remove(path).catch(() => undefined);
    throw new SignetError(
      "commands.write_failed",
      `Cannot write key and certificate into ${directory}: ${
        messageOf(cause)
      }; give a writable folder with --out`,
      { cause },
    );
  }
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await file.write(bytes.subarray(at));
}

/**
 * Reads one file.
 *
 * @throws {SignetError} `commands.failed` with the path and what to do.
 */
export async function readKeyFile(path: string, whatToDo: string): Promise<string> {
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
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
    using file = await Deno.open(`${path}.new`, {
      ...{ write: true, create: true, truncate: true },
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
