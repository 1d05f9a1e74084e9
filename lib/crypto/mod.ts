/**
 * Keys and signatures behind one port, with two providers: OpenSSL by FFI and Web Crypto.
 *
 * @example Sign and verify
 * ```ts
 * import { selectProvider } from "signet/crypto/mod.ts";
 * import { decodePublicKey } from "signet/x509/mod.ts";
 *
 * const { provider } = await selectProvider("webcrypto");
 * const { pkcs8, spki } = await provider.generateKey({ type: "ec", curve: "P-256" });
 * using key = await provider.importPrivateKey(pkcs8);
 * const data = new Uint8Array([1, 2, 3]);
 * const verified = await provider.verify(decodePublicKey(spki), key.scheme, data, await key.sign(data));
 * if (!verified) throw new TypeError("The signature is its own");
 * ```
 *
 * @module
 */
export { keyIdentifier, sha256 } from "./digest.ts";
export { encodePrivateKeyPem, parsePrivateKeyPem } from "./keys.ts";
export { LIBCRYPTO_PATHS } from "./libcrypto_paths.ts";
export type {
  CryptoProvider,
  Curve,
  Digest,
  GeneratedKey,
  Hasher,
  KeyKind,
  KeySpec,
  PublicKeyInfo,
  SignatureScheme,
  SigningKey,
  Verifier,
} from "./port.ts";
export { randomBytes } from "./random.ts";
export { selectProvider } from "./select.ts";
export type { ProviderChoice, SelectedProvider } from "./select.ts";
