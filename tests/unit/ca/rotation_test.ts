import assert from "node:assert/strict";
import { createHash, createPrivateKey, X509Certificate } from "node:crypto";
import { isSignetError } from "signet/base/mod.ts";
import {
  announceRoot,
  type Ca,
  jitterMs,
  keyIdOf,
  nextStep,
  renewRoot,
  type RotationConfig,
  signingCertificate,
} from "signet/ca/mod.ts";
import { selectProvider } from "signet/crypto/mod.ts";
import { type CaStore, memoryCaStore } from "signet/store/mod.ts";
import { createFakeClock, type FakeClock } from "../../support/fake_clock.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { readVector } from "../../support/x509_vectors.ts";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START_MS = Date.parse("2026-01-01T00:00:00Z");
const TTL_MS = 100 * DAY_MS;

interface World extends Disposable {
  readonly ca: Ca;
  readonly clock: FakeClock;
  readonly store: CaStore;
}

async function openWorld(rotation: Partial<RotationConfig> = {}): Promise<World> {
  const clock = createFakeClock(START_MS);
  const store = memoryCaStore();
  const { ca } = await createTestCa({
    clock,
    store,
    config: {
      selfSignedRootTtlMs: TTL_MS,
      rotation: {
        checkIntervalMs: HOUR_MS,
        gracePercentile: 20,
        jitter: false,
        rootTtlMs: 2 * TTL_MS,
        ...rotation,
      },
    },
  });
  return { ca, clock, store, [Symbol.dispose]: () => ca[Symbol.dispose]() };
}

function only(pem: string): X509Certificate {
  return new X509Certificate(pem);
}

function rootsOf(ca: Ca): readonly string[] {
  return ca.bundle.rootCertsPem.split(/(?<=-----END CERTIFICATE-----\n)/).filter(Boolean);
}

async function leafOf(ca: Ca): Promise<X509Certificate> {
  const { certificatePem } = await ca.sign({
    csrPem: readVector("csr/good/p256_sha256.pem"),
    identities: ["spiffe://cluster.local/ns/default/sa/demo"],
    requestedTtlSeconds: 0n,
    caller: "test",
  });
  return only(certificatePem);
}

Deno.test("a root is renewed when a fifth of its life is left, and not a check before", async () => {
  using world = await openWorld();
  const { ca, clock } = world;
  const old = only(ca.bundle.caCertPem);
  const leaf = await leafOf(ca);
  await clock.advance(80 * DAY_MS - HOUR_MS);
  assert.equal(await ca.reload(), false);
  await clock.advance(HOUR_MS); // the wait is exactly zero, which stops istiod
  assert.equal(await ca.reload(), true);
  const renewed = only(ca.bundle.caCertPem);
  assert.equal(renewed.subject, old.subject);
  assert.deepEqual(
    renewed.publicKey.export({ type: "spki", format: "der" }),
    old.publicKey.export({ type: "spki", format: "der" }),
  );
  assert.notEqual(renewed.serialNumber, old.serialNumber);
  assert.equal(Date.parse(renewed.validFrom), START_MS + 80 * DAY_MS);
  assert.equal(Date.parse(renewed.validTo), START_MS + 280 * DAY_MS, "the configured lifetime");
  assert.equal(ca.bundle.rootCertsPem, ca.bundle.caCertPem);
  assert.ok(
    leaf.checkIssued(renewed) && leaf.verify(renewed.publicKey),
    "what was issued stays good",
  );
  assert.ok((await leafOf(ca)).verify(old.publicKey), "and the old root verifies what is new");
  assert.equal(await ca.reload(), false, "once");
});

Deno.test("a share of 0 renews a root that has ended, 100 at each check, and no interval never", async (t) => {
  await t.step("0", async () => {
    using world = await openWorld({ gracePercentile: 0 });
    await world.clock.advance(TTL_MS - HOUR_MS);
    assert.equal(await world.ca.reload(), false);
    await world.clock.advance(2 * HOUR_MS);
    assert.equal(await world.ca.reload(), true, "ended, and mended while it runs");
  });
  await t.step("100", async () => {
    using world = await openWorld({ gracePercentile: 100 });
    for (let check = 0; check < 3; check++) {
      assert.equal(await world.ca.reload(), true);
      assert.equal(await world.ca.reload(), false, "not before the next interval");
      await world.clock.advance(HOUR_MS);
    }
    assert.equal(world.ca.bundle.generation, 4);
  });
  for (const checkIntervalMs of [0, -HOUR_MS]) {
    await t.step(`an interval of ${checkIntervalMs} ms`, async () => {
      using world = await openWorld({ checkIntervalMs, gracePercentile: 100 });
      await world.clock.advance(99 * DAY_MS);
      assert.equal(await world.ca.reload(), false);
    });
  }
});

