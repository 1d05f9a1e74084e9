import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import { providerOf, PROVIDERS, testProviders } from "../../support/providers.ts";
import { readKey, SIGNED } from "../../support/key_vectors.ts";

Deno.test("openssl: a disposed key refuses to sign, and may be disposed again", {
  ignore: !PROVIDERS.includes("openssl"),
}, async () => {
  for (const name of ["p256", "rsa2048", "ed25519"]) {
    const key = await providerOf("openssl").importPrivateKey(readKey(`good/${name}`));
    key[Symbol.dispose]();
    key[Symbol.dispose]();
    assert.throws(() => key.sign(SIGNED), (thrown) => isSignetError(thrown, "crypto.failed"));
  }
});

testProviders("disposing one key leaves another of the same bytes alone", async (_, provider) => {
  const first = await provider.importPrivateKey(readKey("good/p256"));
  using second = await provider.importPrivateKey(readKey("good/p256"));
  first[Symbol.dispose]();
  assert.ok((await second.sign(SIGNED)).length > 0);
});
