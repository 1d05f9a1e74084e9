/** libcrypto's functions that signet calls, and opening the library. */
import { messageOf } from "../base/mod.ts";

const pointer = "pointer";
const buffer = "buffer";

const SYMBOLS = {
  OpenSSL_version_num: { parameters: [], result: "u64" },
  ERR_clear_error: { parameters: [], result: "void" },
  EC_KEY_new_by_curve_name: { parameters: ["i32"], result: pointer },
  EC_KEY_free: { parameters: [pointer], result: "void" },
  EC_KEY_oct2key: { parameters: [pointer, buffer, "usize", pointer], result: "i32" },
  ECDSA_sign: { parameters: ["i32", buffer, "i32", buffer, buffer, pointer], result: "i32" },
  ECDSA_verify: { parameters: ["i32", buffer, "i32", buffer, "i32", pointer], result: "i32" },
  BIO_new_mem_buf: { parameters: [buffer, "i32"], result: pointer },
  BIO_s_mem: { parameters: [], result: pointer },
  BIO_new: { parameters: [pointer], result: pointer },
  BIO_read: { parameters: [pointer, buffer, "i32"], result: "i32" },
  BIO_free: { parameters: [pointer], result: "i32" },
  d2i_PUBKEY_bio: { parameters: [pointer, pointer], result: pointer },
  d2i_PrivateKey_bio: { parameters: [pointer, pointer], result: pointer },
  i2d_PUBKEY_bio: { parameters: [pointer, pointer], result: "i32" },
  EVP_PKEY_get1_EC_KEY: { parameters: [pointer], result: pointer },
  EVP_PKEY_free: { parameters: [pointer], result: "void" },
  EVP_MD_CTX_new: { parameters: [], result: pointer },
  EVP_MD_CTX_free: { parameters: [pointer], result: "void" },
  SHA1: { parameters: [buffer, "usize", buffer], result: pointer },
  SHA256: { parameters: [buffer, "usize", buffer], result: pointer },
  SHA384: { parameters: [buffer, "usize", buffer], result: pointer },
  SHA512: { parameters: [buffer, "usize", buffer], result: pointer },
  EVP_sha1: { parameters: [], result: pointer },
  EVP_sha256: { parameters: [], result: pointer },
  EVP_sha384: { parameters: [], result: pointer },
  EVP_sha512: { parameters: [], result: pointer },
  EVP_DigestVerifyInit: {
    parameters: [pointer, pointer, pointer, pointer, pointer],
    result: "i32",
  },
  EVP_DigestVerify: { parameters: [pointer, buffer, "usize", buffer, "usize"], result: "i32" },
  EVP_DigestSignInit: { parameters: [pointer, pointer, pointer, pointer, pointer], result: "i32" },
  EVP_DigestSign: { parameters: [pointer, buffer, buffer, buffer, "usize"], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The functions. */
export type OpenSsl = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** OpenSSL 3.0.0 as OpenSSL_version_num counts. */
const OLDEST_VERSION = 0x30000000n;

/** Opens the library at an absolute path; a text says why it cannot be used. */
export function openLibcrypto(path: string): OpenSsl | string {
  try {
    const library = Deno.dlopen(path, SYMBOLS);
    if (BigInt(library.symbols.OpenSSL_version_num()) >= OLDEST_VERSION) return library.symbols;
    library.close();
    return "it is older than OpenSSL 3";
  } catch (thrown) {
    return messageOf(thrown);
  }
}
