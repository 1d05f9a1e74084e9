import assert from "node:assert/strict";
import {
  authenticate,
  type Authenticator,
  type Caller,
  type Credentials,
  joinTokenAuthenticator,
  makeJoinToken,
  parseJoinToken,
} from "signet/authn/mod.ts";
import { memoryDatabase, REPEAT_WINDOW_MS } from "signet/store/mod.ts";
import { createMetrics } from "signet/telemetry/mod.ts";
import { createFakeClock } from "../../support/fake_clock.ts";

const IDENTITY = "spiffe://cluster.local/ns/a/sa/b";
const NOW_MS = 1_800_000_000_000;
const KEY = Uint8Array.of(1);
const OTHER_KEY = Uint8Array.of(2);

function setUp(trustDomain = "cluster.local") {
  const clock = createFakeClock(NOW_MS);
  const metrics = createMetrics();
  const { tokens } = memoryDatabase();
  const authenticator = joinTokenAuthenticator({
    tokens,
    clock,
    metrics,
    trustDomain: () => trustDomain,
  });
  const make = async (options: { readonly maxUses?: number; readonly ttlMs?: number } = {}) => {
    const { text, id, secretSha256 } = makeJoinToken(NOW_MS);
    const createdMs = clock.nowMs();
    await tokens.add({
      ...{ id, secretSha256, identity: IDENTITY, createdMs },
      expiresMs: createdMs + (options.ttlMs ?? 60_000),
      maxUses: options.maxUses ?? 1,
    });
    return { text, id };
  };
  const results = async () => {
    const { body } = await metrics.expose();
    const lines = body.matchAll(/^signet_join_token_uses_total\{result="(\w+)"\} (\d+)/gm);
    return Object.fromEntries([...lines].map(([, result, n]) => [result, Number(n)]));
  };
  return { authenticator, tokens, clock, make, results };
}

function presenting(...values: string[]): Credentials {
  return {
    remoteAddress: "127.0.0.1:1",
    secure: true,
    peer: undefined,
    headerValues: (name) => name === "authorization" ? values : [],
  };
}

async function accepted(authenticator: Authenticator, text: string): Promise<Caller> {
  const result = await authenticator.authenticate(presenting(`Bearer ${text}`));
  assert.ok(result.ok, result.ok ? "" : result.reason);
  return result.caller;
}

Deno.test("IDs of tokens made later stand later, and those of one moment differ", () => {
  const [first, same, later] = [NOW_MS, NOW_MS, NOW_MS + 1].map((ms) => makeJoinToken(ms).id);
  assert.ok(first! < later! && same! < later!);
  assert.notEqual(first, same);
  assert.match(makeJoinToken(0).id, /^0{10}[0-9a-f]{6}$/);
});

Deno.test("parseJoinToken() reads what makeJoinToken() made, and nothing else", () => {
  const { text, id, secretSha256 } = makeJoinToken(NOW_MS);
  assert.deepEqual(parseJoinToken(text), { id, secretSha256 });
  const secret = text.slice(21);
  const bad = [
    "",
    "sjt_",
    text.toUpperCase(),
    `${text} `,
    ` ${text}`,
    `${text}\n`,
    text.slice(0, -1),
    text.replace("sjt_", "sjt-"),
    `sjt_${id}${secret}`,
    `sjt_${id}_${secret}0`,
    `sjt_${id.slice(1)}_${secret}0`,
    `sjt_${id.replace(/./, "g")}_${secret}`,
    `sjt_${"0".repeat(1 << 20)}`,
  ];
  for (const one of bad) assert.equal(parseJoinToken(one), undefined, one.slice(0, 100));
});

