/**
 * What a CSR must be before it is signed: PKCS#10 in PEM, a key and a signature of the accepted kinds, signed by that very key.
 * Only its public key, and whether its subject has a common name, is used; every other wish in it is ignored.
 */
import { isSignetError, messageOf, SignetError } from "../base/mod.ts";
import type { Verifier } from "../crypto/mod.ts";
import { decodeCsrPem, type DecodedCsr } from "../x509/mod.ts";

/** Rules for CSRs beside those of the format. */
export interface CsrRules {
  /** Smallest RSA modulus in bits; 1024 as istiod, 2048 by the operator's switch. */
  readonly minRsaBits: number;
}

/**
 * Reads a CSR and checks its signature.
 *
 * @throws {SignetError} `ca.csr_error` for anything that is wrong with it.
 */
export async function acceptCsr(
  pem: string,
  verifier: Verifier,
  rules: CsrRules,
): Promise<DecodedCsr> {
  const csr = decode(pem);
  const { kind } = csr.publicKey;
  if (kind.type === "rsa" && kind.bits < rules.minRsaBits) {
    throw new SignetError(
      "ca.csr_error",
      `certificate signing request has an RSA key of ${kind.bits} bits, at least ${rules.minRsaBits} are required`,
    );
  }
  if (!await verifySelfSignature(csr, verifier)) {
    throw new SignetError(
      "ca.csr_error",
      "certificate signing request is not signed by its own key",
    );
  }
  return csr;
}

function decode(pem: string): DecodedCsr {
  try {
    return decodeCsrPem(pem);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError("ca.csr_error", messageOf(thrown), { cause: thrown });
  }
}

async function verifySelfSignature(csr: DecodedCsr, verifier: Verifier): Promise<boolean> {
  try {
    const { publicKey, signatureScheme, certificationRequestInfo, signature } = csr;
    return await verifier.verify(publicKey, signatureScheme, certificationRequestInfo, signature);
  } catch (thrown) {
    if (!isSignetError(thrown, "crypto.bad_key", "crypto.unsupported_algorithm")) throw thrown;
    throw new SignetError(
      "ca.csr_error",
      `certificate signing request has an unusable key: ${messageOf(thrown)}`,
      { cause: thrown },
    );
  }
}
