/** A file of certificates, CSRs, revocation lists or keys, PEM or DER, as a list of what stands in it. Bounded, whatever the file is. */
import { messageOf, SignetError } from "../../base/mod.ts";
import { decodePem, MAX_PEM_CHARS } from "../../x509/mod.ts";

/** Largest file that is read, in bytes: what is searched for PEM blocks. */
export const MAX_INSPECTED_BYTES = MAX_PEM_CHARS;
/** Most blocks of one file that are told of. */
export const MAX_INSPECTED_BLOCKS = 200;

/** One block of a file. */
export interface FileBlock {
  /** Label of its PEM armor; `undefined` for DER. */
  readonly label: string | undefined;
  /** What it holds. */
  readonly der: Uint8Array;
}

/** The file, read. */
export interface InspectedFile {
  /** Its path, or `standard input`. */
  readonly name: string;
  /** Its blocks, in order; at least one. */
  readonly blocks: readonly FileBlock[];
  /** Permission bits; `undefined` for standard input. */
  readonly mode: number | undefined;
}

/**
 * The blocks of PEM; all the bytes as one block when there is no armor.
 *
 * @throws {SignetError} `commands.failed`, naming the file.
 */
export function splitBlocks(bytes: Uint8Array, name: string): readonly FileBlock[] {
  if (bytes.length === 0) throw unusable(name, "it is empty");
  const text = new TextDecoder("latin1").decode(bytes);
  if (!text.includes("-----BEGIN ")) return [{ label: undefined, der: bytes }];
  if (/^Proc-Type: *4, *ENCRYPTED/m.test(text)) {
    throw unusable(name, "it holds an encrypted key; decrypt it first: openssl pkey -in FILE");
  }
  let blocks: readonly FileBlock[];
  try {
    blocks = decodePem(text);
  } catch (cause) {
    throw unusable(name, messageOf(cause), cause);
  }
  if (blocks.length === 0) {
    throw unusable(name, "no line begins with -----BEGIN; armor stands at the start of a line");
  }
  if (blocks.length > MAX_INSPECTED_BLOCKS) {
    throw unusable(
      name,
      `it has ${blocks.length} PEM blocks, at most ${MAX_INSPECTED_BLOCKS} are told of; split it`,
    );
  }
  return blocks;
}

/** The error for a file that cannot be used. */
export function unusable(name: string, what: string, cause?: unknown): SignetError {
  return new SignetError("commands.failed", `Cannot use ${name}: ${what}`, { cause });
}
