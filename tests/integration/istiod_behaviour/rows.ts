/** Behaviours that istiod's own tests pin, section 8 of the specification, each with the tests that hold signet to it. */
import type { Row } from "./row.ts";
import { IN_A_CLUSTER } from "./rows_cluster.ts";
import { FORMATS, SIGNING } from "./rows_signing.ts";

const CA = "unit/ca";
const LOAD = "integration/plugged_in_ca/load_test.ts";
const OWN_CERT = "integration/own_certificate";
const AUTHN = "unit/authn";
const RELOAD = "integration/plugged_in_ca/reload_test.ts";
const CONFIG = "unit/config";

const BOOTSTRAP: readonly Row[] = [
  {
    upstream: "TestNewServer",
    pins:
      "an empty secure address is no secure port; a JWT_RULE whose keys are out of reach still starts",
    cases: [
      `${CONFIG}/discovery_test.ts: readDiscovery() turns listeners off by an empty address, but not HTTP`,
      "integration/oidc/oidc_test.ts: a jwks_uri out of reach still starts",
    ],
  },
  {
    upstream: "TestNewServerCertInit",
    pins: "flags, then the well-known files, then the CA's own, or none",
    cases: [
      `${OWN_CERT}/source_test.ts: istiod's well-known files are served when all three are there`,
      `${OWN_CERT}/source_test.ts: flags win over them`,
      `${OWN_CERT}/source_test.ts: without a certificate the port is open and every handshake fails`,
      `${OWN_CERT}/source_test.ts: ENABLE_CA_SERVER=false serves files, and no certificate to anybody`,
    ],
  },
  {
    upstream: "TestReloadIstiodCert, TestReloadIstiodCABundle, TestReloadcacerts",
    pins:
      "changed files are served; a root alone leaves the certificate; a plugged-in chain is taken again",
    cases: [
      `${OWN_CERT}/swap_test.ts: files are swapped under load and no handshake fails`,
      `${OWN_CERT}/swap_test.ts: a plugged-in CA is swapped under load: certificate, roots of clients and metrics follow`,
      "integration/server_cert/files_test.ts: a file that cannot be used keeps what was read of it alone; the other file counts",
      "unit/server_cert/ten_years_test.ts: Client roots follow the CA at once, even when the own certificate cannot be issued",
    ],
  },
  {
    upstream: "TestIstiodCipherSuites, TestIstiodMinTLSVersion",
    pins:
      "a version below the floor fails the handshake; suites that cannot be enforced are refused at the start",
    cases: [
      "integration/openssl/s_client_test.ts: and a floor of TLS 1.3 holds",
      `${CONFIG}/option_test.ts: cipherSuitesOption() takes what restricts nothing, and says of the rest why not`,
    ],
  },
  {
    upstream: "TestIstiodReadinessHandler",
    pins: "/ready answers 200 on the HTTP ports when every part is ready",
    cases: ["integration/curl/curl_test.ts: curl reads the plain HTTP ports"],
  },
  {
    upstream: "TestInitOIDC, TestNewJwtAuthenticator, TestCheckAudience, TestOIDCAuthenticate",
    pins: "settings that are none, discovery that fails, audiences, tokens of each bad kind",
    cases: [
      "integration/oidc/oidc_test.ts: JWT_RULE that is wrong is a start error that says what",
      "integration/oidc/oidc_test.ts: without the CA the issuer is not trusted, and the start fails",
      "integration/oidc/oidc_test.ts: keys at jwks_uri are fetched with the first token",
      `${AUTHN}/id_token_test.ts: idTokenAuthenticator() accepts good tokens`,
      `${AUTHN}/id_token_test.ts: idTokenAuthenticator() refuses each kind of bad token with its reason and never repeats it`,
    ],
  },
  {
    upstream: "TestGetDNSNames",
    pins: "names of the own certificate: sorted, once each, revision, custom hosts",
    cases: [
      `${CONFIG}/discovery_test.ts: readDiscovery() names itself as istiod does, in a cluster and outside`,
    ],
  },
  {
    upstream: "TestWatchDNSCertForK8sCA (the renewal)",
    pins: "a certificate that has ended is issued anew, a valid one is left",
    cases: [
      "unit/server_cert/ten_years_test.ts: A jump of the clock to beyond the end renews at the next look",
      "unit/server_cert/ten_years_test.ts: Under a CA that is short-lived the certificate ends with it and is not renewed for nothing",
    ],
  },
  {
    upstream: "TestCheckCABundleCompleteness",
    pins: "a set without one of its files is incomplete, and is there",
    cases: [`${LOAD}: an incomplete set is refused in istiod's words, with what is missing`],
  },
  {
    upstream: "TestPemBundleHasSubsetRelation, TestVerifyTrustAnchor",
    pins: "roots change only when one set holds the other, and the mesh has several",
    cases: [
      `${RELOAD}: other roots are refused unless the mesh has several and one set holds the other`,
    ],
  },
];

