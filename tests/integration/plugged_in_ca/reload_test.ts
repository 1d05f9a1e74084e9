// Reloading a plugged-in CA by content, on a real disk and with openssl's files, without a server around it.
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import type { Ca, CaConfig } from "signet/ca/mod.ts";
import { type CaStore, memoryCaStore, pluggedInCa } from "signet/store/mod.ts";
import {
  type Authority,
  authorityMaker,
  istioFiles,
  swapFiles,
  tlsFiles,
  writeFiles,
} from "../../support/ca_sets.ts";
import { testWithPeers } from "../../support/peers.ts";
import { tempDir } from "../../support/process.ts";
import { createTestCa } from "../../support/test_ca.ts";

interface World {
  readonly directory: string;
  readonly ca: Ca;
  readonly store: CaStore;
  readonly root: Authority;
  readonly other: Authority;
  readonly one: Authority;
  readonly two: Authority;
  /** A CA of `other`. */
  readonly stranger: Authority;
}

/** A CA that was started on `one`, in plain files. */
async function withWorld(
  openssl: string,
  config: Partial<CaConfig["pluggedIn"]>,
  test: (world: World) => Promise<void>,
): Promise<void> {
  await using dir = await tempDir();
  const make = authorityMaker(openssl, dir.path);
  const root = await make("root");
  const other = await make("other");
  const one = await make("one", { issuer: root });
  const two = await make("two", { issuer: root });
  const stranger = await make("stranger", { issuer: other });
  const directory = `${dir.path}/cacerts`;
  await writeFiles(directory, istioFiles({ ca: one, roots: [root] }));
  const store = memoryCaStore();
  const { ca } = await createTestCa({
    store,
    pluggedIn: pluggedInCa({ directory, withCrl: true }),
    config: { pluggedIn: { reload: true, multiRoot: false, ...config } },
  });
  using _ = ca;
  assert.equal(ca.bundle.caCertPem, one.certPem);
  const awake = setInterval(() => {}, 1_000); // the clock's own timers do not keep the process alive
  try {
    await test({ directory, ca, store, root, other, one, two, stranger });
  } finally {
    clearInterval(awake);
  }
}

/** The reload is refused with a reason, once, and what was in force stays. */
async function refused(ca: Ca, reason: RegExp): Promise<void> {
  const before = ca.bundle;
  await assert.rejects(() => ca.reload(), (thrown) => {
    assert(isSignetError(thrown), String(thrown));
    assert.match(thrown.message, reason);
    return true;
  });
  assert.equal(await ca.reload(), false, "and is not told again");
  assert.equal(ca.bundle, before);
}

testWithPeers(
  "what commands are told of a refused set is over when the set before is back",
  [
    "openssl",
  ],
  (_t, { openssl }) =>
    withWorld(openssl, {}, async ({ directory, ca, store, root, one, stranger, other }) => {
      await ca.announce();
      const first = await store.report.read();
      assert.equal(first?.refused, undefined);
      await writeFiles(directory, istioFiles({ ca: stranger, roots: [other] }));
      await refused(ca, /its roots have changed/);
      assert.match((await store.report.read())?.refused ?? "", /its roots have changed/);
      await writeFiles(directory, istioFiles({ ca: one, roots: [root] }));
      assert.equal(await ca.reload(), false);
      assert.deepEqual(await store.report.read(), first);
    }),
);

testWithPeers("swapped links and overwritten files are taken alike, by content", ["openssl"], (
  t,
  { openssl },
) =>
  withWorld(openssl, {}, async ({ directory, ca, root, one, two }) => {
    const told: number[] = [];
    using _ = ca.onChange(({ generation }) => told.push(generation));
    const inForce = (authority: Authority) => {
      assert.equal(ca.bundle.caCertPem, authority.certPem);
      assert.deepEqual(ca.bundle.chainPems, [authority.certPem]);
    };
    await t.step("nothing changed", async () => assert.equal(await ca.reload(), false));
    await t.step("the same contents, written again", async () => {
      await writeFiles(directory, istioFiles({ ca: one, roots: [root] }));
      assert.equal(await ca.reload(), false);
    });
    await t.step("overwritten", async () => {
      await writeFiles(directory, istioFiles({ ca: two, roots: [root] }));
      assert.equal(await ca.reload(), true);
      inForce(two);
    });
    await t.step("links as the kubelet swaps them", async () => {
      await Deno.remove(directory, { recursive: true });
      await swapFiles(directory, istioFiles({ ca: two, roots: [root] }));
      assert.equal(await ca.reload(), false, "the contents are the same");
      await swapFiles(directory, istioFiles({ ca: one, roots: [root] }));
      assert.equal(await ca.reload(), true);
      inForce(one);
      await swapFiles(directory, istioFiles({ ca: two, roots: [root] }));
      assert.equal(await ca.reload(), true);
      inForce(two);
    });
    await t.step("the other layout", async () => {
      await Deno.remove(directory, { recursive: true });
      await writeFiles(directory, tlsFiles({ ca: one, roots: [root] }));
      assert.equal(await ca.reload(), true);
      assert.deepEqual(ca.bundle.chainPems, [one.certPem, root.certPem]);
    });
    assert.deepEqual(told, [2, 3, 4, 5]);
    const leaf = await ca.genKeyCert({
      hosts: ["localhost"],
      ttlMs: 3_600_000,
      checkLifetime: true,
      caller: "test",
    });
    assert.ok(leaf.certChainPem.endsWith(one.certPem + root.certPem));
  }));

