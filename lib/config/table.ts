/**
 * The table of options that signet honours: flag, variable, default, kind and help of each. Help, the README's table, validation and the
 * executable's list of variables come from it. Names that istiod has keep istiod's spelling; signet's own variables begin with `SIGNET_`.
 */
import { addressOption } from "./address.ts";
import { cipherSuitesOption } from "./cipher_suites.ts";
import { levelsOption } from "./log_options.ts";
import { AUTHN_OPTIONS } from "./table_authn.ts";
import { CA_OPTIONS } from "./table_ca.ts";
import { DNS_OPTIONS } from "./table_dns.ts";
import { INJECT_OPTIONS } from "./table_inject.ts";
import { KUBE_OPTIONS } from "./table_kube.ts";
import { SIGNER_OPTIONS } from "./table_signers.ts";
import { OTEL_OPTIONS } from "./table_otel.ts";
import { WEBHOOK_OPTIONS } from "./table_webhook.ts";
import { XDS_OPTIONS } from "./table_xds.ts";
import {
  boolOption,
  choiceOption,
  durationOption,
  intOption,
  listOption,
  type Option,
  pathOption,
  textOption,
} from "./option.ts";

const HOUR_MS = 3_600_000;
/** Longer lifetimes cannot be written into a certificate (RFC 5280 section 4.1.2.5 ends with the year 9999). */
const CENTURY_MS = 100 * 365 * 24 * HOUR_MS;

/** Listeners. */
const LISTENERS = {
  httpAddr: addressOption({
    flag: "httpAddr",
    fallback: ":8080",
    help: "/ready, /version, /metrics and /debug over HTTP",
  }),
  monitoringAddr: addressOption({
    flag: "monitoringAddr",
    fallback: ":15014",
    help: "the same, where istiod has its metrics; empty turns it off",
  }),
  secureGrpcAddr: addressOption({
    flag: "secureGRPCAddr",
    aliases: ["secureGrpcAddr"],
    fallback: ":15012",
    help: "gRPC over TLS: CA and xDS; empty turns it off",
  }),
  grpcAddr: addressOption({
    flag: "grpcAddr",
    fallback: ":15010",
    help: "plaintext gRPC: xDS without authentication, no CA; empty turns it off",
  }),
  metricsLocalhostOnly: boolOption({
    variable: "METRICS_LOCALHOST_ACCESS_ONLY",
    fallback: "false",
    help: "answer /metrics to this machine alone",
  }),
  debugOnHttp: boolOption({
    variable: "ENABLE_DEBUG_ON_HTTP",
    fallback: "true",
    help: "answer /debug on the HTTP ports, to this machine alone",
  }),
  shutdownDuration: durationOption({
    flag: "shutdownDuration",
    fallback: "10s",
    help: "time for calls in flight when the server is told to stop",
  }, { minMs: 0, maxMs: HOUR_MS }),
} as const;

/** Where things are kept, and by what name. */
const PLACE = {
  stateDir: pathOption({
    flag: "stateDir",
    variable: "SIGNET_STATE_DIR",
    fallback: "./var/lib/signet",
    help: "the CA's key and certificates; one server at a time",
  }),
  meshConfig: pathOption({
    flag: "meshConfig",
    fallback: "./etc/istio/config/mesh",
    help:
      "mesh config YAML: trustDomain, defaultConfig.discoveryAddress and discoverySelectors are read, again on every change. Where there is no such file, and a cluster, ConfigMap istio is, or istio-REVISION",
  }),
  namespace: textOption({
    flag: "namespace",
    short: "n",
    variable: "POD_NAMESPACE",
    fallback: "istio-system",
    help: "namespace in signet's own DNS names",
  }),
  trustDomain: textOption({
    flag: "trust-domain",
    fallback: "",
    help: "trust domain; empty takes the mesh config's, else cluster.local",
  }),
  revision: textOption({
    variable: "REVISION",
    fallback: "",
    help:
      "adds istiod-<revision> to signet's own DNS names; in a cluster webhook configurations with this label istio.io/rev are this server's (empty: default)",
  }),
  istiodCustomHost: textOption({
    variable: "ISTIOD_CUSTOM_HOST",
    fallback: "",
    help: "further DNS names of signet, with commas between",
  }),
  istiodAddr: textOption({
    variable: "ISTIOD_ADDR",
    fallback: "",
    help: "one more DNS name of signet",
  }),
  kubernetesServiceHost: textOption({
    variable: "KUBERNETES_SERVICE_HOST",
    fallback: "",
    help: "set by Kubernetes: signet runs in a cluster",
  }),
} as const;

