import assert from "node:assert/strict";

import { selectProvider } from "signet/crypto/mod.ts";
import { decodePublicKey } from "signet/x509/mod.ts";

/** FIPS 180-2, appendix B.1: the SHA-256 of "abc". */
const ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
const SPECS = [
  { type: "ec", curve: "P-256" },
  { type: "ec", curve: "P-384" },
  { type: "ec", curve: "P-521" },
] as const;
const [FIRST, SECOND] = [new Uint8Array(300).fill(1), new Uint8Array(30).fill(2)];
// Outside the test: a provider holds its library for as long as the process lives.
const { provider } = await selectProvider("auto");
const { provider: judge } = await selectProvider("webcrypto");

Deno.test("a provider's signatures and digests stay as they are while it makes others", async (t) => {
  for (const spec of SPECS) {
    await t.step(`${provider.name}, ${spec.curve}`, async () => {
      const { pkcs8, spki } = await provider.generateKey(spec);
      using key = await provider.importPrivateKey(pkcs8);
      const signatures = [await key.sign(FIRST), await key.sign(SECOND)];
      const digest = provider.sha256(new TextEncoder().encode("abc"));
      await key.sign(FIRST);
      assert.equal(digest.toHex(), ABC);
      const publicKey = decodePublicKey(spki);
      const verdicts = [];
      for (const data of [FIRST, SECOND]) {
        for (const signature of signatures) {
          verdicts.push(await judge.verify(publicKey, key.scheme, data, signature));
        }
      }
      assert.deepEqual(verdicts, [true, false, false, true]);
    });
  }
});