testWithPeers("no half of a set goes into force, whichever file comes first", ["openssl"], (
  t,
  { openssl },
) =>
  withWorld(openssl, {}, async ({ directory, ca, root, one, two }) => {
    const before = istioFiles({ ca: one, roots: [root] });
    const after = istioFiles({ ca: two, roots: [root] });
    const names = ["ca-cert.pem", "ca-key.pem", "cert-chain.pem"] as const;
    for (let half = 1; half < 7; half++) {
      const written = names.filter((_, bit) => (half >> bit) & 1);
      await t.step(`${written.join(" and ")} alone`, async () => {
        await writeFiles(
          directory,
          Object.fromEntries(written.map((name) => [name, after[name]!])),
        );
        await refused(ca, /^Cannot (use|reload) /);
        assert.deepEqual(ca.bundle.chainPems, [one.certPem]);
        await writeFiles(directory, before);
        assert.equal(await ca.reload(), false, "back where it was");
        assert.equal(ca.bundle.caCertPem, one.certPem);
      });
    }
    for (const name of names) {
      await t.step(`${name} cut short`, async () => {
        await Deno.writeTextFile(`${directory}/${name}`, after[name]!.slice(0, 90));
        await refused(ca, new RegExp(name));
        await Deno.remove(`${directory}/${name}`);
        await refused(ca, /incomplete signing CA bundle detected/);
        await writeFiles(directory, before);
        assert.equal(await ca.reload(), false);
      });
    }
    await t.step("all gone", async () => {
      await Deno.remove(directory, { recursive: true });
      await refused(ca, /its files are gone/);
    });
    await t.step("and there again", async () => {
      await writeFiles(directory, after);
      assert.equal(await ca.reload(), true);
      assert.equal(ca.bundle.caCertPem, two.certPem);
    });
  }));

testWithPeers("other roots are refused unless the mesh has several and one set holds the other", [
  "openssl",
], async (t, { openssl }) => {
  await t.step(
    "one root",
    () =>
      withWorld(openssl, {}, async ({ directory, ca, root, other, one, stranger }) => {
        await writeFiles(directory, istioFiles({ ca: stranger, roots: [other] }));
        await refused(ca, /its roots have changed/);
        await writeFiles(directory, istioFiles({ ca: one, roots: [root, other] }));
        await refused(ca, /its roots have changed/);
      }),
  );
  await t.step("several", () =>
    withWorld(openssl, { multiRoot: true }, async (world) => {
      const { directory, ca, root, other, one, stranger } = world;
      await writeFiles(directory, istioFiles({ ca: stranger, roots: [other] }));
      await refused(ca, /neither the old roots nor the new/);
      await writeFiles(directory, istioFiles({ ca: one, roots: [root, other] }));
      assert.equal(await ca.reload(), true, "one more");
      await writeFiles(directory, istioFiles({ ca: one, roots: [other, root] }));
      assert.equal(await ca.reload(), true, "in another order");
      await writeFiles(directory, istioFiles({ ca: stranger, roots: [other, root] }));
      assert.equal(await ca.reload(), true, "the other one signs");
      await writeFiles(directory, istioFiles({ ca: stranger, roots: [other] }));
      assert.equal(await ca.reload(), true, "one fewer");
      assert.equal(ca.bundle.rootCertsPem, other.certPem);
    }));
});

testWithPeers("revocation lists follow their file, and stay when it is taken away", ["openssl"], (
  _t,
  { openssl },
) =>
  withWorld(openssl, {}, async ({ directory, ca, root, one, two }) => {
    assert.equal(ca.bundle.crlPem, undefined);
    const crl = await one.crl();
    await writeFiles(directory, { "ca-crl.pem": crl });
    assert.equal(await ca.reload(), true);
    assert.equal(ca.bundle.crlPem, crl);
    await writeFiles(directory, { "ca-crl.pem": await two.crl() });
    await refused(ca, /missing CRL signed by certificates: \[O=one\]/);
    await Deno.remove(`${directory}/ca-crl.pem`);
    await writeFiles(directory, istioFiles({ ca: two, roots: [root] }));
    assert.equal(await ca.reload(), true);
    assert.equal(ca.bundle.crlPem, crl);
  }));

testWithPeers(
  "AUTO_RELOAD_PLUGIN_CERTS=false looks no more",
  ["openssl"],
  (_t, { openssl }) =>
    withWorld(openssl, { reload: false }, async ({ directory, ca, root, one, two }) => {
      await writeFiles(directory, istioFiles({ ca: two, roots: [root] }));
      assert.equal(await ca.reload(), false);
      assert.equal(ca.bundle.caCertPem, one.certPem);
    }),
);
