/** From what SQLite throws to a {@linkcode SignetError} that says what to do. */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";

/** Primary result codes of SQLite (https://sqlite.org/rescode.html). */
const CORRUPT = [11, 26];
const BUSY = [5, 6];

/** Describes a failure of the database at `path`. */
export function storeFailure(path: string, thrown: unknown): SignetError {
  if (isSignetError(thrown)) return thrown;
  const code = primaryCode(thrown);
  const cause = { cause: thrown };
  if (CORRUPT.includes(code)) {
    return new SignetError(
      "store.corrupt",
      `Cannot use ${path}: ${
        messageOf(thrown)
      }; restore it from a backup, or move it away and start the server, which forgets all join tokens`,
      cause,
    );
  }
  if (BUSY.includes(code)) {
    return new SignetError(
      "store.write_failed",
      `Cannot change ${path}: another process holds it (${messageOf(thrown)}); try again`,
      cause,
    );
  }
  return new SignetError("store.write_failed", `Cannot use ${path}: ${messageOf(thrown)}`, cause);
}

/** The primary code is the low octet of the extended one. */
function primaryCode(thrown: unknown): number {
  const errcode = thrown instanceof Error && "errcode" in thrown ? thrown.errcode : undefined;
  return typeof errcode === "number" ? errcode & 0xff : 0;
}
