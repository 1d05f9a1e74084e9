/** The CA's start: a root made once and loaded ever after, stored sets checked, another set taken over. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import type { Ca } from "signet/ca/mod.ts";
import { encodePrivateKeyPem } from "signet/crypto/mod.ts";
import { type CaSet, type CaStore, memoryCaStore } from "signet/store/mod.ts";
import { decodeCertificate, decodePem, decodePublicKey, encodePem } from "signet/x509/mod.ts";
import { csrPem, makeCsr } from "../../support/csrs.ts";
import { createFakeClock } from "../../support/fake_clock.ts";
import { readKey } from "../../support/key_vectors.ts";
import { assertLeaf } from "../../support/leaf_oracle.ts";
import { mintSet } from "../../support/minted_sets.ts";
import {
  BasicConstraintsExtension,
  KeyUsageFlags,
  KeyUsagesExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
} from "../../support/peculiar.ts";
import { providerOf, testProviders } from "../../support/providers.ts";
import { createTestCa } from "../../support/test_ca.ts";
import { makeTestKey, verifyWithNode } from "../../support/test_keys.ts";

const START = Date.UTC(2026, 0, 1, 0, 0, 0, 400);
const DAY_MS = 86_400_000;
const ID = "spiffe://cluster.local/ns/a/sa/b";

function signOne(ca: Ca) {
  const key = makeTestKey("P-256");
  const csr = csrPem(makeCsr(key));
  return ca.sign({ csrPem: csr, identities: [ID], requestedTtlSeconds: 0n, caller: "test" })
    .then((issued) => ({ issued, key }));
}

testProviders("createCa() makes a root of the specification's profile", async (_, crypto) => {
  const clock = createFakeClock(START);
  const { ca } = await createTestCa({ crypto, clock, config: { trustDomain: "shop.example" } });
  using _ca = ca;
  assert.equal(ca.origin, "created");
  assert.equal(ca.bundle.generation, 1);
  assert.deepEqual(ca.bundle.chainPems, []);
  assert.equal(ca.bundle.rootCertsPem, ca.bundle.caCertPem);
  const root = new X509Certificate(ca.bundle.caCertPem);
  assert.equal(root.subject, "O=shop.example");
  assert.equal(root.issuer, root.subject);
  assert.equal(root.notBefore.getTime(), START - 400);
  assert.equal(root.notAfter.getTime() - root.notBefore.getTime(), 87_600 * 3_600_000);
  assert.deepEqual(Array.from(root.extensions, ({ type }) => type).sort(), [
    "2.5.29.14",
    "2.5.29.15",
    "2.5.29.19",
  ]);
  const usage = root.getExtension(KeyUsagesExtension)!;
  assert.equal(usage.usages, KeyUsageFlags.keyCertSign | KeyUsageFlags.cRLSign);
  assert.ok(usage.critical);
  const constraints = root.getExtension(BasicConstraintsExtension)!;
  assert.ok(constraints.ca && constraints.critical);
  assert.equal(constraints.pathLength, undefined);
  const own = decodeCertificate(decodePem(ca.bundle.caCertPem)[0]!.der);
  assert.deepEqual(own.publicKey.kind, { type: "ec", curve: "P-256" });
  assert.ok(
    await verifyWithNode(own.publicKey, own.signatureScheme!, own.tbsCertificate, own.signature),
  );
});

Deno.test("createCa() names the root's key by the hash of the key itself (RFC 7093), as leaves do", async () => {
  const { ca } = await createTestCa();
  using _ca = ca;
  const root = new X509Certificate(ca.bundle.caCertPem);
  const { keyBits } = decodePublicKey(new Uint8Array(root.publicKey.rawData));
  const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", keyBits.slice()));
  assert.equal(
    root.getExtension(SubjectKeyIdentifierExtension)!.keyId,
    hash.slice(0, 20).toHex(),
  );
});

Deno.test("createCa() saves the root that it made and loads the same one ever after", async () => {
  const store = memoryCaStore();
  const first = await createTestCa({ store });
  const rootPem = first.ca.bundle.caCertPem;
  const { issued } = await signOne(first.ca);
  first.ca[Symbol.dispose]();
  for (let start = 0; start < 3; start++) {
    const { ca } = await createTestCa({ store, config: { trustDomain: "another.example" } });
    using _ca = ca;
    assert.equal(ca.origin, "loaded");
    assert.equal(ca.bundle.caCertPem, rootPem);
    const next = await signOne(ca);
    await assertLeaf(next.issued.certificatePem, {
      bundle: ca.bundle,
      publicKey: next.key.publicKey,
      identities: [ID],
    });
  }
  assert.equal(issued.bundle.caCertPem, rootPem);
});

Deno.test("createCa() that only signs makes nothing where there is nothing", async () => {
  const store = memoryCaStore();
  await assert.rejects(createTestCa({ store, config: { whenMissing: "fail" } }), (thrown) => {
    assert.ok(isSignetError(thrown, "ca.not_ready"));
    assert.match(thrown.message, /no CA in memory.*--stateDir/);
    return true;
  });
  assert.equal(await store.load(), undefined);
  assert.equal(await store.revision(), undefined);
});

Deno.test("createCa() does not go on without having saved its root", async () => {
  const failing: CaStore = {
    ...memoryCaStore(),
    save: () => Promise.reject(new TypeError("disk full")),
  };
  await assert.rejects(createTestCa({ store: failing }), /disk full/);
});

async function assertCorrupt(set: CaSet, message: RegExp, nowMs = START): Promise<void> {
  const store = memoryCaStore(set);
  await assert.rejects(
    createTestCa({ store, clock: createFakeClock(nowMs) }),
    (thrown) => {
      assert.ok(isSignetError(thrown, "store.corrupt"), String(thrown));
      assert.match(thrown.message, message);
      assert.match(thrown.message, /^Cannot use memory\/current/);
      assert.doesNotMatch(thrown.message, /\n|-----/);
      return true;
    },
  );
  // A stored set that cannot be used is never replaced.
  assert.equal(await store.load(), set);
}

Deno.test("createCa() refuses a stored set that is not whole and right, file by file", async (t) => {
  const good = await mintSet({ nowMs: START });
  const other = await mintSet({ nowMs: START });
  const leafOnly = await mintSet({ nowMs: START, isCa: false });
  const rows: Readonly<Record<string, readonly [Partial<CaSet>, RegExp]>> = {
    "no certificate": [{ caCertPem: "" }, /ca-cert\.pem: .*it holds no certificate/],
    "a certificate that is none": [
      { caCertPem: encodePem("CERTIFICATE", new Uint8Array(3)) },
      /ca-cert\.pem: .*restore it from a backup/,
    ],
    "half a certificate": [{ caCertPem: good.caCertPem.slice(0, 200) }, /ca-cert\.pem/],
    "roots that are none": [
      { rootCertPem: encodePem("CERTIFICATE", new Uint8Array(3)) },
      /root-cert\.pem/,
    ],
    "a chain that is none": [
      { certChainPem: encodePem("CERTIFICATE", new Uint8Array(3)) },
      /cert-chain\.pem/,
    ],
    "no key": [{ caKeyPem: "" }, /ca-key\.pem: failed to parse private key PEM/],
    "half a key": [
      { caKeyPem: good.caKeyPem.slice(0, 100) },
      /ca-key\.pem: failed to parse private key PEM/,
    ],
    "a key of another kind": [
      { caKeyPem: encodePrivateKeyPem(readKey("good/ed25519")) },
      /the cert does not match the key/,
    ],
    "the key of another set": [{ caKeyPem: other.caKeyPem }, /the cert does not match the key/],
    "the roots of another set": [
      { rootCertPem: other.rootCertPem },
      /cannot verify the cert with the provided root chain and cert pool/,
    ],
    "a certificate that is no CA's": [leafOnly, /not authorized to sign other certificates/],
  };
  for (const [name, [part, message]] of Object.entries(rows)) {
    await t.step(name, async () => await assertCorrupt({ ...good, ...part }, message));
  }
  await t.step("a key with the public half of another", async () => {
    const mine = readKey("good/p256").slice();
    const set = await mintSet({ nowMs: START, pkcs8: mine });
    const { pkcs8 } = await providerOf("webcrypto").generateKey({ type: "ec", curve: "P-256" });
    const mixed = pkcs8.slice();
    mixed.set(mine.subarray(mine.length - 64), mixed.length - 64);
    await assertCorrupt({ ...set, caKeyPem: encodePrivateKeyPem(mixed) }, /ca-key\.pem/);
  });
  await t.step("the good set is taken", async () => {
    const { ca } = await createTestCa({
      store: memoryCaStore(good),
      clock: createFakeClock(START),
    });
    ca[Symbol.dispose]();
  });
});

Deno.test("createCa() refuses a root outside of its validity at once", async () => {
  const set = await mintSet({ nowMs: START, ttlMs: DAY_MS });
  await assertCorrupt(set, /has expired at 2026-01-02T00:00:00\.000Z/, START + 2 * DAY_MS);
  await assertCorrupt(set, /is valid from 2026-01-01T00:00:00\.000Z/, START - DAY_MS);
});

Deno.test("createCa() serves a set whose roots file is empty: the certificate is its own root", async () => {
  const set = { ...await mintSet({ nowMs: START }), rootCertPem: "" };
  const { ca } = await createTestCa({ store: memoryCaStore(set), clock: createFakeClock(START) });
  using _ca = ca;
  assert.equal(ca.bundle.rootCertsPem, ca.bundle.caCertPem);
});

testProviders("createCa() signs by loaded keys of every kind", async (t, crypto) => {
  for (const name of ["p256", "p384", "p521", "rsa2048", "ed25519"]) {
    await t.step(name, async () => {
      const set = await mintSet({ nowMs: START, pkcs8: readKey(`good/${name}`) });
      const { ca } = await createTestCa({
        crypto,
        store: memoryCaStore(set),
        clock: createFakeClock(START),
      });
      using _ca = ca;
      const { issued, key } = await signOne(ca);
      await assertLeaf(issued.certificatePem, {
        bundle: ca.bundle,
        publicKey: key.publicKey,
        identities: [ID],
      });
    });
  }
});

Deno.test("Ca.reload() takes over another set, tells of it once, and goes on with it", async () => {
  const clock = createFakeClock(START);
  const store = memoryCaStore();
  const { ca } = await createTestCa({ store, clock });
  using _ca = ca;
  const told: number[] = [];
  using _subscription = ca.onChange(({ generation }) => void told.push(generation));
  assert.equal(await ca.reload(), false);
  const next = await mintSet({ nowMs: START, organization: "next" });
  await store.save(next);
  assert.equal(await ca.reload(), true);
  assert.equal(await ca.reload(), false);
  assert.deepEqual(told, [2]);
  assert.equal(ca.bundle.caCertPem, next.caCertPem);
  const { issued, key } = await signOne(ca);
  const leaf = await assertLeaf(issued.certificatePem, {
    bundle: ca.bundle,
    publicKey: key.publicKey,
    identities: [ID],
  });
  assert.equal(leaf.issuer, "O=next");
});

Deno.test("Ca.reload() of a bad set keeps the one before, and signs with it", async (t) => {
  const clock = createFakeClock(START);
  const good = await mintSet({ nowMs: START });
  const other = await mintSet({ nowMs: START });
  const rows: Readonly<Record<string, CaSet>> = {
    "another key": { ...good, caKeyPem: other.caKeyPem },
    "no certificate": { ...other, caCertPem: "" },
    "expired": await mintSet({ nowMs: START - 9 * DAY_MS, ttlMs: DAY_MS }),
  };
  for (const [name, bad] of Object.entries(rows)) {
    await t.step(name, async () => {
      const store = memoryCaStore(good);
      const { ca } = await createTestCa({ store, clock });
      using _ca = ca;
      const told: number[] = [];
      using _subscription = ca.onChange(({ generation }) => void told.push(generation));
      await store.save(bad);
      await assert.rejects(ca.reload(), (thrown) => isSignetError(thrown, "store.corrupt"));
      // The same bad set is judged once, not at every look.
      assert.equal(await ca.reload(), false);
      assert.deepEqual(told, []);
      assert.equal(ca.bundle.caCertPem, good.caCertPem);
      assert.equal((await signOne(ca)).issued.bundle.generation, 1);
      await store.save(other);
      assert.equal(await ca.reload(), true);
      assert.equal(ca.bundle.caCertPem, other.caCertPem);
    });
  }
});

testProviders(
  "Ca.sign() in flight during a reload ends with one set or the other, never a mix",
  async (_, crypto) => {
    const store = memoryCaStore();
    const { ca } = await createTestCa({ crypto, store, clock: createFakeClock(START) });
    using _ca = ca;
    const signing: ReturnType<typeof signOne>[] = [];
    for (let round = 0; round < 5; round++) {
      for (let n = 0; n < 10; n++) signing.push(signOne(ca));
      await store.save(await mintSet({ nowMs: START, organization: `set ${round}` }));
      for (let n = 0; n < 10; n++) signing.push(signOne(ca));
      assert.equal(await ca.reload(), true);
    }
    for (const { issued, key } of await Promise.all(signing)) {
      await assertLeaf(issued.certificatePem, {
        bundle: issued.bundle,
        publicKey: key.publicKey,
        identities: [ID],
      });
    }
  },
);

testProviders(
  "Ca.sign() that waits for its credential keeps the key that it began with through a reload",
  async (_, crypto) => {
    const store = memoryCaStore();
    const { ca } = await createTestCa({ crypto, store, clock: createFakeClock(START) });
    using _ca = ca;
    const { bundle } = ca;
    const key = makeTestKey("P-256");
    const issued = await ca.sign({
      csrPem: csrPem(makeCsr(key)),
      identities: [ID],
      requestedTtlSeconds: 0n,
      caller: "test",
      async beforeSigning() {
        await store.save(await mintSet({ nowMs: START, organization: "next" }));
        assert.equal(await ca.reload(), true);
      },
    });
    await assertLeaf(issued.certificatePem, {
      bundle,
      publicKey: key.publicKey,
      identities: [ID],
    });
    assert.equal((await signOne(ca)).issued.bundle.generation, 2);
  },
);

Deno.test("Ca.onChange() stops when it is disposed", async () => {
  const store = memoryCaStore();
  const { ca } = await createTestCa({ store, clock: createFakeClock(START) });
  using _ca = ca;
  let told = 0;
  ca.onChange(() => void told++)[Symbol.dispose]();
  await store.save(await mintSet({ nowMs: START }));
  assert.equal(await ca.reload(), true);
  assert.equal(told, 0);
});

Deno.test("Ca.sign() tells istiod's kind of error when the key fails", async () => {
  const { ca, records } = await createTestCa({
    crypto: providerOf("openssl"),
    store: memoryCaStore(await mintSet({ nowMs: START })),
    clock: createFakeClock(START),
  });
  // What a shutdown leaves behind: a key that signs no more.
  ca[Symbol.dispose]();
  await assert.rejects(signOne(ca), (thrown) => {
    assert.ok(isSignetError(thrown, "ca.cert_gen_error"), String(thrown));
    assert.ok(isSignetError(thrown.cause, "crypto.failed"));
    return true;
  });
  // The record before is there, the one after is not: an auditor sees that nothing came of it.
  const audit = records.filter(({ scope }) => scope === "audit");
  assert.deepEqual(audit.map(({ event }) => event), ["ca.certificate_signing"]);
});
