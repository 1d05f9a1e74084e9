/** istiod's rule for revocation lists: every certificate of the chain has one, since a relying party such as Envoy needs one for each. */
import { messageOf, SignetError } from "../base/mod.ts";
import type { CryptoProvider } from "../crypto/mod.ts";
import {
  type Certificate,
  type CertificateList,
  decodeCrl,
  decodePem,
  describeName,
  isCrlOf,
} from "../x509/mod.ts";

/** Checks of one file: a chain of a handful of certificates against as many lists. */
const MAX_CRL_CHECKS = 100;

/** Decodes every list of a PEM text. @throws {SignetError} `store.corrupt`, naming `path`. */
export function decodeCrls(pem: string, path: string): readonly CertificateList[] {
  try {
    const crls = decodePem(pem, { label: "X509 CRL" }).map(({ der }) => decodeCrl(der));
    if (crls.length > 0) return crls;
  } catch (thrown) {
    throw new SignetError("store.corrupt", `Cannot use ${path}: ${messageOf(thrown)}`, {
      cause: thrown,
    });
  }
  throw new SignetError("store.corrupt", `Cannot use ${path}: it holds no X509 CRL block`);
}

/**
 * Checks that every certificate of `chain` signed at least one list. Whether a list is fresh is not looked at.
 *
 * @throws {SignetError} `store.corrupt` with istiod's text and the subjects without one.
 */
export async function checkCrls(
  chain: readonly Certificate[],
  { pem, path }: { readonly pem: string; readonly path: string },
  crypto: CryptoProvider,
): Promise<void> {
  const crls = decodeCrls(pem, path);
  if (chain.length * crls.length > MAX_CRL_CHECKS) {
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${path}: ${crls.length} lists for ${chain.length} certificates are more than ${MAX_CRL_CHECKS} checks`,
    );
  }
  const covered = new Set<string>();
  for (const certificate of chain) {
    for (const crl of crls) {
      const isOurs = await isCrlOf(
        crl,
        certificate,
        (key, scheme, data, signature) => crypto.verify(key, scheme, data, signature),
      );
      if (isOurs) covered.add(describeName(certificate.subject));
    }
  }
  const missing = chain.map(({ subject }) => describeName(subject)).filter((name) =>
    !covered.has(name)
  );
  if (missing.length === 0) return;
  throw new SignetError(
    "store.corrupt",
    `Cannot use ${path}: missing CRL signed by certificates: [${
      [...new Set(missing)].join(", ")
    }]; add their lists, or turn them off by PILOT_ENABLE_CA_CRL=false`,
  );
}
