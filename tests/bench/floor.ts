/**
 * The floor under every certificate: one P-256 signature and one verification by OpenSSL through FFI, and nothing else.
 *
 * The calls are those of the OpenSSL provider: `ECDSA_sign` with a key that stands ready, and for a foreign key `EC_KEY_oct2key` and
 * `ECDSA_verify`; digests are made beforehand.
 */
import { createHash } from "node:crypto";
import { LIBCRYPTO_PATHS } from "signet/crypto/mod.ts";
import { decodeCsrPem } from "signet/x509/mod.ts";

const P256_NID = 415;
const SYMBOLS = {
  EC_KEY_new_by_curve_name: { parameters: ["i32"], result: "pointer" },
  EC_KEY_generate_key: { parameters: ["pointer"], result: "i32" },
  EC_KEY_oct2key: { parameters: ["pointer", "buffer", "usize", "pointer"], result: "i32" },
  ECDSA_sign: {
    parameters: ["i32", "buffer", "i32", "buffer", "buffer", "pointer"],
    result: "i32",
  },
  ECDSA_verify: { parameters: ["i32", "buffer", "i32", "buffer", "i32", "pointer"], result: "i32" },
} as const;

/** Makes the floor's one operation; undefined when this machine has no libcrypto. */
export function createFloor(csrPem: string): (() => void) | undefined {
  const library = LIBCRYPTO_PATHS.map(open).find((opened) => opened !== undefined);
  if (library === undefined) return undefined;
  const ssl = library.symbols;
  const key = ssl.EC_KEY_new_by_curve_name(P256_NID);
  const foreign = ssl.EC_KEY_new_by_curve_name(P256_NID);
  if (ssl.EC_KEY_generate_key(key) !== 1) {
    throw new TypeError("Cannot measure: OpenSSL made no key");
  }
  const csr = decodeCsrPem(csrPem);
  const digest = new Uint8Array(createHash("sha256").update(csr.certificationRequestInfo).digest());
  const point = new Uint8Array(csr.publicKey.keyBits);
  const given = new Uint8Array(csr.signature);
  const signature = new Uint8Array(144);
  const length = new Uint32Array(1);
  return () => {
    const read = ssl.EC_KEY_oct2key(foreign, point, BigInt(point.length), null);
    const verified = ssl.ECDSA_verify(0, digest, digest.length, given, given.length, foreign);
    const signed = ssl.ECDSA_sign(0, digest, digest.length, signature, length, key);
    if (read + verified + signed !== 3) throw new TypeError("Cannot measure: OpenSSL failed");
  };
}

function open(path: string) {
  try {
    return Deno.dlopen(path, SYMBOLS);
  } catch {
    return undefined;
  }
}