Deno.test("jitterMs() is in whole seconds from zero to below the interval", () => {
  assert.equal(jitterMs(HOUR_MS, () => 0), 0);
  assert.equal(jitterMs(HOUR_MS, () => 0.999_999_9), HOUR_MS - 1_000);
  assert.equal(jitterMs(1_500, () => 0.9), 1_000);
  assert.equal(jitterMs(-HOUR_MS, () => 0.5), 0);
});

Deno.test("a write that fails leaves what is in force, and is tried again at the next check", async () => {
  using world = await openWorld({ gracePercentile: 100 });
  const { ca, store, clock } = world;
  const before = ca.bundle;
  const update = store.update;
  store.update = () => Promise.reject(new TypeError("the disk is full"));
  await assert.rejects(() => ca.reload(), /the disk is full/);
  assert.equal(await ca.reload(), false);
  assert.equal(ca.bundle, before);
  store.update = update;
  await clock.advance(HOUR_MS);
  assert.equal(await ca.reload(), true);
});

Deno.test("a key is rotated in three steps, each when nobody needs the one before any more", async (t) => {
  using world = await openWorld();
  const { ca, clock, store } = world;
  const { provider: crypto } = await selectProvider("webcrypto");
  const oldRoot = ca.bundle.caCertPem;
  const oldLeaf = await leafOf(ca);
  const lastLeaf = await store.leafEnds.last(keyIdOf(ca.bundle.caCertificate));
  assert.equal(lastLeaf, Date.parse(oldLeaf.validTo), "the end of the leaf is noted");
  await store.update((set) =>
    announceRoot(set, {
      keySpec: { type: "ec", curve: "P-384" },
      ttlMs: undefined,
      dueMs: lastLeaf!,
    }, { crypto, nowMs: clock.nowMs() })
  );
  assert.equal(await ca.reload(), true);
  const [first, next] = rootsOf(ca);
  await t.step("announced: both are trusted, the old key signs", async () => {
    assert.equal(first, oldRoot);
    assert.ok(next !== undefined && next !== oldRoot);
    assert.equal(ca.bundle.caCertPem, oldRoot);
    assert.equal(only(next).publicKey.asymmetricKeyDetails?.namedCurve, "secp384r1");
    await clock.advance(DAY_MS - HOUR_MS);
    assert.ok((await leafOf(ca)).verify(only(oldRoot).publicKey));
    assert.equal(await ca.reload(), false, "a leaf that knows the old root alone is still out");
  });
  await t.step("no second rotation beside it", async () => {
    const again = store.update((set) =>
      announceRoot(set, { keySpec: { type: "ec", curve: "P-256" }, ttlMs: undefined, dueMs: 0 }, {
        crypto,
        nowMs: clock.nowMs(),
      })
    );
    await assert.rejects(again, (thrown) => isSignetError(thrown, "store.refused"));
  });
  await t.step("switched: both are trusted, the new key signs", async () => {
    await clock.advance(HOUR_MS);
    assert.equal(await ca.reload(), true);
    assert.equal(ca.bundle.caCertPem, next);
    assert.deepEqual(rootsOf(ca), [next, oldRoot]);
    assert.ok((await leafOf(ca)).verify(only(next!).publicKey));
    await clock.advance(DAY_MS - HOUR_MS);
    assert.equal(await ca.reload(), false, "the last leaf of the old key has not ended");
  });
  await t.step("withdrawn: the new root alone", async () => {
    await clock.advance(2 * HOUR_MS);
    assert.equal(await ca.reload(), true);
    assert.deepEqual(rootsOf(ca), [next]);
    assert.equal((await store.load())?.rotation, undefined);
    await clock.advance(DAY_MS);
    assert.equal(await ca.reload(), false);
  });
});

Deno.test("nextStep() without a rotation is refused", async () => {
  using world = await openWorld();
  const set = await world.store.load();
  assert.throws(
    () => nextStep(set!, { nowMs: START_MS, lastLeafMs: undefined }),
    (thrown) => isSignetError(thrown, "store.refused"),
  );
});

Deno.test("renewRoot() mends a root that has ended, with its own lifetime", async () => {
  using world = await openWorld();
  const { provider: crypto } = await selectProvider("webcrypto");
  const set = (await world.store.load())!;
  const nowMs = START_MS + 2 * TTL_MS;
  const renewed = await renewRoot(set, undefined, { crypto, nowMs });
  const { notBeforeMs, notAfterMs } = signingCertificate(renewed);
  assert.deepEqual([notBeforeMs, notAfterMs], [nowMs, nowMs + TTL_MS]);
  assert.equal(renewed.caKeyPem, set.caKeyPem);
  const certificate = only(renewed.caCertPem);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(set.caKeyPem)));
  assert.equal(renewed.rootCertPem, renewed.caCertPem);
});

Deno.test("keyIdOf() is the digest of the key, the same for every certificate of it", async () => {
  using world = await openWorld();
  const { caCertificate } = world.ca.bundle;
  const digest = createHash("sha256").update(caCertificate.publicKey.keyBits).digest("hex");
  assert.equal(keyIdOf(caCertificate), digest.slice(0, 40));
});
