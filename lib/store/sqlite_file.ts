/**
 * The state database on disk: `state.db` in the state directory, SQLite in WAL mode, every commit synced.
 *
 * The server, which holds the directory's lock, makes the file and brings its schema up to date; commands open what is there, beside a
 * running server or without one. Only this file knows `node:sqlite`.
 */
import { DatabaseSync } from "node:sqlite";
import { messageOf, SignetError } from "../base/mod.ts";
import { checkStateVersion, syncDirectory } from "./file.ts";
import type { StateDatabase } from "./port.ts";
import { APPLICATION_ID, MIGRATIONS, SCHEMA_VERSION } from "./schema.ts";
import { sqliteTokens } from "./sqlite_tokens.ts";
import { storeFailure } from "./sqlite_errors.ts";

/** Name of the database in the state directory. SQLite puts `-wal` and `-shm` beside it. */
export const DATABASE_FILE = "state.db";
const FILE_MODE = 0o600;
/** The server answers others while it waits for nobody: a command's transaction takes a few milliseconds. */
const SERVER_BUSY_MS = 1_000;
const COMMAND_BUSY_MS = 10_000;

/**
 * Opens the database for the server, which holds the directory's lock: it is made when missing, and migrated.
 *
 * @throws {SignetError} `store.later_version`, `store.corrupt`, `store.write_failed`.
 */
export async function openServerDatabase(directory: string): Promise<StateDatabase> {
  const path = `${directory}/${DATABASE_FILE}`;
  await makeFile(directory, path);
  return guarded(path, () => open(path, { busyMs: SERVER_BUSY_MS, migrates: true }));
}

/**
 * Opens the database for a command: nothing is made or migrated.
 *
 * @throws {SignetError} `store.incomplete` when a server of this version has not run there yet; `store.later_version`, `store.corrupt`.
 */
export async function openCommandDatabase(directory: string): Promise<StateDatabase> {
  await checkStateVersion(directory, { mayBeMissing: true });
  const path = `${directory}/${DATABASE_FILE}`;
  try {
    await Deno.stat(path);
  } catch (thrown) {
    if (!(thrown instanceof Deno.errors.NotFound)) throw unreadable(path, thrown);
    throw new SignetError(
      "store.incomplete",
      `Cannot open ${path}: there is none; start the server once, or name its --stateDir`,
      { cause: thrown },
    );
  }
  return guarded(path, () => open(path, { busyMs: COMMAND_BUSY_MS, migrates: false }));
}

/** An empty file of the right mode, which SQLite takes for an empty database and whose mode its other files inherit. */
async function makeFile(directory: string, path: string): Promise<void> {
  try {
    using file = await Deno.open(path, { createNew: true, write: true, mode: FILE_MODE });
    await file.sync();
    await syncDirectory(directory);
  } catch (thrown) {
    if (thrown instanceof Deno.errors.AlreadyExists) return;
    throw new SignetError("store.write_failed", `Cannot make ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
}

function open(
  path: string,
  { busyMs, migrates }: { readonly busyMs: number; readonly migrates: boolean },
): StateDatabase {
  const database = new DatabaseSync(path, { enableForeignKeyConstraints: true });
  try {
    run(database, `PRAGMA busy_timeout = ${busyMs}`);
    setUp(database, path, migrates);
    return stateDatabase(database, path);
  } catch (thrown) {
    database.close();
    throw thrown;
  }
}

function setUp(database: DatabaseSync, path: string, migrates: boolean): void {
  if (migrates) migrate(database, path);
  else {
    const version = readPragma(database, "user_version");
    checkVersion(version, path, "exact");
    checkApplication(database, path, version);
  }
  const mode = database.prepare("PRAGMA journal_mode = WAL").get()?.["journal_mode"];
  if (mode !== "wal") {
    throw new SignetError(
      "store.write_failed",
      `Cannot use ${path}: its file system gives journal mode ${mode}, should give wal; put the state directory on a local disk`,
    );
  }
  run(database, "PRAGMA synchronous = FULL");
}

/** Brings the schema up to date in one transaction: a kill leaves the version before or the newest. */
function migrate(database: DatabaseSync, path: string): void {
  run(database, "BEGIN IMMEDIATE");
  try {
    const version = readPragma(database, "user_version");
    checkVersion(version, path, "at most");
    checkApplication(database, path, version);
    if (version < SCHEMA_VERSION) {
      for (const step of MIGRATIONS.slice(version)) database.exec(step);
      database.exec(`PRAGMA application_id = ${APPLICATION_ID}`);
      database.exec(`PRAGMA user_version = ${SCHEMA_VERSION}`);
    }
    run(database, "COMMIT");
  } catch (thrown) {
    if (database.isTransaction) run(database, "ROLLBACK");
    throw thrown;
  }
}

function checkVersion(version: number, path: string, rule: "exact" | "at most"): void {
  if (version > SCHEMA_VERSION) {
    throw new SignetError(
      "store.later_version",
      `Cannot use ${path}: its schema version is ${version}, this signet knows ${SCHEMA_VERSION}; run the newer signet that wrote it`,
    );
  }
  if (rule === "exact" && version < SCHEMA_VERSION) {
    throw new SignetError(
      "store.incomplete",
      `Cannot use ${path}: its schema version is ${version}, should be ${SCHEMA_VERSION}; start the server of this version once`,
    );
  }
}

/** A file of version 0 is ours to fill only when it is empty. */
function checkApplication(database: DatabaseSync, path: string, version: number): void {
  const tables = database.prepare("SELECT count(*) AS n FROM sqlite_schema").get()?.["n"];
  const isOurs = version === 0
    ? tables === 0
    : readPragma(database, "application_id") === APPLICATION_ID;
  if (isOurs) return;
  throw new SignetError(
    "store.corrupt",
    `Cannot use ${path}: it is a database of another program; move it away`,
  );
}

/** One statement. What `exec` throws lacks SQLite's code. */
function run(database: DatabaseSync, sql: string): void {
  database.prepare(sql).get();
}

function readPragma(database: DatabaseSync, name: "user_version" | "application_id"): number {
  return Number(database.prepare(`PRAGMA ${name}`).get()?.[name]);
}

function stateDatabase(database: DatabaseSync, path: string): StateDatabase {
  const readFact = database.prepare("SELECT value FROM server_fact WHERE name = ?");
  const writeFact = database.prepare(
    "INSERT INTO server_fact (name, value) VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value",
  );
  const tokens = sqliteTokens(database, path);
  return {
    location: path,
    tokens,
    trustDomain() {
      const value = guarded(path, () => readFact.get("trust_domain")?.["value"]);
      return value === undefined ? undefined : String(value);
    },
    recordTrustDomain: (text) => guarded(path, () => void writeFact.run("trust_domain", text)),
    [Symbol.dispose]() {
      tokens[Symbol.dispose]();
      database.close();
    },
  };
}

function guarded<T>(path: string, work: () => T): T {
  try {
    return work();
  } catch (thrown) {
    throw storeFailure(path, thrown);
  }
}

function unreadable(path: string, thrown: unknown): SignetError {
  return new SignetError("store.unreadable", `Cannot read ${path}: ${messageOf(thrown)}`, {
    cause: thrown,
  });
}
