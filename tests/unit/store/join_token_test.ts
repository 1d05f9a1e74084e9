import assert from "node:assert/strict";
import { type JoinToken, REPEAT_WINDOW_MS, type TokenRefusal } from "signet/store/mod.ts";
import { isForgettable, judgeTokenUse, KEEP_ENDED_MS } from "../../../lib/store/join_token.ts";

const NOW_MS = 1_800_000_000_000;
const TOKEN: JoinToken = {
  id: "0123456789abcdef",
  secretSha256: new Uint8Array(32),
  identity: "spiffe://cluster.local/ns/a/sa/b",
  createdMs: NOW_MS - 1_000,
  expiresMs: NOW_MS + 1,
  maxUses: 1,
  used: 0,
  revokedMs: undefined,
};

interface Row {
  readonly token?: Partial<JoinToken>;
  /** How long ago this key used the token. */
  readonly boundAgoMs?: number;
  readonly is: "free" | "repeat" | TokenRefusal;
}

const ROWS: Readonly<Record<string, Row>> = {
  "a new token": { is: "free" },
  "its last millisecond": { token: { expiresMs: NOW_MS + 1 }, is: "free" },
  "the millisecond after": { token: { expiresMs: NOW_MS }, is: "expired" },
  "used by another key": { token: { used: 1 }, is: "used" },
  "used and expired, by another key": { token: { used: 1, expiresMs: 0 }, is: "used" },
  "one of two uses left": { token: { used: 1, maxUses: 2 }, is: "free" },
  "no use of two left": { token: { used: 2, maxUses: 2 }, is: "used" },
  "the same key again": { token: { used: 1 }, boundAgoMs: 1, is: "repeat" },
  "the same key, token expired since": {
    token: { used: 1, expiresMs: 0 },
    boundAgoMs: 1,
    is: "repeat",
  },
  "the same key in the last millisecond": {
    token: { used: 1 },
    boundAgoMs: REPEAT_WINDOW_MS - 1,
    is: "repeat",
  },
  "the same key after ten minutes": {
    token: { used: 1 },
    boundAgoMs: REPEAT_WINDOW_MS,
    is: "too_late",
  },
  "the same key after ten minutes, uses left": {
    token: { used: 1, maxUses: 2 },
    boundAgoMs: REPEAT_WINDOW_MS,
    is: "too_late",
  },
  "the same key, the clock set back": { token: { used: 1 }, boundAgoMs: -5_000, is: "repeat" },
  "revoked": { token: { revokedMs: NOW_MS }, is: "revoked" },
  "revoked, the same key again": { token: { used: 1, revokedMs: 1 }, boundAgoMs: 1, is: "revoked" },
};

Deno.test("judgeTokenUse() allows as many keys as the token says, each for ten minutes", async (t) => {
  for (const [name, { token, boundAgoMs, is }] of Object.entries(ROWS)) {
    await t.step(name, () => {
      const binding = boundAgoMs === undefined ? undefined : { boundMs: NOW_MS - boundAgoMs };
      assert.equal(judgeTokenUse({ ...TOKEN, ...token }, binding, NOW_MS), is);
    });
  }
  assert.equal(judgeTokenUse(undefined, undefined, NOW_MS), "unknown");
});

Deno.test("isForgettable() keeps a token for thirty days after its end", () => {
  const at = NOW_MS + KEEP_ENDED_MS;
  assert.equal(isForgettable({ expiresMs: NOW_MS, revokedMs: undefined }, at), false);
  assert.equal(isForgettable({ expiresMs: NOW_MS, revokedMs: undefined }, at + 1), true);
  assert.equal(isForgettable({ expiresMs: Infinity, revokedMs: NOW_MS }, at + 1), true);
});
