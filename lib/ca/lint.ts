/**
 * The check of what is about to be signed, before the CA's key touches it.
 *
 * The shape of a leaf comes from one template, whose output certificate linters accept for every kind of key (tests run them);
 * what varies from leaf to leaf is its names, which are checked here.
 */
import { quote, SignetError } from "../base/mod.ts";

/** Most names in one certificate; a workload has one or a handful. */
const MAX_IDENTITIES = 100;
/** Longest name: a SPIFFE ID has at most 2048 bytes (SPIFFE ID specification, section 2.3). */
const MAX_IDENTITY_CHARS = 2048;
/** Printable ASCII without the comma: istiod joins names with commas and splits them again, which lets one name become two. */
const IDENTITY_REGEXP = /^[\x21-\x2b\x2d-\x7e]+$/;

/**
 * Checks the names of a certificate.
 *
 * @throws {SignetError} `ca.cert_gen_error` when there is none, too many, or one that no certificate may hold.
 */
export function lintIdentities(identities: readonly string[]): void {
  if (identities.length === 0 || identities.length > MAX_IDENTITIES) {
    throw new SignetError(
      "ca.cert_gen_error",
      `Cannot build certificate: it would have ${identities.length} names, should have 1 to ${MAX_IDENTITIES}`,
    );
  }
  for (const identity of identities) {
    if (identity.length > MAX_IDENTITY_CHARS || !IDENTITY_REGEXP.test(identity)) {
      throw new SignetError(
        "ca.cert_gen_error",
        `Cannot build certificate: name ${
          quote(identity)
        } should be 1 to ${MAX_IDENTITY_CHARS} printable ASCII characters without a comma`,
      );
    }
  }
}
