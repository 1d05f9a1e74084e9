/** Digests in process, for key identifiers and fingerprints. */
import { createHash } from "node:crypto";
import type { Bytes } from "../base/mod.ts";
import type { Hasher } from "./port.ts";

/** SHA-256 of `data`. */
export function sha256(data: Uint8Array): Bytes {
  return new Uint8Array(createHash("sha256").update(data).digest());
}

/** Octets of a key identifier. */
const KEY_IDENTIFIER_BYTES = 20;

/**
 * The leftmost 160 bits of SHA-256 over the subjectPublicKey BIT STRING's content (RFC 7093 section 2, method 1).
 * By default node:crypto makes the digest; a provider's own costs a tenth of that where one is at hand.
 */
export function keyIdentifier(keyBits: Uint8Array, hasher: Hasher = { sha256 }): Bytes {
  return hasher.sha256(keyBits).slice(0, KEY_IDENTIFIER_BYTES);
}