/** Certificates. */
const CERTIFICATES = {
  defaultWorkloadCertTtl: durationOption({
    variable: "DEFAULT_WORKLOAD_CERT_TTL",
    fallback: "24h",
    help: "lifetime of a workload certificate when none is asked for",
  }, { minMs: 1000, maxMs: CENTURY_MS }),
  maxWorkloadCertTtl: durationOption({
    variable: "MAX_WORKLOAD_CERT_TTL",
    fallback: "2160h",
    help: "longest lifetime that may be asked for",
  }, { minMs: 1000, maxMs: CENTURY_MS }),
  selfSignedCaCertTtl: durationOption({
    variable: "CITADEL_SELF_SIGNED_CA_CERT_TTL",
    fallback: "87600h",
    help: "lifetime of a new root and of signet's own certificate",
  }, { minMs: HOUR_MS, maxMs: CENTURY_MS }),
  minRsaBits: intOption({
    variable: "SIGNET_MIN_RSA_BITS",
    fallback: "1024",
    help: "smallest RSA key that a CSR may bring (istiod takes 1024 too)",
  }, { min: 1024, max: 8192 }),
  tlsCertFile: pathOption({
    flag: "tlsCertFile",
    fallback: "",
    help: "certificate chain to serve instead of an issued one; needs --tlsKeyFile",
  }),
  tlsKeyFile: pathOption({
    flag: "tlsKeyFile",
    fallback: "",
    help: "its key; needs --tlsCertFile",
  }),
  caCertFile: pathOption({
    flag: "caCertFile",
    fallback: "",
    help: "further roots that client certificates may chain to",
  }),
  writeServerCertFiles: boolOption({
    flag: "writeServerCertFiles",
    variable: "SIGNET_WRITE_SERVER_CERT_FILES",
    fallback: "",
    help:
      "write ./var/run/secrets/istio-dns/key.pem and cert-chain.pem; default true outside Kubernetes",
  }),
  cryptoProvider: choiceOption({
    flag: "cryptoProvider",
    variable: "SIGNET_CRYPTO_PROVIDER",
    fallback: "auto",
    help: "auto takes OpenSSL 3 when the machine has it",
  }, ["auto", "openssl", "webcrypto"]),
  pilotCertProvider: textOption({
    variable: "PILOT_CERT_PROVIDER",
    fallback: "istiod",
    help:
      "who issues signet's own certificate: istiod, its CA; k8s.io/SIGNER, a signer of the cluster, and kubernetes, that of --certSigner; anything else: nobody, for a gateway that ends TLS",
  }),
  enableCaServer: boolOption({
    variable: "ENABLE_CA_SERVER",
    fallback: "true",
    help: "false runs no CA; signet's own certificate then comes from files alone",
  }),
} as const;

