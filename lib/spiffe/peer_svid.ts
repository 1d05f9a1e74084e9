/**
 * The SPIFFE rule for certificates of peers, applied after the chain has been verified (X.509-SVID, sections 2, 4 and 5.2; istiod's
 * peer certificate verifier).
 */
import { quote, SignetError } from "../base/mod.ts";
import { type Certificate, KEY_USAGE } from "../x509/mod.ts";
import { parseWorkloadIdentity, type WorkloadIdentity } from "./workload_identity.ts";

/**
 * Checks that a verified leaf is the X509-SVID of a workload of `trustDomain` and returns whose. Aliases of the trust domain are
 * not accepted, as in istiod. A certificate that may sign others is refused, which the SPIFFE standard asks for and istiod omits.
 *
 * @throws {SignetError} `spiffe.bad_id` when there is not exactly one URI name, or it is not a workload's; `spiffe.bad_trust_domain`
 * with istiod's words `no cert pool found for trust domain X`; `x509.bad_extension` for a CA.
 */
export function checkPeerSvid(certificate: Certificate, trustDomain: string): WorkloadIdentity {
  const { basicConstraints, keyUsage = 0, subjectAltNames } = certificate;
  if (
    basicConstraints?.ca === true || (keyUsage & (KEY_USAGE.keyCertSign | KEY_USAGE.cRLSign)) !== 0
  ) {
    throw new SignetError(
      "x509.bad_extension",
      "Cannot accept peer: its certificate is a CA's, should be a leaf",
    );
  }
  const uris = subjectAltNames.filter(({ type }) => type === "uri");
  const uri = uris[0];
  if (uri === undefined || uris.length > 1) {
    throw new SignetError(
      "spiffe.bad_id",
      `peer certificate does not contain 1 URI type SAN, detected ${uris.length}`,
    );
  }
  const identity = parseWorkloadIdentity(uri.value);
  if (identity.trustDomain !== trustDomain) {
    throw new SignetError(
      "spiffe.bad_trust_domain",
      `no cert pool found for trust domain ${quote(identity.trustDomain).slice(1, -1)}`,
    );
  }
  return identity;
}
