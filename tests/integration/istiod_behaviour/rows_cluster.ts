/** Behaviours that istiod's own tests pin where it runs in a cluster, each with the tests that hold signet to it. */
import type { Row } from "./row.ts";

const KUBERNETES = "integration/kubernetes";
const AUTHN = "unit/authn";
const RA = "unit/ca/registration_test.ts";
const REQUEST = "unit/kube/signing_request_test.ts";

/** The table. */
export const IN_A_CLUSTER: readonly Row[] = [
  {
    upstream: "TestRemoteCerts, TestRemoteTLSCerts, TestBuildSecret",
    pins: "the cluster's plugged-in CA is copied once; Secrets have istiod's type and keys",
    cases: [
      `${KUBERNETES}/callers_test.ts: a plugged-in CA of the cluster is copied where none is mounted, once`,
      "unit/kube/ca_secret_test.ts: newSecret() has istiod's type and keys, and the mark in cacerts alone",
    ],
  },
  {
    upstream: "TestRootCertRotatorWithoutRootCertSecret",
    pins: "a Secret that went away is not made anew",
    cases: [
      `${KUBERNETES}/ca_test.ts: a Secret that went away is not made anew; one that is wrong ends a start at once`,
    ],
  },
  {
    upstream: "TestCreateCertificateE2EWithImpersonateIdentity, Test*NodeAuthorization",
    pins: "every refusal of impersonation; pods of the node alone",
    cases: [
      `${AUTHN}/node_authorizer_test.ts: everything else is refused, with why for the log`,
      `${KUBERNETES}/callers_test.ts: a node's proxy gets the certificates of the pods on its node`,
      `${KUBERNETES}/callers_test.ts: and nobody else's`,
      `${KUBERNETES}/callers_test.ts: a pod that is gone is nobody any more`,
    ],
  },
  {
    upstream: "TestIsTrustedAddress, TestXfccAuthenticator",
    pins: "XFCC: whose header is believed, and what it says",
    cases: [
      `${AUTHN}/xfcc_test.ts: the header is believed of the gateways' addresses and of this machine, no other`,
      `${AUTHN}/xfcc_test.ts: the names of every hop are taken in order: URIs, DNS names, the subject's common name`,
      `${AUTHN}/xfcc_test.ts: a header that cannot be read is refused with why`,
      `${KUBERNETES}/callers_test.ts: a gateway on this machine is believed, once it is set that any is`,
    ],
  },
  {
    upstream: "TestAuthenticate, TestNewKubeJWTAuthenticator, TestGetTokenReviewResult",
    pins: "TokenReview: own cluster, aliases, remote clusters, unknown ones; each check",
    cases: [
      `${AUTHN}/kube_token_test.ts: judgeReview() makes istiod's checks in istiod's order`,
      `${KUBERNETES}/token_test.ts: the header clusterid names this cluster, by its name or alias, or no other`,
      `${KUBERNETES}/callers_test.ts: a cluster that nobody told of is unknown`,
      `${KUBERNETES}/callers_test.ts: a Secret brings it, by its name and its alias`,
    ],
  },
  {
    upstream: "TestCompareCSRs, TestValidateCSR, TestK8sSign, TestK8sSignWithMeshConfig",
    pins: "the registration authority: CSRs, signers, sources of roots",
    cases: [
      `${RA}: a CSR that says more than its caller, or less, never reaches the signer`,
      `${RA}: subjects of Istio's agents are empty in three ways`,
      `${RA}: roots: the file's, else the mesh config's for the signer, else the end of the signer's own chain`,
      `${KUBERNETES}/signers_test.ts: another root in the mesh config is followed at once`,
    ],
  },
  {
    upstream: "TestGenKeyCertK8sCA, TestReadCACert, TestSubmitCSR, TestReadSignedCertificate",
    pins: "CertificateSigningRequests: approved, then signed; what is no certificate fails",
    cases: [
      `${REQUEST}: a request is made, approved, watched from there, and deleted`,
      `${REQUEST}: an answer that is too large or no base64 is not taken`,
      `${RA}: an answer that is not the CSR's certificate goes no further`,
    ],
  },
  {
    upstream: "TestInsertDataToConfigMap, TestNamespaceController, TestController, TestWatcher",
    pins: "roots in every namespace or in a ClusterTrustBundle, mended",
    cases: [
      `${KUBERNETES}/ca_test.ts: its root is in every namespace, and repaired`,
      `${KUBERNETES}/callers_test.ts: the roots are in a ClusterTrustBundle, mended when it is changed or gone`,
    ],
  },
];
