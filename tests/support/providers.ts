/** Tests that run once for each crypto provider, so that both pass the same table. */
import { type CryptoProvider, selectProvider } from "signet/crypto/mod.ts";

/** Names of the providers. */
export const PROVIDERS = ["openssl", "webcrypto"] as const;

/** Opened before the tests, as an open library inside of one is a leak. A CI machine without OpenSSL 3 is broken. */
const FOUND: Readonly<Record<string, CryptoProvider>> = Object.fromEntries(
  [(await selectProvider("auto")).provider, (await selectProvider("webcrypto")).provider].map(
    (provider) => [provider.name, provider],
  ),
);

/** A provider by its name; fails when this machine has none. */
export function providerOf(name: typeof PROVIDERS[number]): CryptoProvider {
  const provider = FOUND[name];
  if (provider === undefined) throw new TypeError(`There is no ${name} on this machine`);
  return provider;
}

/**
 * Registers `test` for both providers, with the provider's name before the claim. Without OpenSSL its half fails in CI and is skipped
 * aloud elsewhere.
 */
export function testProviders(
  claim: string,
  test: (t: Deno.TestContext, provider: CryptoProvider) => Promise<void>,
): void {
  for (const name of PROVIDERS) {
    const missing = FOUND[name] === undefined;
    Deno.test({
      name: `${name}: ${claim}${missing ? " (skipped: no OpenSSL 3 here)" : ""}`,
      ignore: missing && Deno.env.get("CI") !== "true",
      fn: async (t) => await test(t, providerOf(name)),
    });
  }
}
