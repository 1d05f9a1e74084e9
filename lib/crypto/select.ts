/** Choosing the provider at start. */
import { SignetError } from "../base/mod.ts";
import { decodePublicKey } from "../x509/mod.ts";
import { LIBCRYPTO_PATHS } from "./libcrypto_paths.ts";
import { opensslProvider } from "./openssl.ts";
import type { CryptoProvider } from "./port.ts";
import { webCryptoProvider } from "./webcrypto.ts";

/** What the operator asked for. */
export type ProviderChoice = "auto" | "openssl" | "webcrypto";

/** The outcome. */
export interface SelectedProvider {
  /** The provider to use. */
  readonly provider: CryptoProvider;
  /** Libraries that could not be used, with the reason. */
  readonly refused: readonly { readonly path: string; readonly reason: string }[];
}

/**
 * Selects a provider: `auto` takes OpenSSL when a library of the fixed list opens and passes a self-test, else Web Crypto.
 *
 * @throws {SignetError} `crypto.unavailable` when OpenSSL was asked for and is not there.
 */
export async function selectProvider(
  choice: ProviderChoice,
  paths: readonly string[] = LIBCRYPTO_PATHS,
): Promise<SelectedProvider> {
  if (choice === "webcrypto") return { provider: webCryptoProvider(), refused: [] };
  const refused: { path: string; reason: string }[] = [];
  for (const path of paths) {
    const provider = opensslProvider(path);
    const reason = typeof provider === "string" ? provider : await selfTest(provider);
    if (reason === undefined) return { provider: provider as CryptoProvider, refused };
    refused.push({ path, reason });
  }
  if (choice === "auto") return { provider: webCryptoProvider(), refused };
  throw new SignetError(
    "crypto.unavailable",
    `Cannot use OpenSSL (--cryptoProvider): none of ${
      paths.join(", ")
    } is usable; install OpenSSL 3 or choose auto`,
  );
}

/** Signs, verifies, and verifies wrongly; a text says what went wrong. */
async function selfTest(provider: CryptoProvider): Promise<string | undefined> {
  const { pkcs8, spki } = await provider.generateKey({ type: "ec", curve: "P-256" });
  using key = await provider.importPrivateKey(pkcs8);
  const data = new Uint8Array([1, 2, 3]);
  const signature = await key.sign(data);
  const info = decodePublicKey(spki);
  if (!await provider.verify(info, key.scheme, data, signature)) {
    return "its own signature does not verify";
  }
  if (await provider.verify(info, key.scheme, new Uint8Array([1, 2, 4]), signature)) {
    return "it accepts a wrong signature";
  }
  return undefined;
}
