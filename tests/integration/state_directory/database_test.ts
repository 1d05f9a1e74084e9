// The state database on a real disk, and its twin in memory, held to the same claims.
import assert from "node:assert/strict";
import { DatabaseSync } from "node:sqlite";
import { type ErrorCode, isSignetError } from "signet/base/mod.ts";
import {
  type JoinTokenStore,
  memoryDatabase,
  openCommandDatabase,
  openServerDatabase,
  REPEAT_WINDOW_MS,
  SCHEMA_VERSION,
  type StateDatabase,
} from "signet/store/mod.ts";
import { tempDir } from "../../support/process.ts";

const NOW_MS = 1_800_000_000_000;
const DAY_MS = 86_400_000;

const STORES: Readonly<Record<string, (directory: string) => Promise<StateDatabase>>> = {
  memory: () => Promise.resolve(memoryDatabase()),
  SQLite: openServerDatabase,
};

function key(n: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(32).fill(n);
}

async function add(
  tokens: JoinTokenStore,
  id: string,
  more: { readonly maxUses?: number; readonly createdMs?: number } = {},
): Promise<void> {
  const createdMs = more.createdMs ?? NOW_MS;
  await tokens.add({
    id,
    secretSha256: key(9),
    identity: "spiffe://cluster.local/ns/a/sa/b",
    createdMs,
    expiresMs: createdMs + 3_600_000,
    maxUses: more.maxUses ?? 1,
  });
}

for (const [name, open] of Object.entries(STORES)) {
  Deno.test(`a token in ${name} is found, listed, used and revoked`, async () => {
    await using directory = await tempDir();
    using database = await open(directory.path);
    const { tokens } = database;
    await add(tokens, "a");
    await add(tokens, "b", { maxUses: 2, createdMs: NOW_MS + 1 });
    assert.equal(await tokens.find("c"), undefined);
    assert.deepEqual((await tokens.list()).map(({ id }) => id), ["b", "a"]);
    const use = (id: string, n: number, nowMs = NOW_MS) =>
      tokens.use(id, { keySha256: key(n), nowMs });
    assert.deepEqual(await use("a", 1), { ok: true, repeated: false });
    assert.deepEqual(await use("a", 1), { ok: true, repeated: true });
    assert.deepEqual(await use("a", 2), { ok: false, refusal: "used" });
    assert.deepEqual(await use("a", 1, NOW_MS + REPEAT_WINDOW_MS), {
      ok: false,
      refusal: "too_late",
    });
    assert.deepEqual(await use("b", 1), { ok: true, repeated: false });
    assert.deepEqual(await use("c", 1), { ok: false, refusal: "unknown" });
    assert.equal(await tokens.revoke("c", NOW_MS), false);
    assert.equal(await tokens.revoke("b", NOW_MS + 5), true);
    assert.equal(await tokens.revoke("b", NOW_MS + 6), true);
    assert.deepEqual(await use("b", 1), { ok: false, refusal: "revoked" });
    assert.deepEqual(await tokens.find("b"), {
      id: "b",
      secretSha256: key(9),
      identity: "spiffe://cluster.local/ns/a/sa/b",
      createdMs: NOW_MS + 1,
      expiresMs: NOW_MS + 1 + 3_600_000,
      maxUses: 2,
      used: 1,
      revokedMs: NOW_MS + 5,
    });
  });

  Deno.test(`of many uses at once ${name} lets no more win than the token allows`, async () => {
    await using directory = await tempDir();
    using database = await open(directory.path);
    const { tokens } = database;
    await add(tokens, "one");
    await add(tokens, "seven", { maxUses: 7 });
    const race = async (id: string) => {
      const all = Array.from(
        { length: 200 },
        (_, n) => tokens.use(id, { keySha256: key(n), nowMs: NOW_MS }),
      );
      return (await Promise.all(all)).filter(({ ok }) => ok).length;
    };
    assert.deepEqual(await Promise.all([race("one"), race("seven")]), [1, 7]);
    // More than one commit's worth.
    assert.deepEqual((await tokens.find("seven"))?.used, 7);
  });

  Deno.test(`${name} forgets tokens that ended more than thirty days ago`, async () => {
    await using directory = await tempDir();
    using database = await open(directory.path);
    const { tokens } = database;
    await add(tokens, "old", { createdMs: NOW_MS - 32 * DAY_MS });
    await add(tokens, "recent", { createdMs: NOW_MS - 29 * DAY_MS });
    await add(tokens, "new");
    assert.deepEqual((await tokens.list()).map(({ id }) => id), ["new", "recent"]);
  });
}

Deno.test("openCommandDatabase() sees what a server wrote and changes it beside the server", async () => {
  await using directory = await tempDir();
  using server = await openServerDatabase(directory.path);
  await server.recordTrustDomain("a.example");
  await server.recordTrustDomain("b.example");
  await add(server.tokens, "a", { maxUses: 2 });
  using command = await openCommandDatabase(directory.path);
  assert.equal(await command.trustDomain(), "b.example");
  const first = await server.tokens.use("a", { keySha256: key(1), nowMs: NOW_MS });
  assert.deepEqual(first, { ok: true, repeated: false });
  assert.equal((await command.tokens.find("a"))?.used, 1);
  await command.tokens.revoke("a", NOW_MS);
  const second = await server.tokens.use("a", { keySha256: key(2), nowMs: NOW_MS });
  assert.deepEqual(second, { ok: false, refusal: "revoked" });
});