/** Connections. */
const CONNECTIONS = {
  tlsMinVersion: choiceOption({
    flag: "tls-min-version",
    fallback: "1.2",
    help: "lowest TLS version",
  }, ["1.2", "1.3"]),
  tlsCipherSuites: cipherSuitesOption({
    flag: "tls-cipher-suites",
    fallback: "",
    help: "names of TLS 1.3 suites are accepted; others cannot be enforced and are a start error",
  }),
  compliancePolicy: textOption({
    variable: "COMPLIANCE_POLICY",
    fallback: "",
    help: "cannot be enforced: anything but empty is a start error",
  }),
  keepaliveInterval: durationOption({
    flag: "keepaliveInterval",
    variable: "GRPC_KEEPALIVE_INTERVAL",
    fallback: "30s",
    help: "ping a client after this idle time",
  }, { minMs: 1000, maxMs: 24 * HOUR_MS }),
  keepaliveTimeout: durationOption({
    flag: "keepaliveTimeout",
    variable: "GRPC_KEEPALIVE_TIMEOUT",
    fallback: "10s",
    help: "close the connection when the ping is not answered in this time",
  }, { minMs: 100, maxMs: 24 * HOUR_MS }),
  keepaliveMaxServerConnectionAge: durationOption({
    flag: "keepaliveMaxServerConnectionAge",
    fallback: "0s",
    help: "ask a connection of this age to go away, with 10 s for what is in flight; 0s for never",
  }, { minMs: 0 }),
  maxConnectionsPerAddress: intOption({
    flag: "maxConnectionsPerAddress",
    variable: "SIGNET_MAX_CONNECTIONS_PER_ADDRESS",
    fallback: "20000",
    help:
      "connections of one IPv4 address or IPv6 /64 to each gRPC port, of 60000 in all; a gateway may stand for many clients",
  }, { min: 1, max: 60_000 }),
  maxRecvMsgSize: intOption({
    variable: "ISTIO_GPRC_MAXRECVMSGSIZE",
    fallback: "4194304",
    help: "largest gRPC message, in bytes",
  }, { min: 1024, max: 64 << 20 }),
  maxStreams: intOption({
    variable: "ISTIO_GPRC_MAXSTREAMS",
    fallback: "1000",
    help:
      "streams that one connection may have open (istiod: 100000, with which one client can hold gigabytes: docs/adr/0016)",
  }, { min: 1, max: 100_000 }),
} as const;

const MAX_RATE = 1_000_000;

/** Load. */
const LIMITS = {
  ratePerIdentity: intOption({
    flag: "ratePerIdentity",
    variable: "SIGNET_RATE_PER_IDENTITY",
    fallback: "1000",
    help: "certificates a second for one identity in the long run; 0 for no limit",
  }, { min: 0, max: MAX_RATE }),
  burstPerIdentity: intOption({
    flag: "burstPerIdentity",
    variable: "SIGNET_BURST_PER_IDENTITY",
    fallback: "20000",
    help: "certificates at once for one identity: all pods of a deployment share theirs",
  }, { min: 1, max: MAX_RATE }),
  ratePerAddress: intOption({
    flag: "ratePerAddress",
    variable: "SIGNET_RATE_PER_ADDRESS",
    fallback: "0",
    help:
      "CSRs a second from one IPv4 address or IPv6 /64; 0 for no limit, as NAT and gateways put a whole mesh behind one",
  }, { min: 0, max: MAX_RATE }),
  burstPerAddress: intOption({
    flag: "burstPerAddress",
    variable: "SIGNET_BURST_PER_ADDRESS",
    fallback: "1000",
    help: "CSRs at once from one address, when there is a limit",
  }, { min: 1, max: MAX_RATE }),
  maxWaiting: intOption({
    flag: "maxWaitingRequests",
    variable: "SIGNET_MAX_WAITING_REQUESTS",
    fallback: "30000",
    help:
      "CSRs that may wait for a signature; one connection fills at most a third, one identity half",
  }, { min: 1, max: MAX_RATE }),
} as const;

/** The log. */
const LOG = {
  logOutputLevel: levelsOption({
    flag: "log_output_level",
    fallback: "default:info",
    help:
      "levels by scope: default, ca, audit, grpc, ... each none, fatal, error, warn, info or debug",
  }),
  logAsJson: boolOption({
    flag: "log_as_json",
    fallback: "false",
    help: "JSON lines instead of text",
  }),
  logTarget: listOption({
    flag: "log_target",
    fallback: "stdout",
    help: "stdout, stderr or paths; may be repeated",
  }),
} as const;

/** Every option that is honoured, by the name of its value. */
export const OPTIONS = {
  ...LISTENERS,
  ...PLACE,
  ...CA_OPTIONS,
  ...CERTIFICATES,
  ...CONNECTIONS,
  ...LIMITS,
  ...OTEL_OPTIONS,
  ...AUTHN_OPTIONS,
  ...KUBE_OPTIONS,
  ...SIGNER_OPTIONS,
  ...LOG,
  ...DNS_OPTIONS,
  ...XDS_OPTIONS,
  ...WEBHOOK_OPTIONS,
  ...INJECT_OPTIONS,
} as const satisfies Record<
  string,
  Option<unknown>
>;

/** Name of an option. */
export type OptionName = keyof typeof OPTIONS;

/** A value for every option. */
export type OptionValues = { readonly [K in OptionName]: ReturnType<(typeof OPTIONS)[K]["parse"]> };
