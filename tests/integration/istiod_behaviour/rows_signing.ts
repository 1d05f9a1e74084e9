/** Rows of `rows.ts`: what the CA makes, and its formats. */
import type { Row } from "./row.ts";

const CA = "unit/ca";
const X509 = "unit/x509";
const LOAD = "integration/plugged_in_ca/load_test.ts";
const ROTATION = "unit/ca/rotation_test.ts";
const OWN_CERT = "integration/own_certificate";
const AUTHN = "unit/authn";

/** What the CA makes and keeps. */
export const SIGNING: readonly Row[] = [
  {
    upstream: "TestCreateSelfSignedIstioCAWithoutSecret, ...WithSecret, ...ReadSigningCertOnly",
    pins: "a root is made once, as asked for, and used byte for byte ever after",
    cases: [
      `${CA}/create_ca_test.ts: createCa() saves the root that it made and loads the same one ever after`,
      `${CA}/create_ca_test.ts: createCa() serves a set whose roots file is empty: the certificate is its own root`,
    ],
  },
  {
    upstream: "TestConcurrentCreateSelfSignedIstioCA",
    pins: "of several that would make a root one does",
    cases: [
      "integration/lifecycle/refused_start_test.ts: a second server on a state directory exits with one line",
      "integration/state_directory/file_store_test.ts: lockStateDirectory() is refused while another holds it, and free again afterwards",
    ],
  },
  {
    upstream: "TestCreatePluggedCertCA, ...WithCrl",
    pins: "files are kept byte for byte; the default lifetime ends with the chain",
    cases: [
      "integration/plugged_in_ca/server_test.ts: workloads get the chain and the roots that were plugged in",
      "integration/plugged_in_ca/server_test.ts: a TLS Secret from another folder, with a short chain",
      `${LOAD}: revocation lists: one of every certificate of the chain, or none`,
    ],
  },
  {
    upstream: "TestSignCSR, TestSignCSRWithTTLClamping, TestGenCertFromCSRWithTTLClamping",
    pins: "usages, CA flag, names of the caller, lifetimes, the CA's own end",
    cases: [
      `${CA}/sign_test.ts: Ca.sign() writes the caller's names of every kind in their order`,
      `${CA}/gen_key_cert_test.ts: Ca.sign() grants, refuses and cuts lifetimes`,
      `${CA}/gen_key_cert_test.ts: Ca.sign() never outlives the signing certificate, and stops with it`,
      `${CA}/profile_test.ts: leafValidity() refuses an expired signing certificate`,
      "integration/grpc_go/issue_test.ts: grpc-go's CSR chooses nothing but its key and whether a CN is set",
    ],
  },
  {
    upstream: "TestSignWithCertChain, TestGenKeyCert",
    pins: "leaf and chain; lifetimes above the maximum only where nobody checks",
    cases: [
      `${CA}/gen_key_cert_test.ts: Ca.signWithCertChain() and genKeyCert() append the intermediates, which chain to the root`,
      `${CA}/gen_key_cert_test.ts: Ca.genKeyCert() checks the lifetime only when it is asked to`,
      `${CA}/gen_key_cert_test.ts: 25 h over 24 h, checked`,
    ],
  },
  {
    upstream: "TestAppendRootCerts, TestAppendRootCertsToNullCert",
    pins: "texts are joined by one newline; a file that is empty is none",
    cases: [
      `${LOAD}: a TLS Secret whose files do not end with a newline`,
      `${LOAD}: a root alone, its chain file empty`,
    ],
  },
  {
    upstream:
      "TestJitterConfiguration, TestRootCertRotatorForSigningCitadel, ...KeepCertFieldsUnchanged",
    pins: "the delay of the first look; when a root is renewed; its key, subject and lifetime stay",
    cases: [
      `${ROTATION}: jitterMs() is in whole seconds from zero to below the interval`,
      `${ROTATION}: a root is renewed when a fifth of its life is left, and not a check before`,
      `${ROTATION}: a share of 0 renews a root that has ended, 100 at each check, and no interval never`,
      `${ROTATION}: renewRoot() mends a root that has ended, with its own lifetime`,
      `${ROTATION}: keyIdOf() is the digest of the key, the same for every certificate of it`,
    ],
  },
  {
    upstream: "TestKeyCertBundleReloadInRootCertRotator, TestRollbackAtRootCertRotator",
    pins: "another's rotation is taken up; a write that fails changes nothing",
    cases: [
      "integration/ca_rotation/rotate_test.ts: a renewed root is in force when the command ends, and what was issued stays good",
      `${ROTATION}: a write that fails leaves what is in force, and is tried again at the next check`,
      `${CA}/create_ca_test.ts: Ca.reload() of a bad set keeps the one before, and signs with it`,
    ],
  },
  {
    upstream: "TestNewVerifiedKeyCertBundleFromFile, ...WithCrl",
    pins: "CAs of one, two and three levels; each wrong set with its reason",
    cases: [
      `${LOAD}: a plugged-in set of any depth, key and layout is taken`,
      `${LOAD}: a set that does not hold together is refused with the file and istiod's reason`,
      `${LOAD}: revocation lists: one of every certificate of the chain, or none`,
    ],
  },
  {
    upstream:
      "TestExtractRootCertExpiryTimestamp, ...CACert..., TestTimeBeforeCertExpires, TestRecordCertsExipryMetrics",
    pins: "gauges of root and chain, negative when they have ended, anew after each change",
    cases: [
      "unit/grpc/services_test.ts: runCa() serves, follows the store, survives a bad set, and shows the root's end as it is now",
      "unit/asn1/values_test.ts: values read back as they were written",
      `${OWN_CERT}/swap_test.ts: a plugged-in CA is swapped under load: certificate, roots of clients and metrics follow`,
    ],
  },
];