Deno.test("the state database and its companions are 0600, in WAL mode, synced at every commit", async () => {
  await using directory = await tempDir();
  using database = await openServerDatabase(directory.path);
  await add(database.tokens, "a");
  for (const file of ["state.db", "state.db-wal", "state.db-shm"]) {
    assert.equal((await Deno.stat(`${directory.path}/${file}`)).mode! & 0o777, 0o600, file);
  }
});

Deno.test("a disposed database has settled the uses that waited", async () => {
  await using directory = await tempDir();
  const database = await openServerDatabase(directory.path);
  await add(database.tokens, "a");
  const use = database.tokens.use("a", { keySha256: key(1), nowMs: NOW_MS });
  database[Symbol.dispose]();
  assert.deepEqual(await use, { ok: true, repeated: false });
  using again = await openServerDatabase(directory.path);
  assert.equal((await again.tokens.find("a"))?.used, 1);
});

Deno.test("a database of schema version 1 is brought up to date with all that was used and revoked", async () => {
  await using directory = await tempDir();
  const path = `${directory.path}/state.db`;
  const vector = new URL("../../vectors/state_database/version_1.sql", import.meta.url);
  change(path, await Deno.readTextFile(vector));
  await assert.rejects(
    openCommandDatabase(directory.path),
    (thrown) => isSignetError(thrown, "store.incomplete"),
  );
  using database = await openServerDatabase(directory.path);
  const { tokens } = database;
  const use = async (id: string, n: number) => {
    const result = await tokens.use(id, { keySha256: key(n), nowMs: NOW_MS + 10 });
    return result.ok ? (result.repeated ? "repeated" : "bound") : result.refusal;
  };
  /** By token: how many keys it says have used it, and what comes of keys 1, 2, 3 and 4 in turn. */
  const rows: Readonly<Record<string, readonly [number, ...string[]]>> = {
    "00000000000000a1": [0, "bound", "used", "used", "used"],
    "00000000000000a2": [1, "repeated", "used", "used", "used"],
    "00000000000000a3": [2, "repeated", "repeated", "bound", "used"],
    "00000000000000a4": [0, "revoked", "revoked", "revoked", "revoked"],
  };
  for (const [id, [before, ...outcomes]] of Object.entries(rows)) {
    assert.equal((await tokens.find(id))?.used, before, id);
    for (const [at, outcome] of outcomes.entries()) {
      assert.equal(await use(id, at + 1), outcome, `${id}, key ${at + 1}`);
    }
  }
  assert.deepEqual((await tokens.list()).map(({ used }) => used), [1, 1, 3, 0]);
  assert.equal(await database.trustDomain(), "cluster.local");
});

/** What may lie there instead of a database of ours, and how opening ends. */
const STRANGE: Readonly<
  Record<string, readonly [(path: string) => void, ErrorCode, command?: ErrorCode]>
> = {
  "a later schema": [
    (path) => change(path, `PRAGMA user_version = ${SCHEMA_VERSION + 1}`),
    "store.later_version",
  ],
  "text": [(path) => Deno.writeTextFileSync(path, "not a database\n".repeat(100)), "store.corrupt"],
  "another program's database": [
    (path) => {
      Deno.writeFileSync(path, new Uint8Array(0));
      change(path, "CREATE TABLE theirs (x)");
    },
    "store.corrupt",
    "store.incomplete",
  ],
  "another program's database of our version": [
    (path) => change(path, "PRAGMA application_id = 7"),
    "store.corrupt",
  ],
  "a page that was overwritten": [
    (path) => {
      using file = Deno.openSync(path, { write: true });
      file.seekSync(4_096, Deno.SeekMode.Start);
      file.writeSync(new Uint8Array(8_192).fill(0xff));
    },
    "store.corrupt",
  ],
};

function change(path: string, sql: string): void {
  const database = new DatabaseSync(path);
  database.exec(sql);
  database.close();
}

Deno.test("openServerDatabase() and openCommandDatabase() refuse what is not theirs", async (t) => {
  for (const [name, [spoil, code, commandCode]] of Object.entries(STRANGE)) {
    await t.step(name, async () => {
      await using directory = await tempDir();
      (await openServerDatabase(directory.path))[Symbol.dispose]();
      spoil(`${directory.path}/state.db`);
      const use = (opened: StateDatabase) => {
        using database = opened;
        return database.tokens.find("a");
      };
      await assert.rejects(
        async () => use(await openServerDatabase(directory.path)),
        (thrown) => isSignetError(thrown, code),
      );
      await assert.rejects(
        async () => use(await openCommandDatabase(directory.path)),
        (thrown) => isSignetError(thrown, commandCode ?? code),
      );
    });
  }
  await t.step("nothing, for a command", async () => {
    await using directory = await tempDir();
    await assert.rejects(
      openCommandDatabase(directory.path),
      (thrown) => isSignetError(thrown, "store.incomplete"),
    );
  });
});

Deno.test("a use fails, and spends nothing, while another process holds the write lock", async () => {
  await using directory = await tempDir();
  using database = await openServerDatabase(directory.path);
  await add(database.tokens, "a");
  const holder = new DatabaseSync(`${directory.path}/state.db`);
  holder.exec("BEGIN IMMEDIATE");
  await assert.rejects(
    async () => await database.tokens.use("a", { keySha256: key(1), nowMs: NOW_MS }),
    (thrown) => isSignetError(thrown, "store.write_failed"),
  );
  holder.exec("ROLLBACK");
  holder.close();
  const use = await database.tokens.use("a", { keySha256: key(2), nowMs: NOW_MS });
  assert.deepEqual(use, { ok: true, repeated: false });
});
