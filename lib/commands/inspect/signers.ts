/** Who signed each certificate of a file, looked for in the file itself. */
import { equalBytes } from "../../base/mod.ts";
import type { CryptoProvider } from "../../crypto/mod.ts";
import type { Certificate } from "../../x509/mod.ts";
import type { Signer } from "./certificate.ts";
import { isSignedBy } from "./signature.ts";

/** Signatures checked for one file; a chain needs one for each of its certificates. */
export const MAX_SIGNER_CHECKS = 400;

/** A certificate with the number of its block. */
export interface NumberedCertificate {
  /** Counted from 1. */
  readonly number: number;
  /** The certificate. */
  readonly certificate: Certificate;
}

/** The signer of each certificate, by the number of its block. Past the limit of checks the answer is `elsewhere`. */
export async function findSigners(
  certificates: readonly NumberedCertificate[],
  crypto: CryptoProvider,
): Promise<ReadonlyMap<number, Signer>> {
  const signers = new Map<number, Signer>();
  let checksLeft = MAX_SIGNER_CHECKS;
  for (const { number, certificate } of certificates) {
    let signer: Signer = { kind: "elsewhere" };
    const named = certificates.filter(({ certificate: { subject } }) =>
      equalBytes(subject, certificate.issuer)
    );
    for (const candidate of named) {
      if (checksLeft-- <= 0) break;
      const isItself = candidate.number === number;
      if (await isSignedBy(certificate, candidate.certificate, crypto)) {
        signer = isItself ? { kind: "itself" } : { kind: "block", number: candidate.number };
        break;
      }
      if (!isItself) signer = { kind: "forged", number: candidate.number };
    }
    signers.set(number, signer);
  }
  return signers;
}
