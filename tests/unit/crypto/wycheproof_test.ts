/** Both providers against Project Wycheproof: wrong padding, odd encodings, numbers at their edges, keys of special values. */
import assert from "node:assert/strict";
import { isSignetError } from "signet/base/mod.ts";
import type { CryptoProvider, SignatureScheme } from "signet/crypto/mod.ts";
import { decodePublicKey, type PublicKeyInfo } from "signet/x509/mod.ts";
import { testProviders } from "../../support/providers.ts";

/** Number in Wycheproof's file, verdict (1 valid, -1 invalid, 0 a matter of taste), comment, message, signature. */
type WycheproofTest = readonly [
  number: number,
  verdict: 1 | 0 | -1,
  comment: string,
  msg: string,
  sig: string,
];

interface WycheproofFile {
  readonly name: string;
  readonly scheme: SignatureScheme;
  readonly groups: readonly { readonly spki: string; readonly tests: readonly WycheproofTest[] }[];
}

const FILES: readonly WycheproofFile[] = JSON.parse(
  Deno.readTextFileSync(new URL("../../vectors/wycheproof/signatures.json", import.meta.url)),
);

/** Whether the provider takes the signature; an error that it may throw about a key counts as a refusal. */
async function accepts(
  provider: CryptoProvider,
  key: PublicKeyInfo,
  scheme: SignatureScheme,
  [, , , msg, sig]: WycheproofTest,
): Promise<boolean> {
  try {
    return await provider.verify(
      key,
      scheme,
      Uint8Array.fromBase64(msg),
      Uint8Array.fromBase64(sig),
    );
  } catch (thrown) {
    assert.ok(isSignetError(thrown, "crypto.bad_key"), String(thrown));
    return false;
  }
}

testProviders("judges Wycheproof's signatures as Wycheproof does", async (t, provider) => {
  for (const { name, scheme, groups } of FILES) {
    await t.step(name, async () => {
      const wrong: string[] = [];
      for (const { spki, tests } of groups) {
        const key = decodePublicKey(Uint8Array.fromBase64(spki));
        await Promise.all(tests.map(async (test) => {
          const [number, verdict, comment] = test;
          const accepted = await accepts(provider, key, scheme, test);
          // What is a matter of taste (a DigestInfo without NULL) signet refuses.
          if (accepted !== (verdict === 1)) wrong.push(`${number} ${comment}: ${accepted}`);
        }));
      }
      assert.deepEqual(wrong, []);
    });
  }
});