const CALLERS: readonly Row[] = [
  {
    upstream:
      "TestCreateCertificateE2EUsingClientCertAuthenticator, TestAuthenticate_clientCertAuthenticator",
    pins:
      "no certificate, none that was verified, none with names are refused; names are issued again",
    cases: [
      `${AUTHN}/authenticate_test.ts: clientCertificateAuthenticator() gives the certificate's names or a reason`,
      "integration/client_certificates/client_certificates_test.ts: bad client certificates abort the handshake, resumed or not",
      "integration/grpc_go/issue_test.ts: grpc-go renews with the certificate it was issued",
    ],
  },
  {
    upstream: "TestExtractBearerToken",
    pins: "the first value with the prefix Bearer counts, others are passed over",
    cases: [
      `${AUTHN}/join_token_test.ts: joinTokenAuthenticator() leaves other credentials to others, and keeps its own from them`,
    ],
  },
  {
    upstream: "TestGetGeneralCertPoolAndVerifyPeerCert",
    pins: "several roots, a root of another, another trust domain",
    cases: [
      "unit/tls/peer_verifier_test.ts: createPeerVerifier() refuses each bad kind of client certificate, and says why",
      "unit/tls/peer_verifier_test.ts: createPeerVerifier() verifies clients of roots of every kind of key",
      "integration/client_certificates/client_certificates_test.ts: client certificates of other issuers abort the handshake",
    ],
  },
  {
    upstream: "TestDebugAuthorization, TestDebugProxyNamespaceRestriction",
    pins: "debug pages are for this machine alone, which is stricter",
    cases: [
      "unit/telemetry/debug_test.ts: answerDebug() refuses whoever is not on this machine and means it",
      "integration/debug/debug_test.ts: /debug answers this machine on both HTTP ports",
    ],
  },
];

const BEYOND: readonly Row[] = [
  {
    upstream: "(none)",
    pins: "a lifetime that overflows is above the maximum",
    cases: [
      `${CA}/profile_test.ts: grantTtl() refuses requests that would wrap in 64-bit nanoseconds`,
    ],
  },
  {
    upstream: "(none)",
    pins: "an identity with a comma is refused",
    cases: [`${CA}/sign_test.ts: a comma: two names for istiod`],
  },
  {
    upstream: "(none)",
    pins: "aud may be one text; sub has all of its parts",
    cases: [
      `${AUTHN}/id_token_test.ts: idTokenAuthenticator() refuses each kind of bad token with its reason and never repeats it`,
    ],
  },
  {
    upstream: "(none)",
    pins: "a client certificate of another trust domain is refused",
    cases: ["integration/client_certificates/client_certificates_test.ts: another trust domain"],
  },
  {
    upstream: "(none)",
    pins: "two that rotate at once take turns",
    cases: [
      "integration/ca_rotation/rotate_test.ts: several that rotate at once take turns, and each hears that its change is in force",
    ],
  },
  {
    upstream: "(none)",
    pins: "a token beside a bad client certificate; XDS_AUTH=false; plaintext",
    cases: [
      "integration/istiod_behaviour/statuses_test.ts: a good token beside a bad client certificate does not save the handshake",
      "integration/istiod_behaviour/statuses_test.ts: XDS_AUTH=false lets nobody in",
      "integration/istiod_behaviour/statuses_test.ts: the plaintext port has no CA, with a secure port or without",
    ],
  },
];

/** The table. */
export const ROWS: readonly Row[] = [
  ...BOOTSTRAP,
  ...SIGNING,
  ...FORMATS,
  ...CALLERS,
  ...BEYOND,
  ...IN_A_CLUSTER,
];

/** What signet has no counterpart of. */
export const NOT_YET: readonly Omit<Row, "cases">[] = [
  { upstream: "TestMultiplex, TestWebhookReadiness", pins: "webhooks" },
  {
    upstream: "TestKeyCertBundleWithRootCertFromFile, TestCertOptionsAndRetrieveID",
    pins: "functions that signet has no use for",
  },
  {
    upstream: "TestUpdateTrustAnchor, TestAddMeshConfigUpdate, TestRetrieveSpiffeBundleRootCerts",
    pins: "roots of other meshes",
  },
  { upstream: "TestExpandWithTrustDomains", pins: "aliases of trust domains, which xDS uses" },
];
