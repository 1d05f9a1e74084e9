/** Keys for tests of formats: made, used and checked by `node:crypto`, so that no test of bytes depends on signet's own providers. */
import { Buffer } from "node:buffer";
import {
  constants,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  sign,
  verify,
} from "node:crypto";
import type { Bytes } from "signet/base/mod.ts";
import { decodePublicKey, type PublicKeyInfo, type SignatureScheme } from "signet/x509/mod.ts";

/** Kinds of test key. */
export const TEST_KEY_KINDS = ["P-256", "P-384", "P-521", "rsa", "ed25519"] as const;
/** A kind of test key. */
export type TestKeyKind = typeof TEST_KEY_KINDS[number];

/** A key pair that signs synchronously. */
export interface TestKey {
  /** Its public half. */
  readonly publicKey: PublicKeyInfo;
  /** How it signs. */
  readonly scheme: SignatureScheme;
  /** Signs; ECDSA as DER. */
  sign(data: Uint8Array): Bytes;
}

const EC_DIGESTS = { "P-256": "SHA-256", "P-384": "SHA-384", "P-521": "SHA-512" } as const;

/** Generates a key. */
export function makeTestKey(kind: TestKeyKind): TestKey {
  const { publicKey, privateKey, scheme } = generate(kind);
  const spki = Uint8Array.from(publicKey.export({ type: "spki", format: "der" }));
  return {
    publicKey: decodePublicKey(spki),
    scheme,
    sign: (data) => Uint8Array.from(sign(digestName(scheme), data, privateKey)),
  };
}

function generate(
  kind: TestKeyKind,
): { publicKey: KeyObject; privateKey: KeyObject; scheme: SignatureScheme } {
  switch (kind) {
    case "rsa":
      return {
        ...generateKeyPairSync("rsa", { modulusLength: 2048 }),
        scheme: { type: "rsa", digest: "SHA-256" },
      };
    case "ed25519":
      return { ...generateKeyPairSync("ed25519"), scheme: { type: "ed25519" } };
    default:
      return {
        ...generateKeyPairSync("ec", { namedCurve: kind }),
        scheme: { type: "ecdsa", digest: EC_DIGESTS[kind] },
      };
  }
}

function digestName(scheme: SignatureScheme): string | null {
  return scheme.type === "ed25519" ? null : scheme.digest.replace("-", "").toLowerCase();
}

/** Verifies with `node:crypto`; a `VerifySignature`. */
export function verifyWithNode(
  { spki }: PublicKeyInfo,
  scheme: SignatureScheme,
  data: Uint8Array,
  signature: Uint8Array,
): boolean {
  const key = createPublicKey({ key: Buffer.from(spki), format: "der", type: "spki" });
  const padding = scheme.type === "rsa" ? { padding: constants.RSA_PKCS1_PADDING } : {};
  return verify(digestName(scheme), data, { key, ...padding }, signature);
}
