/** GenKeyCert, SignWithCertChain and lifetimes: section 3.5 of the specification and the tests of istiod that section 8 lists. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { BACKDATE_MS, type Ca } from "signet/ca/mod.ts";
import { parsePrivateKeyPem } from "signet/crypto/mod.ts";
import { memoryCaStore } from "signet/store/mod.ts";
import { decodeCertificate, decodePem, decodePublicKey, verifyChain } from "signet/x509/mod.ts";
import { csrPem, makeCsr } from "../../support/csrs.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { readKey } from "../../support/key_vectors.ts";
import { assertLeaf } from "../../support/leaf_oracle.ts";
import { mintIntermediateSet, mintSet } from "../../support/minted_sets.ts";
import { SubjectAlternativeNameExtension, X509Certificate } from "../../support/peculiar.ts";
import { testProviders } from "../../support/providers.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { makeTestKey, verifyWithNode } from "../../support/test_keys.ts";

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const HOSTS = ["127.0.0.1", "::1", "istiod.istio-system.svc", "localhost"];

function genKeyCert(ca: Ca, more: Partial<Parameters<Ca["genKeyCert"]>[0]> = {}) {
  return ca.genKeyCert({
    hosts: HOSTS,
    ttlMs: DAY_MS,
    checkLifetime: false,
    caller: "test",
    ...more,
  });
}

/** What istiod's rule makes of each kind of CA key: the key that GenKeyCert makes, and the PEM label it stands under. */
const OWN_KEYS: Readonly<Record<string, readonly [object, string]>> = {
  p256: [{ type: "ec", curve: "P-256" }, "EC PRIVATE KEY"],
  p384: [{ type: "ec", curve: "P-384" }, "EC PRIVATE KEY"],
  p521: [{ type: "ec", curve: "P-256" }, "EC PRIVATE KEY"],
  rsa2048: [{ type: "rsa", bits: 2048 }, "RSA PRIVATE KEY"],
  ed25519: [{ type: "ec", curve: "P-256" }, "EC PRIVATE KEY"],
};

testProviders(
  "Ca.genKeyCert() makes a key after the CA's own and its certificate",
  async (t, crypto) => {
    for (const [name, [kind, label]] of Object.entries(OWN_KEYS)) {
      await t.step(name, async () => {
        const set = await mintSet({ nowMs: START, pkcs8: readKey(`good/${name}`) });
        const clock = createFakeClock(START);
        const { ca } = await createTestCa({ crypto, clock, store: memoryCaStore(set) });
        using _ca = ca;
        const { keyPem, certChainPem, notBeforeMs, notAfterMs } = await genKeyCert(ca);
        assert.ok(keyPem.startsWith(`-----BEGIN ${label}-----\n`));
        using key = await crypto.importPrivateKey(parsePrivateKeyPem(keyPem));
        assert.deepEqual(key.kind, kind);
        const publicKey = decodePublicKey(key.spki);
        const leaf = new X509Certificate(certChainPem);
        const names = leaf.getExtension(SubjectAlternativeNameExtension)!.names.toJSON();
        assert.deepEqual(names.map(({ type }) => type), ["ip", "ip", "dns", "dns"]);
        await assertLeaf(certChainPem, {
          bundle: ca.bundle,
          publicKey,
          identities: names.map(({ value }) => value),
          subject: "CN=istiod.istio-system.svc",
        });
        assert.equal(leaf.notBefore.getTime(), notBeforeMs);
        assert.equal(leaf.notAfter.getTime(), notAfterMs);
      });
    }
  },
);

Deno.test("Ca.genKeyCert() checks the lifetime only when it is asked to", async (t) => {
  const config = { defaultWorkloadTtlMs: HOUR_MS, maxWorkloadTtlMs: DAY_MS };
  const { ca } = await createTestCa({ clock: createFakeClock(START), config });
  using _ca = ca;
  await t.step("25 h over 24 h, checked", async () => {
    await assert.rejects(genKeyCert(ca, { ttlMs: 25 * HOUR_MS, checkLifetime: true }), (thrown) => {
      assert.ok(isSignetError(thrown, "ca.ttl_error"));
      const text = "requested TTL 25h0m0s is greater than the max allowed TTL 24h0m0s";
      assert.equal(thrown.message, text);
      return true;
    });
  });
  await t.step("half a second more than the maximum, checked", async () => {
    await assert.rejects(
      genKeyCert(ca, { ttlMs: DAY_MS + 500, checkLifetime: true }),
      (thrown) => isSignetError(thrown, "ca.ttl_error"),
    );
  });
  const rows: readonly (readonly [number, boolean, number])[] = [
    [DAY_MS, true, DAY_MS],
    [25 * HOUR_MS, false, 25 * HOUR_MS],
    [1000, true, 1000],
    // Zero and less ask for the default, whoever asks.
    [0, true, HOUR_MS],
    [0, false, HOUR_MS],
    [-5, false, HOUR_MS],
  ];
  for (const [ttlMs, checkLifetime, expected] of rows) {
    await t.step(`${ttlMs} ms, ${checkLifetime ? "checked" : "not checked"}`, async () => {
      const { notBeforeMs, notAfterMs } = await genKeyCert(ca, { ttlMs, checkLifetime });
      assert.equal(notAfterMs - notBeforeMs - BACKDATE_MS, expected);
    });
  }
});

