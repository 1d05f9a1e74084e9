/** Reading a file of certificates or keys, bounded, whatever the file is. */
import { concatBytes, messageOf, SignetError } from "../../base/mod.ts";
import { type InspectedFile, MAX_INSPECTED_BYTES, splitBlocks, unusable } from "./blocks.ts";

const CHUNK_BYTES = 1 << 16;

/**
 * Reads a file, or standard input for `-`.
 *
 * @throws {SignetError} `commands.failed` when it cannot be read, is too large, is empty, or its armor is broken.
 */
export async function readBlocks(path: string): Promise<InspectedFile> {
  const name = path === "-" ? "standard input" : path;
  const { bytes, mode } = await readBounded(path, name);
  return { name, mode, blocks: splitBlocks(bytes, name) };
}

/**
 * All bytes of a file, or of standard input for `-`.
 *
 * @throws {SignetError} `commands.failed` when it cannot be read or is too large.
 */
export async function readBytes(path: string): Promise<Uint8Array> {
  return (await readBounded(path, path === "-" ? "standard input" : path)).bytes;
}

/** Reads to the end or to the limit: devices and pipes have no size that could be asked for first. */
async function readBounded(
  path: string,
  name: string,
): Promise<{ readonly bytes: Uint8Array; readonly mode: number | undefined }> {
  try {
    if (path === "-") return { bytes: await readAll(Deno.stdin, name), mode: undefined };
    using file = await Deno.open(path, { read: true });
    const { mode, isDirectory } = await file.stat();
    if (isDirectory) throw unusable(name, "it is a folder; name a file in it");
    return { bytes: await readAll(file, name), mode: mode ?? undefined };
  } catch (cause) {
    if (cause instanceof SignetError) throw cause;
    throw new SignetError(
      "commands.failed",
      `Cannot read ${name}: ${
        messageOf(cause)
      }; give a readable PEM or DER file, or - for standard input`,
      { cause },
    );
  }
}

async function readAll(
  source: { read(target: Uint8Array): Promise<number | null> },
  name: string,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  const buffer = new Uint8Array(CHUNK_BYTES);
  let length = 0;
  for (;;) {
    const count = await source.read(buffer);
    if (count === null) return concatBytes(chunks);
    chunks.push(buffer.slice(0, count));
    length += count;
    if (length > MAX_INSPECTED_BYTES) {
      throw unusable(name, `it has more than ${MAX_INSPECTED_BYTES} bytes`);
    }
  }
}
