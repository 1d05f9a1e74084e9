/**
 * Join tokens in the state database, with prepared statements.
 *
 * A commit costs a sync of the disk, so uses that come close together share one: as long as each turn of the event loop brings more of them,
 * the commit waits. They are judged one after the other under SQLite's write lock, and each caller hears of its use when the disk has it. A
 * use that is alone waits for one turn. No other change shares a transaction.
 */
import { setImmediate } from "node:timers";
import type { DatabaseSync, StatementSync } from "node:sqlite";
import { type Bytes, SignetError } from "../base/mod.ts";
import { judgeTokenUse, KEEP_ENDED_MS } from "./join_token.ts";
import type { JoinToken, JoinTokenStore, TokenBinding, TokenUse } from "./port.ts";
import { storeFailure } from "./sqlite_errors.ts";

/** Uses that share one commit at most: the server's loop stands still while they are written. */
const MAX_USES_A_COMMIT = 256;
/** Turns of the event loop that a commit waits at most; what arrives meanwhile shares it. */
const MAX_TURNS = 16;

interface Statements {
  readonly begin: StatementSync;
  readonly commit: StatementSync;
  readonly rollback: StatementSync;
  readonly insert: StatementSync;
  readonly forget: StatementSync;
  readonly find: StatementSync;
  readonly list: StatementSync;
  readonly revoke: StatementSync;
  readonly binding: StatementSync;
  readonly bindOnly: StatementSync;
  readonly bindNext: StatementSync;
  readonly count: StatementSync;
}

interface Waiting {
  readonly id: string;
  readonly keySha256: Bytes;
  readonly nowMs: number;
  readonly resolve: (use: TokenUse) => void;
  readonly reject: (thrown: unknown) => void;
}

/** The tokens of an open database; disposing settles uses that still wait, and comes before the database is closed. */
export function sqliteTokens(database: DatabaseSync, path: string): JoinTokenStore & Disposable {
  return new SqliteTokens(database, path);
}

function prepare(database: DatabaseSync): Statements {
  const columns =
    `id, secret_sha256, identity, created_ms, expires_ms, max_uses, revoked_ms, CASE max_uses
    WHEN 1 THEN EXISTS (SELECT 1 FROM join_token_use WHERE token_id = id) ELSE counted_uses END AS used`;
  return {
    begin: database.prepare("BEGIN IMMEDIATE"),
    commit: database.prepare("COMMIT"),
    rollback: database.prepare("ROLLBACK"),
    insert: database.prepare(
      "INSERT INTO join_token (id, secret_sha256, identity, created_ms, expires_ms, max_uses) VALUES (?, ?, ?, ?, ?, ?)",
    ),
    forget: database.prepare(
      "DELETE FROM join_token WHERE min(expires_ms, ifnull(revoked_ms, expires_ms)) < ?",
    ),
    find: database.prepare(`SELECT ${columns} FROM join_token WHERE id = ?`),
    list: database.prepare(`SELECT ${columns} FROM join_token ORDER BY created_ms DESC, id`),
    revoke: database.prepare(
      "UPDATE join_token SET revoked_ms = ifnull(revoked_ms, ?) WHERE id = ?",
    ),
    binding: database.prepare(
      "SELECT bound_ms FROM join_token_use WHERE token_id = ? AND key_sha256 = ?",
    ),
    // What judgeTokenUse() calls free, in one statement each; whatever else it is, nothing is inserted.
    bindOnly: database.prepare(
      bindWhere("max_uses = 1 AND NOT EXISTS (SELECT 1 FROM join_token_use WHERE token_id = id)"),
    ),
    bindNext: database.prepare(bindWhere("max_uses > 1 AND counted_uses < max_uses")),
    count: database.prepare("UPDATE join_token SET counted_uses = counted_uses + 1 WHERE id = ?"),
  };
}

function bindWhere(isFree: string): string {
  return `INSERT INTO join_token_use (token_id, key_sha256, bound_ms) SELECT id, ?, ? FROM join_token
    WHERE id = ? AND revoked_ms IS NULL AND expires_ms > ? AND ${isFree} ON CONFLICT DO NOTHING`;
}

class SqliteTokens implements JoinTokenStore, Disposable {
  readonly #database: DatabaseSync;
  readonly #path: string;
  readonly #statements: Statements;
  #waiting: Waiting[] = [];

