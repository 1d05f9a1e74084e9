/** Files of the serving certificate: the operator's, which are read, and those of istiod 1.6 and 1.7, which are written. */
import { messageOf, SignetError } from "../base/mod.ts";

/** Certificates and keys are a few kilobytes. */
const MAX_FILE_BYTES = 1 << 20;

/**
 * Reads a PEM file that a flag names.
 *
 * @throws {SignetError} `server_cert.bad_files`.
 */
export async function readPemFile(path: string, flag: string): Promise<string> {
  try {
    const { size } = await Deno.stat(path);
    if (size > MAX_FILE_BYTES) {
      throw new SignetError(
        "server_cert.bad_files",
        `Cannot read ${path} (--${flag}): it has ${size} bytes, should have at most ${MAX_FILE_BYTES}`,
      );
    }
    return await Deno.readTextFile(path);
  } catch (thrown) {
    if (thrown instanceof SignetError) throw thrown;
    throw new SignetError(
      "server_cert.bad_files",
      `Cannot read ${path} (--${flag}): ${messageOf(thrown)}; give a readable PEM file`,
      { cause: thrown },
    );
  }
}

/** A text that changes whenever one of the files does: size, times and identity, following links (Kubernetes swaps those). */
export async function fingerprintFiles(paths: readonly string[]): Promise<string> {
  const parts: string[] = [];
  for (const path of paths) {
    try {
      const { size, mtime, ino, dev } = await Deno.stat(path);
      parts.push(`${dev}:${ino}:${size}:${mtime?.getTime()}`);
    } catch (thrown) {
      parts.push(`missing: ${messageOf(thrown)}`);
    }
  }
  return parts.join("|");
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
  await Deno.writeTextFile(fresh, text, { mode: 0o600 });
  await Deno.chmod(fresh, 0o600);
  await Deno.rename(fresh, path);
}
