/**
 * The schema of the state database, one step for each version. A step that was released is never edited: a change is a further step.
 *
 * Version 1: join tokens, the keys that used them, and what a server says of itself to commands.
 * Version 2: uses are counted for tokens of several uses alone; of the others the row of the use says it, so that a use writes one row.
 */

/** SQLite's `application_id` of a state database: "sgnt". */
export const APPLICATION_ID = 0x73676e74;

/** SQL that leads from the version before to the next; the first makes version 1 out of an empty file. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE join_token (
     id TEXT PRIMARY KEY,
     secret_sha256 BLOB NOT NULL CHECK (length(secret_sha256) = 32),
     identity TEXT NOT NULL,
     created_ms INTEGER NOT NULL,
     expires_ms INTEGER NOT NULL,
     max_uses INTEGER NOT NULL CHECK (max_uses > 0),
     used INTEGER NOT NULL DEFAULT 0 CHECK (used BETWEEN 0 AND max_uses),
     revoked_ms INTEGER
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE join_token_use (
     token_id TEXT NOT NULL REFERENCES join_token (id) ON DELETE CASCADE,
     key_sha256 BLOB NOT NULL CHECK (length(key_sha256) = 32),
     bound_ms INTEGER NOT NULL,
     PRIMARY KEY (token_id, key_sha256)
   ) STRICT, WITHOUT ROWID;
   CREATE TABLE server_fact (
     name TEXT PRIMARY KEY,
     value TEXT NOT NULL
   ) STRICT, WITHOUT ROWID;`,
  `UPDATE join_token SET used = 0 WHERE max_uses = 1;
   ALTER TABLE join_token RENAME COLUMN used TO counted_uses;`,
];

/** The schema version that this program reads and writes. */
export const SCHEMA_VERSION: number = MIGRATIONS.length;