Deno.test("Ca.genKeyCert() cuts a century at the CA's own end", async () => {
  const { ca } = await createTestCa({ clock: createFakeClock(START) });
  using _ca = ca;
  const { notAfterMs } = await genKeyCert(ca, { ttlMs: 100 * 365 * DAY_MS });
  assert.equal(notAfterMs, ca.bundle.caCertificate.notAfterMs);
});

Deno.test("Ca.genKeyCert() refuses names that no certificate may hold", async () => {
  const { ca, records } = await createTestCa();
  using _ca = ca;
  for (const hosts of [[], ["a,b"], ["a b"]]) {
    await assert.rejects(
      genKeyCert(ca, { hosts }),
      (thrown) => isSignetError(thrown, "ca.cert_gen_error"),
    );
  }
  assert.deepEqual(records.filter(({ scope }) => scope === "audit"), []);
});

Deno.test("No record of the log holds a private key", async () => {
  const { ca, records } = await createTestCa();
  using _ca = ca;
  const { keyPem } = await genKeyCert(ca);
  const text = JSON.stringify(records);
  assert.doesNotMatch(text, /PRIVATE/);
  for (const line of keyPem.split("\n").slice(1, -2)) assert.ok(!text.includes(line));
});

function signFor(ca: Ca, ttl: bigint) {
  const key = makeTestKey("P-256");
  return ca.sign({
    csrPem: csrPem(makeCsr(key)),
    identities: ["spiffe://cluster.local/ns/a/sa/b"],
    requestedTtlSeconds: ttl,
    caller: "test",
  });
}

Deno.test("Ca.sign() grants, refuses and cuts lifetimes", async (t) => {
  const config = { defaultWorkloadTtlMs: HOUR_MS, maxWorkloadTtlMs: 2 * HOUR_MS };
  const { ca } = await createTestCa({ clock: createFakeClock(START + 999), config });
  using _ca = ca;
  const granted: readonly (readonly [bigint, number])[] = [
    [0n, HOUR_MS],
    [-1n, HOUR_MS],
    [-(2n ** 63n), HOUR_MS],
    [1n, 1000],
    [7200n, 2 * HOUR_MS],
  ];
  for (const [seconds, ttlMs] of granted) {
    await t.step(`${seconds} s is granted`, async () => {
      const { notBeforeMs, notAfterMs } = await signFor(ca, seconds);
      assert.equal(notBeforeMs, START - BACKDATE_MS);
      assert.equal(notAfterMs, START + ttlMs);
    });
  }
  // The last three wrap in istiod's 64 bits of nanoseconds: to less than nothing, to a second, to the year 2262.
  for (const seconds of [7201n, 2n ** 63n - 1n, 9_223_372_037n, 18_446_744_075n]) {
    await t.step(`${seconds} s is refused`, async () => {
      await assert.rejects(
        signFor(ca, seconds),
        (thrown) =>
          isSignetError(thrown, "ca.ttl_error") && / max allowed TTL 2h0m0s$/.test(thrown.message),
      );
    });
  }
});

Deno.test("Ca.sign() never outlives the signing certificate, and stops with it", async (t) => {
  const clock = createFakeClock(START);
  const set = await mintSet({ nowMs: START, ttlMs: DAY_MS });
  const { ca } = await createTestCa({ clock, store: memoryCaStore(set) });
  using _ca = ca;
  const endMs = START + DAY_MS;
  const rows: readonly (readonly [string, number, number])[] = [
    ["the whole day asked for at its start", 0, 86_400],
    ["a day asked for in the middle", DAY_MS / 2, 86_400],
    ["a minute in the last second", DAY_MS - 1000, 60],
    ["a minute at the very end", DAY_MS, 60],
  ];
  for (const [name, atMs, seconds] of rows) {
    await t.step(name, async () => {
      clock.jump(START + atMs - clock.nowMs());
      const { notAfterMs } = await signFor(ca, BigInt(seconds));
      assert.equal(notAfterMs, endMs);
    });
  }
  await t.step("after its end", async () => {
    clock.jump(1000);
    await assert.rejects(signFor(ca, 60n), (thrown) => {
      assert.ok(isSignetError(thrown, "ca.cert_gen_error"));
      assert.equal(thrown.message, "signing certificate has expired at 2026-01-02T00:00:00.000Z");
      return true;
    });
    await assert.rejects(
      genKeyCert(ca),
      (thrown) => isSignetError(thrown, "ca.cert_gen_error"),
    );
  });
  await t.step("back within it, when the clock is set right", async () => {
    clock.jump(-HOUR_MS);
    await signFor(ca, 60n);
  });
});

Deno.test("Ca.signWithCertChain() and genKeyCert() append the intermediates, which chain to the root", async () => {
  const clock = createFakeClock(START);
  const store = memoryCaStore(await mintIntermediateSet({ nowMs: START, organization: "mid" }));
  const { ca } = await createTestCa({ clock, store });
  using _ca = ca;
  const key = makeTestKey("P-256");
  const chain = await ca.signWithCertChain({
    csrPem: csrPem(makeCsr(key)),
    identities: ["spiffe://cluster.local/ns/a/sa/b"],
    requestedTtlSeconds: 0n,
    caller: "test",
  });
  for (const pem of [chain, (await genKeyCert(ca)).certChainPem]) {
    const [leaf, ...intermediates] = decodePem(pem).map(({ der }) => decodeCertificate(der));
    assert.equal(intermediates.length, 1);
    const path = await verifyChain({
      leaf: leaf!,
      intermediates,
      roots: ca.bundle.roots,
      nowMs: START,
      verifySignature: verifyWithNode,
    });
    assert.equal(path.length, 3);
  }
});
