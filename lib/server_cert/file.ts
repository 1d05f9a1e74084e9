/** Files of the serving certificate: the operator's, which are read, and those of istiod 1.6 and 1.7, which are written. */
import { messageOf, SignetError, utf8 } from "../base/mod.ts";
import { sha256 } from "../crypto/mod.ts";

/** Certificates and keys are a few kilobytes. */
const MAX_FILE_BYTES = 1 << 20;

/** A file, and how an operator knows it. */
export interface NamedFile {
  /** Its path. */
  readonly path: string;
  /** The flag that names it, or what else it is. */
  readonly label: string;
}

/**
 * Reads a PEM file.
 *
 * @throws {SignetError} `server_cert.bad_files`.
 */
export async function readPemFile({ path, label }: NamedFile): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new SignetError(
        "server_cert.bad_files",
        `Cannot read ${path} (${label}): it has ${size} bytes, should have at most ${MAX_FILE_BYTES}`,
      );
    }
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    throw new SignetError(
      "server_cert.bad_files",
      `Cannot read ${path} (${label}): ${messageOf(thrown)}; give a readable PEM file`,
      { cause: thrown },
    );
  }
}

/** True when each of the paths leads to a file, and none to a folder. */
export async function areFiles(paths: readonly string[]): Promise<boolean> {
  for (const path of paths) {
    try {
      if (!(await Deno.stat(path)).isFile) return false;
    } catch (thrown) {
      if (thrown instanceof Deno.errors.NotFound) return false;
      throw new SignetError(
        "server_cert.bad_files",
        `Cannot look at ${path}: ${messageOf(thrown)}; make it readable or take it away`,
        { cause: thrown },
      );
    }
  }
  return true;
}

/** A digest of the files' contents, following links (Kubernetes swaps those). A file that cannot be read counts by its reason. */
export async function fingerprintFiles(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) {
    try {
      parts.push(await readPemFile({ path, label: "" }));
    } catch (thrown) {
      parts.push(messageOf(thrown));
    }
  }
  return sha256(utf8(JSON.stringify(parts))).toHex();
}

/**
 * Writes `key.pem` and `cert-chain.pem` (0600) into a folder (0700), each by one rename, the key first.
 *
 * @throws {SignetError} `server_cert.bad_files`.
 */
export async function writeServingFiles(
  directory: string,
  files: { readonly keyPem: string; readonly certChainPem: string },
): Promise<void> {
  try {
    await Deno.mkdir(directory, { recursive: true, mode: 0o700 });
    await replaceFile(`${directory}/key.pem`, files.keyPem);
    await replaceFile(`${directory}/cert-chain.pem`, files.certChainPem);
  } catch (thrown) {
    throw new SignetError(
      "server_cert.bad_files",
      `Cannot write the serving certificate into ${directory}: ${
        messageOf(thrown)
      }; make it writable, or set --writeServerCertFiles=false`,
      { cause: thrown },
    );
  }
}

async function replaceFile(path: string, text: string): Promise<void> {
  const fresh = `${path}.new`;
  // What a kill left there, or anybody put there, is not written through: a link, or a file that others may read.
  await Deno.remove(fresh).catch(ignoreMissing);
  await Deno.writeTextFile(fresh, text, { mode: 0o600, createNew: true });
  await Deno.rename(fresh, path);
}

function ignoreMissing(thrown: unknown): void {
  if (!(thrown instanceof Deno.errors.NotFound)) throw thrown;
}
