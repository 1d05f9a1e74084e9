/** The vectors of `tests/vectors/keys`: openssl's private keys, and what openssl signed with them. */
import type { Bytes } from "signet/base/mod.ts";
import { parsePrivateKeyPem, type SignatureScheme } from "signet/crypto/mod.ts";
import { decodePublicKey, type PublicKeyInfo } from "signet/x509/mod.ts";

const FOLDER = new URL("../vectors/keys/", import.meta.url);

/** The six bytes that openssl signed. */
export const SIGNED: Bytes = new TextEncoder().encode("signet");

/** One signature of openssl's. */
export interface SignatureVector {
  /** Name of the key, as its file. */
  readonly key: string;
  /** Key and digest, for the names of steps. */
  readonly name: string;
  /** The public key. */
  readonly publicKey: PublicKeyInfo;
  /** How it was signed. */
  readonly scheme: SignatureScheme;
  /** The signature. */
  readonly signature: Bytes;
}

/** PEM text of a key: `good/p256`. */
export function readKeyPem(name: string): string {
  return Deno.readTextFileSync(new URL(`${name}.pem`, FOLDER));
}

/** PKCS#8 of a key. */
export function readKey(name: string): Bytes {
  return parsePrivateKeyPem(readKeyPem(name));
}

/** Names of the keys of a folder, sorted. */
export function listKeys(folder: "good" | "bad"): readonly string[] {
  return [...Deno.readDirSync(new URL(folder, FOLDER))].map(({ name }) => name.replace(".pem", ""))
    .sort();
}

/** Every signature. */
export function readSignatures(): readonly SignatureVector[] {
  const lines = Deno.readTextFileSync(new URL("signatures.txt", FOLDER)).trim().split("\n");
  return lines.map((line) => {
    const [key, digest, spki, signature] = line.split(" ") as [string, string, string, string];
    const publicKey = decodePublicKey(Uint8Array.fromBase64(spki));
    return {
      key,
      name: `${key} ${digest}`,
      publicKey,
      scheme: schemeOf(publicKey, digest),
      signature: Uint8Array.fromBase64(signature),
    };
  });
}

const DIGESTS = { sha1: "SHA-1", sha256: "SHA-256", sha384: "SHA-384", sha512: "SHA-512" } as const;

function schemeOf({ kind }: PublicKeyInfo, digest: string): SignatureScheme {
  if (kind.type === "ed25519") return { type: "ed25519" };
  return {
    type: kind.type === "rsa" ? "rsa" : "ecdsa",
    digest: DIGESTS[digest as keyof typeof DIGESTS],
  };
}
