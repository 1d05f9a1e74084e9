import assert from "node:assert/strict";
import { type CaSet, memoryCaStore } from "signet/store/mod.ts";

const SET: CaSet = { caCertPem: "a", caKeyPem: "b", rootCertPem: "c", certChainPem: "" };

Deno.test("memoryCaStore() is empty until something is saved", async () => {
  const store = memoryCaStore();
  assert.equal(store.location, "memory");
  assert.equal(await store.load(), undefined);
  assert.equal(await store.revision(), undefined);
});

Deno.test("memoryCaStore() begins with what it is given", async () => {
  const store = memoryCaStore(SET);
  assert.equal(await store.load(), SET);
  assert.notEqual(await store.revision(), undefined);
});

Deno.test("memoryCaStore() has another revision after every save, of the same set too", async () => {
  const store = memoryCaStore();
  const seen = new Set<string | undefined>([await store.revision()]);
  for (const set of [SET, SET, { ...SET, caCertPem: "z" }, SET]) {
    await store.save(set);
    assert.equal(await store.load(), set);
    seen.add(await store.revision());
  }
  assert.equal(seen.size, 5);
  assert.equal(await store.revision(), await store.revision());
});

Deno.test("Two memoryCaStore() know nothing of one another", async () => {
  const [one, two] = [memoryCaStore(), memoryCaStore()];
  await one.save(SET);
  assert.equal(await two.load(), undefined);
});