Deno.test("joinTokenAuthenticator() gives the token's identity, and spends it on the first key alone", async () => {
  const { authenticator, make, results, clock } = setUp();
  const { text, id } = await make();
  const caller = await accepted(authenticator, text);
  assert.deepEqual(caller.identities, [IDENTITY]);
  assert.equal(caller.credential, `join token ${id}`);
  const late = await accepted(authenticator, text);
  assert.deepEqual(await caller.redeem!(KEY), { ok: true });
  assert.deepEqual(await caller.redeem!(KEY), { ok: true });
  const other = await late.redeem!(OTHER_KEY);
  assert.equal(!other.ok && other.reason, `join token ${id}: it was used by another key`);
  clock.jump(REPEAT_WINDOW_MS);
  const again = await (await accepted(authenticator, text)).redeem!(KEY);
  assert.match(again.ok ? "" : again.reason, /more than ten minutes ago/);
  assert.deepEqual(await results(), { accepted: 1, repeated: 1, used: 1, too_late: 1 });
});

Deno.test("joinTokenAuthenticator() is not asked twice by one caller: authenticating spends nothing", async () => {
  const { authenticator, make, tokens } = setUp();
  const { text, id } = await make();
  for (let n = 0; n < 5; n++) await accepted(authenticator, text);
  assert.equal((await tokens.find(id))?.used, 0);
});

Deno.test("joinTokenAuthenticator() refuses each bad token with its reason and never repeats it", async (t) => {
  const { authenticator, make, tokens, clock, results } = setUp();
  const revoked = await make();
  await tokens.revoke(revoked.id, clock.nowMs());
  const good = await make();
  const wrongSecret = `${good.text.slice(0, 21)}${"0".repeat(64)}`;
  const rows: Readonly<Record<string, readonly [string, RegExp]>> = {
    "revoked": [revoked.text, /was revoked$/],
    "wrong secret": [wrongSecret, /its secret is wrong$/],
    "the hash instead of the secret": [
      `${good.text.slice(0, 21)}${(await tokens.find(good.id))!.secretSha256.toHex()}`,
      /its secret is wrong$/,
    ],
    "unknown": [makeJoinToken(0).text, /there is no such token$/],
    "malformed": [`sjt_${"x".repeat(81)}`, /it is not sjt_<id>_<secret>$/],
    "a megabyte": [`sjt_${"0".repeat(1 << 20)}`, /it is not sjt_<id>_<secret>$/],
  };
  for (const [name, [text, reason]] of Object.entries(rows)) {
    await t.step(name, async () => {
      const result = await authenticator.authenticate(presenting(`Bearer ${text}`));
      assert.ok(!result.ok && result.isFinal);
      assert.match(result.reason, reason);
      assert.ok(!result.reason.includes(text.slice(21, 85)), "the secret is in the reason");
    });
  }
  assert.deepEqual(await results(), { revoked: 1, wrong_secret: 2, unknown: 1, malformed: 2 });
});

Deno.test("joinTokenAuthenticator() leaves other credentials to others, and keeps its own from them", async () => {
  const { authenticator } = setUp();
  const asked: string[] = [];
  const next: Authenticator = {
    type: "Next",
    authenticate: () => {
      asked.push("next");
      return { ok: false, reason: "no" };
    },
  };
  for (const header of ["Bearer e.y.J", "Basic sjt_", "bearer sjt_1"]) {
    const outcome = await authenticate([authenticator, next], presenting(header));
    assert.ok(!outcome.ok && outcome.reason.includes("no join token is presented"), header);
  }
  assert.equal(asked.length, 3);
  await authenticate([authenticator, next], presenting("Basic x", "Bearer sjt_1"));
  assert.equal(asked.length, 3);
});

Deno.test("joinTokenAuthenticator() refuses plaintext, and a token for another trust domain than the mesh's now", async () => {
  const { authenticator, make } = setUp("other.local");
  const { text } = await make();
  const foreign = await authenticator.authenticate(presenting(`Bearer ${text}`));
  assert.match(
    foreign.ok ? "" : foreign.reason,
    /for trust domain cluster.local, the mesh's is other/,
  );
  const plain = { ...presenting(`Bearer ${text}`), secure: false };
  assert.equal((await authenticator.authenticate(plain)).ok, false);
});
