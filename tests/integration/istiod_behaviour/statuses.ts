/**
 * Every status of CreateCertificate: section 4.4 of the specification, what gRPC itself prescribes, and signet's own. A case is
 * `file: test`, or `file: step` for a step of a test.
 */

/** One situation of a caller. */
export interface StatusRow {
  /** What happened. */
  readonly situation: string;
  /** gRPC's name of the code. */
  readonly code: string;
  /** What the caller reads; empty where the words are the transport's. */
  readonly message: string;
  /** The tests that show it. */
  readonly cases: readonly string[];
}

const STATUS = "integration/grpc_go/status_test.ts";
const OWN = "integration/istiod_behaviour/statuses_test.ts";
const LIMITS = "integration/limits/limits_test.ts";
const UNAUTHENTICATED = "request authenticate failure";
const SIGNING = "CSR signing error (...)";

/** The table. */
export const STATUSES: readonly StatusRow[] = [
  {
    situation: "no authenticator accepts",
    code: "UNAUTHENTICATED",
    message: UNAUTHENTICATED,
    cases: [
      `${STATUS}: no credential at all`,
      `${STATUS}: a bearer token that nobody checks`,
      "integration/join_token/join_token_test.ts: bad tokens end alike on every way, and their reasons stand in the log alone",
      "integration/oidc/oidc_test.ts: bad ones",
    ],
  },
  {
    situation: "no authenticator is configured, or no peer is known",
    code: "UNAUTHENTICATED",
    message: UNAUTHENTICATED,
    cases: [
      "unit/authn/authenticate_test.ts: authenticate() refuses everyone when no authenticator is configured",
      "unit/authn/authenticate_test.ts: clientCertificateAuthenticator() gives the certificate's names or a reason",
    ],
  },
  {
    situation: "XDS_AUTH=false: the CA authenticates all the same",
    code: "UNAUTHENTICATED",
    message: UNAUTHENTICATED,
    cases: [`${OWN}: XDS_AUTH=false lets nobody in`],
  },
  {
    situation: "plaintext",
    code: "UNIMPLEMENTED",
    message: "",
    cases: [
      `${STATUS}: grpc-go finds health but no CA on the plaintext port`,
      `${OWN}: the plaintext port has no CA, with a secure port or without`,
    ],
  },
  {
    situation: "a client certificate that is refused, whatever stands beside it",
    code: "UNAVAILABLE",
    message: "",
    cases: [
      "integration/client_certificates/client_certificates_test.ts: bad client certificates abort the handshake, resumed or not",
      `${OWN}: a good token beside a bad client certificate does not save the handshake`,
    ],
  },
  {
    situation: "impersonation",
    code: "UNAUTHENTICATED",
    message: "request impersonation authentication failure",
    cases: [`${STATUS}: impersonation, which a client certificate never may`],
  },
  {
    situation: "the CA has no certificate, or one that has ended",
    code: "INTERNAL",
    message: SIGNING,
    cases: [
      `${OWN}: a CA whose certificate has ended says so, and spends no token`,
      "unit/grpc/signing_errors_test.ts: createCertificateService() counts each signing failure under istiod's label",
    ],
  },
  {
    situation: "a bad CSR",
    code: "INVALID_ARGUMENT",
    message: SIGNING,
    cases: [
      `${STATUS}: a P-224 key`,
      `${STATUS}: no PEM`,
      `${STATUS}: an empty CSR`,
      `${STATUS}: PEM of junk`,
    ],
  },
  {
    situation: "a lifetime above the maximum",
    code: "INVALID_ARGUMENT",
    message: SIGNING,
    cases: [
      `${STATUS}: a lifetime above the limit`,
      `${STATUS}: a lifetime that overflows nanoseconds`,
    ],
  },
  {
    situation: "anything unknown: no detail leaves the server",
    code: "INTERNAL",
    message: SIGNING,
    cases: [
      "unit/grpc/wire_test.ts: signingFailure() says nothing of errors that are none of the CA's",
      `${OWN}: a database that another process holds is an internal error, and spends no token`,
    ],
  },
  {
    situation: "a message above 4 MiB, compressed or not",
    code: "RESOURCE_EXHAUSTED",
    message: "",
    cases: [
      `${STATUS}: a message above 4 MiB`,
      `${STATUS}: 4 MiB in gzip that are small on the wire`,
    ],
  },
  {
    situation: "an identity or an address above its rate",
    code: "RESOURCE_EXHAUSTED",
    message: "too many requests (identity limit), retry after N ms",
    cases: [
      `${LIMITS}: grpc-go is told RESOURCE_EXHAUSTED and when to come back, and other identities are served on`,
      `${LIMITS}: an address over its limit is refused before its credential is looked at`,
      "integration/python/python_test.ts: grpcio is told RESOURCE_EXHAUSTED and when to come back",
    ],
  },
  {
    situation: "a full queue",
    code: "RESOURCE_EXHAUSTED",
    message: "too many requests (queue limit), retry after N ms",
    cases: [
      `${LIMITS}: one connection with a thousand calls at once does not keep another waiting for all of them`,
      "unit/grpc/admission_test.ts: createAdmission() refuses when the queue is full, by number or by bytes",
    ],
  },
  {
    situation: "too many credentials that cost much to check",
    code: "RESOURCE_EXHAUSTED",
    message: "too many requests (authenticating limit), retry after N ms",
    cases: [
      `${OWN}: costly bad tokens of one address are turned away, and nobody else is`,
      "unit/authn/id_token_test.ts: idTokenAuthenticator() turns callers away when too many tokens are being checked",
    ],
  },
  {
    situation: "the caller's deadline passes, or the caller goes",
    code: "DEADLINE_EXCEEDED, CANCELLED",
    message: "",
    cases: [
      "integration/grpc_go/connection_test.ts: grpc-go's deadlines end calls, and later ones are answered",
      "integration/grpc_go/connection_test.ts: grpc-go's cancelled calls leave the connection usable",
    ],
  },
  {
    situation: "no CA runs (ENABLE_CA_SERVER=false), or no such method",
    code: "UNIMPLEMENTED",
    message: "",
    cases: [
      "integration/own_certificate/source_test.ts: ENABLE_CA_SERVER=false serves files, and no certificate to anybody",
      "unit/grpc/create_certificate_test.ts: an unknown method over gRPC is UNIMPLEMENTED",
    ],
  },
];
