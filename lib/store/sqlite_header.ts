/**
 * What the first page of the state database says, read as a file: opening it with SQLite would make the files beside it.
 *
 * In WAL mode a newer first page may lie in the log still, so that an older version here says nothing, a later one does.
 */
import { messageOf, SignetError } from "../base/mod.ts";
import { APPLICATION_ID, SCHEMA_VERSION } from "./schema.ts";
import { DATABASE_FILE } from "./sqlite_file.ts";

/** The header of a database file (sqlite.org/fileformat2.html, section 1.3). */
const HEADER_BYTES = 100;
const MAGIC = "SQLite format 3\0";
const USER_VERSION_AT = 60;
const APPLICATION_ID_AT = 68;

/**
 * Checks that a state directory's database, when there is one, is of this program and not of a later version.
 *
 * @throws {SignetError} `store.later_version`, `store.corrupt`.
 */
export async function checkDatabaseFile(directory: string): Promise<void> {
  const path = `${directory}/${DATABASE_FILE}`;
  const header = await readHeader(path);
  if (header === undefined) return;
  const view = new DataView(header.buffer);
  const isDatabase = header.length === HEADER_BYTES &&
    new TextDecoder().decode(header.subarray(0, MAGIC.length)) === MAGIC;
  const version = isDatabase ? view.getUint32(USER_VERSION_AT) : 0;
  if (!isDatabase || (version > 0 && view.getUint32(APPLICATION_ID_AT) !== APPLICATION_ID)) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${path}: it is no database of signet; move it away`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new SignetError(
      "store.later_version",
      `Cannot use ${path}: its schema version is ${version}, this signet knows ${SCHEMA_VERSION}; run the newer signet that wrote it`,
    );
  }
}

/** The first octets of the file; `undefined` when it is missing or empty, which SQLite takes for an empty database. */
async function readHeader(path: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
  try {
    using file = await Deno.open(path);
    const header = new Uint8Array(HEADER_BYTES);
    const read = await file.read(header);
    return read === null ? undefined : header.slice(0, read);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.NotFound) return undefined;
    throw new SignetError("store.corrupt", `Cannot read ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}