/** Certificates, requests, keys and identities as bytes and texts. */
export const FORMATS: readonly Row[] = [
  {
    upstream:
      "TestGenCertKeyFromOptions, TestGenCertFromCSR, TestGenRootCertFromExistingKey, TestMergeCertOptions",
    pins:
      "names of each kind, a CN only when the CSR had one, no O, mixed kinds of keys, forms of private keys",
    cases: [
      `${CA}/sign_test.ts: Ca.sign() takes nothing of the CSR's subject but that it has a common name`,
      `${CA}/hostile_csr_test.ts: Ca.sign() holds CSRs to the operator's least RSA key`,
      "unit/crypto/keys_test.ts: encodePrivateKeyPem() writes istiod's forms, as openssl writes them",
      "integration/grpc_go/issue_test.ts: grpc-go gets a certificate that crypto/x509 accepts for every key kind",
      "integration/ca_rotation/clock_test.ts: new roots have the key that was asked for, and openssl accepts what they sign",
    ],
  },
  {
    upstream: "TestGenCSR, TestGenCSRWithInvalidOption, TestDualUseCommonName",
    pins: "kinds of keys that nobody should have are refused; a CN has at most 64 bytes",
    cases: [
      "integration/ca_rotation/clock_test.ts: a root key that nobody should have ends the start in istiod's words",
      `${CA}/sign_test.ts: Ca.sign() leaves a common name out when the first identity is longer than 64 bytes`,
      `${X509}/csr_test.ts: encodeCsr() writes what @peculiar/x509 reads and verifies`,
    ],
  },
  {
    upstream:
      "TestBuildSubjectAltNameExtension, TestBuildAndExtractIdentities, TestExtractIDs, TestExtractSANExtension",
    pins: "kinds of names, their order, malformed lists",
    cases: [
      `${X509}/subject_alt_name_test.ts: encodeSubjectAltNames() picks the kind as istiod does and keeps the order`,
      `${X509}/subject_alt_name_test.ts: decodeSubjectAltNames() reads every kind that openssl writes`,
      `${X509}/subject_alt_name_test.ts: decodeSubjectAltNames() refuses malformed names`,
      `${X509}/subject_alt_name_test.ts: decodeSubjectAltNames() refuses truncations and takes bit flips calmly`,
      `${X509}/tbs_certificate_test.ts: createLeafTemplate() marks the SAN critical exactly when the subject is empty`,
    ],
  },
  {
    upstream:
      "TestParsePemEncodedCertificate, ...Chain, ...CSR, ...Key, TestGetRSAKeySize, TestIsSupportedECPrivateKey, TestVerifyCert",
    pins: "armor, what stands around it, words for what is wrong, kinds of keys",
    cases: [
      "unit/asn1/pem_test.ts: decodeFirstPem() does not look behind the first block",
      "unit/asn1/pem_test.ts: decodePem() steps over other text, other labels and every kind of line end",
      `${X509}/csr_test.ts: decodeCsrPem() says istiod's words when there is no PEM`,
      `${X509}/csr_test.ts: decodeCsrPem() takes the first block of any label and ignores what follows`,
      `${X509}/public_key_test.ts: decodePublicKey() counts the bits of an RSA modulus`,
      "unit/crypto/keys_test.ts: parsePrivateKeyPem() gives one PKCS#8 for the forms of one key",
      `${X509}/chain_test.ts: verifyChain() refuses each bad kind, by code`,
    ],
  },
  {
    upstream: "TestError, TestCreateCertificate",
    pins: "each error's code and words; the order of the answer",
    cases: [
      "unit/grpc/wire_test.ts: signingFailure() gives each of the CA's errors istiod's status, text and label",
      "unit/grpc/ca_codec_test.ts: createAnswerEncoder() writes leaf, chain and roots as the general codec reads them",
      "integration/plugged_in_ca/server_test.ts: workloads get the chain and the roots that were plugged in",
    ],
  },
  {
    upstream: "TestGenSpiffeURI, TestMustGenSpiffeURI, TestIdentity",
    pins: "@ becomes a dot; empty namespaces and accounts; what is no identity",
    cases: [
      "unit/spiffe/spiffe_id_test.ts: sanitizeTrustDomain() writes every @ as a dot",
      "unit/spiffe/spiffe_id_test.ts: parseWorkloadIdentity() wants exactly istiod's five parts, of which two may be empty",
      "unit/spiffe/spiffe_id_test.ts: formatWorkloadIdentity() writes what parseWorkloadIdentity() reads, and nothing malformed",
    ],
  },
  {
    upstream: "TestGetWaitTime, TestGetExp, TestGetAud, TestBase64UrlPartDecoding",
    pins: "when a certificate is due; what the server's own token says",
    cases: [
      "unit/commands/renewal_test.ts: keepRenewed() renews at half of each life, and not before",
      "unit/commands/renewal_test.ts: dueMs() is never after the end and never before the start",
      `${AUTHN}/own_token_test.ts: parseOwnToken() reads issuer and first audience, with padding or without`,
      `${AUTHN}/own_token_test.ts: parseOwnToken() refuses what is no token and never repeats it`,
    ],
  },
  {
    upstream: "FuzzIstioCASign, FuzzCreateCertificate, FuzzReadCACert",
    pins: "no bytes from outside end the server",
    cases: [
      `${CA}/hostile_csr_test.ts: Ca.sign() of arbitrary bytes is a CSR error, whatever they are`,
      "unit/grpc/ca_codec_test.ts: decodePlainRequest() takes any bytes calmly",
      "unit/commands/inspect_test.ts: inspectFile() gives a description of every truncation and bit flip, and throws nothing",
    ],
  },
];