  constructor(database: DatabaseSync, path: string) {
    this.#database = database;
    this.#path = path;
    this.#statements = prepare(database);
  }

  add(token: Omit<JoinToken, "used" | "revokedMs">): void {
    const { id, secretSha256, identity, createdMs, expiresMs, maxUses } = token;
    this.#transaction(() => {
      this.#statements.forget.run(createdMs - KEEP_ENDED_MS);
      this.#statements.insert.run(id, secretSha256, identity, createdMs, expiresMs, maxUses);
    });
  }

  find(id: string): JoinToken | undefined {
    return this.#guarded(() => toToken(this.#statements.find.get(id)));
  }

  list(): readonly JoinToken[] {
    return this.#guarded(() => this.#statements.list.all().map((row) => toToken(row)!));
  }

  revoke(id: string, nowMs: number): boolean {
    return this.#guarded(() => Number(this.#statements.revoke.run(nowMs, id).changes) > 0);
  }

  use(
    id: string,
    { keySha256, nowMs }: { readonly keySha256: Bytes; readonly nowMs: number },
  ): Promise<TokenUse> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.length === 0) this.#commitWhenAllAreHere(1, MAX_TURNS);
      this.#waiting.push({ id, keySha256, nowMs, resolve, reject });
      if (this.#waiting.length >= MAX_USES_A_COMMIT) this.#commitWaiting();
    });
  }

  [Symbol.dispose](): void {
    this.#commitWaiting();
  }

  /** Commits in the first turn that brings no more than the `known` uses. */
  #commitWhenAllAreHere(known: number, turns: number): void {
    setImmediate(() => {
      const waiting = this.#waiting.length;
      if (waiting > known && turns > 1) this.#commitWhenAllAreHere(waiting, turns - 1);
      else this.#commitWaiting();
    });
  }

  /** One transaction for all uses that wait; when it fails none of them happened. */
  #commitWaiting(): void {
    const uses = this.#waiting;
    if (uses.length === 0) return;
    this.#waiting = [];
    try {
      const results = this.#transaction(() => uses.map((use) => this.#useNow(use)));
      for (const [at, { resolve }] of uses.entries()) resolve(results[at]!);
    } catch (thrown) {
      for (const { reject } of uses) reject(thrown);
    }
  }

  /** Judges and writes one use, under the write lock. */
  #useNow({ id, keySha256, nowMs }: Waiting): TokenUse {
    const { find, binding, bindOnly, bindNext, count } = this.#statements;
    if (bindOnly.run(keySha256, nowMs, id, nowMs).changes) return { ok: true, repeated: false };
    if (bindNext.run(keySha256, nowMs, id, nowMs).changes) {
      count.run(id);
      return { ok: true, repeated: false };
    }
    const before = toBinding(binding.get(id, keySha256));
    const judgement = judgeTokenUse(toToken(find.get(id)), before, nowMs);
    if (judgement === "repeat") return { ok: true, repeated: true };
    if (judgement !== "free") return { ok: false, refusal: judgement };
    throw new SignetError(
      "store.corrupt",
      `Cannot use join token ${id}: its rows contradict each other`,
    );
  }

  #transaction<T>(work: () => T): T {
    const { begin, commit, rollback } = this.#statements;
    return this.#guarded(() => {
      begin.run();
      try {
        const result = work();
        commit.run();
        return result;
      } catch (thrown) {
        if (this.#database.isTransaction) rollback.run();
        throw thrown;
      }
    });
  }

  #guarded<T>(work: () => T): T {
    try {
      return work();
    } catch (thrown) {
      throw storeFailure(this.#path, thrown);
    }
  }
}

type Row = Readonly<Record<string, unknown>> | undefined;

function toToken(row: Row): JoinToken | undefined {
  if (row === undefined) return undefined;
  const revoked = row["revoked_ms"];
  return {
    id: String(row["id"]),
    secretSha256: row["secret_sha256"] as Bytes,
    identity: String(row["identity"]),
    createdMs: Number(row["created_ms"]),
    expiresMs: Number(row["expires_ms"]),
    maxUses: Number(row["max_uses"]),
    used: Number(row["used"]),
    revokedMs: revoked === null ? undefined : Number(revoked),
  };
}

function toBinding(row: Row): TokenBinding | undefined {
  return row === undefined ? undefined : { boundMs: Number(row["bound_ms"]) };
}
