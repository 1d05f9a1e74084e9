/** Every event and metric name of signet, with the help text and labels of each metric. istiod's names keep istiod's spelling. */

/** Names of log events. */
export const EVENT = {
  apiServerAway: "authn.api_server_away",
  apiServerBack: "authn.api_server_back",
  authenticationFailed: "ca.authentication_failed",
  callFailed: "grpc.call_failed",
  caReady: "ca.ready",
  caReloaded: "ca.reloaded",
  caReloadFailed: "ca.reload_failed",
  caRotated: "ca.rotated",
  certificateIssued: "ca.certificate_issued",
  certificateSigning: "ca.certificate_signing",
  connectionFailed: "transport.connection_failed",
  configNotice: "config.notice",
  configWarning: "config.warning",
  cryptoSelected: "crypto.provider_selected",
  dnsQuery: "dns.query",
  certificateRenewed: "renewal.renewed",
  certificateRenewalDue: "renewal.due",
  certificateRenewalFailed: "renewal.failed",
  certificateRootsChanged: "renewal.roots_changed",
  dnsLoop: "dns.loop",
  dnsUpstreamDown: "dns.upstream_down",
  dnsUpstreamUp: "dns.upstream_up",
  dnsUpstreamsChanged: "dns.upstreams_changed",
  eventsSuppressed: "log.suppressed",
  flag: "config.flag",
  issuerKeysFailed: "authn.issuer_keys_failed",
  issuerKeysLoaded: "authn.issuer_keys_loaded",
  listening: "listen.ready",
  distributionFailed: "kube.distribution_failed",
  kubeCluster: "kube.cluster",
  kubeLeader: "kube.leader",
  kubeFailed: "kube.failed",
  rootsDistributed: "kube.roots_distributed",
  limited: "ca.limited",
  otlpFailed: "otel.export_failed",
  ownTokenFailed: "authn.own_token_failed",
  peerRefused: "tls.peer_refused",
  registryChanged: "registry.changed",
  registryFault: "registry.document_refused",
  registryIdle: "registry.documents_without_effect",
  registryUnreadable: "registry.unreadable",
  registryWarning: "registry.document_warning",
  serverCertChanged: "server_cert.changed",
  serverCertFailed: "server_cert.failed",
  serverCertMissing: "server_cert.missing",
  signingFailed: "ca.signing_failed",
  signingRefused: "ca.signing_refused",
  stopped: "server.stopped",
  stopping: "server.stopping",
  taskFailed: "server.task_failed",
  xdsClosed: "xds.stream_closed",
  xdsOpened: "xds.stream_opened",
  xdsPushed: "xds.pushed",
  xdsRefused: "xds.stream_refused",
  xdsRejected: "xds.rejected",
  xdsUnknownType: "xds.unknown_type",
} as const;

/** Names of metrics. */
export const METRIC = {
  csrCount: "citadel_server_csr_count",
  authenticationFailureCount: "citadel_server_authentication_failure_count",
  csrSignErrCount: "citadel_server_csr_sign_err_count",
  successCount: "citadel_server_success_cert_issuance_count",
  rootExpiryTimestamp: "citadel_server_root_cert_expiry_timestamp",
  rootExpirySeconds: "citadel_server_root_cert_expiry_seconds",
  chainExpiryTimestamp: "citadel_server_cert_chain_expiry_timestamp",
  chainExpirySeconds: "citadel_server_cert_chain_expiry_seconds",
  joinTokenUses: "signet_join_token_uses_total",
  issuerKeyFetches: "signet_issuer_key_fetches_total",
  tokenReviews: "signet_token_reviews_total",
  configMapWrites: "signet_config_map_writes_total",
  leads: "signet_leads",
  signerRequests: "signet_signer_requests_total",
  signerSeconds: "signet_signer_seconds",
  grpcStarted: "grpc_server_started_total",
  grpcHandled: "grpc_server_handled_total",
  grpcReceived: "grpc_server_msg_received_total",
  grpcSent: "grpc_server_msg_sent_total",
  grpcSeconds: "grpc_server_handling_seconds",
  pilotInfo: "pilot_info",
  istioBuild: "istio_build",
  uptime: "istiod_uptime_seconds",
  connectionsAccepted: "signet_connections_accepted_total",
  connectionsOpen: "signet_connections_open",
  handshakesFailed: "signet_tls_handshakes_failed_total",
  peersRefused: "signet_tls_peers_refused_total",
  connectionErrors: "signet_http2_connection_errors_total",
  dnsRequests: "dns_requests_total",
  dnsQueries: "signet_dns_queries_total",
  dnsSeconds: "signet_dns_answer_seconds",
  dnsConnectionsClosed: "signet_dns_connections_closed_total",
  dnsQueuedBytes: "signet_dns_queued_bytes",
  dnsReadsStopped: "signet_dns_reads_stopped_total",
  dnsUpstreamRequests: "dns_upstream_requests_total",
  dnsUpstreamFailures: "dns_upstream_failures_total",
  dnsUpstreamSeconds: "dns_upstream_request_duration_seconds",
  dnsUpstreamTries: "signet_dns_upstream_tries_total",
  dnsUpstreamsDown: "signet_dns_upstreams_down",
  dnsCacheEntries: "signet_dns_cache_entries",
  dnsCacheBytes: "signet_dns_cache_bytes",
  dnsCacheLookups: "signet_dns_cache_lookups_total",
  dnsPrefetches: "signet_dns_prefetches_total",
  xdsStreams: "pilot_xds",
  xdsPushes: "pilot_xds_pushes",
  xdsRejects: "pilot_total_xds_rejects",
  xdsStale: "pilot_xds_expired_nonce",
  xdsRefused: "signet_xds_streams_refused_total",
  debounceSeconds: "pilot_debounce_time",
  registryServices: "signet_registry_services",
  registryFaults: "signet_registry_faults",
  residentMemory: "process_resident_memory_bytes",
  heapUsed: "signet_heap_used_bytes",
  heapLimit: "signet_heap_total_bytes",
  logLinesDropped: "signet_log_lines_dropped_total",
  issuanceSeconds: "signet_issuance_seconds",
  signingSeconds: "signet_signing_seconds",
  authenticationSeconds: "signet_authentication_seconds",
  handshakeSeconds: "signet_tls_handshake_seconds",
  queueSeconds: "signet_queue_seconds",
  queueWaiting: "signet_queue_waiting",
  limited: "signet_limited_total",
} as const;

/** One metric's name. */
export type MetricName = (typeof METRIC)[keyof typeof METRIC];

/** What a metric means and which labels it has. */
export interface MetricDescription {
  /** Help text. */
  readonly help: string;
  /** Label names. */
  readonly labels: readonly string[];
}

const CALL_LABELS = ["grpc_service", "grpc_method", "grpc_type"];

/** The description of every metric. */
export const METRIC_DESCRIPTIONS = {
  citadel_server_csr_count: { help: "CreateCertificate calls", labels: [] },
  citadel_server_authentication_failure_count: {
    help: "Refused authentications and impersonations",
    labels: [],
  },
  citadel_server_csr_sign_err_count: { help: "Signing failures", labels: ["error"] },
  citadel_server_success_cert_issuance_count: {
    help: "Certificates issued to callers",
    labels: [],
  },
  citadel_server_root_cert_expiry_timestamp: {
    help: "End of validity of the first root, Unix seconds",
    labels: [],
  },
  citadel_server_root_cert_expiry_seconds: {
    help: "Seconds until the first root expires",
    labels: [],
  },
  citadel_server_cert_chain_expiry_timestamp: {
    help: "End of validity of the first chain certificate, Unix seconds",
    labels: [],
  },
  citadel_server_cert_chain_expiry_seconds: {
    help: "Seconds until the first chain certificate expires",
    labels: [],
  },
  signet_issuer_key_fetches_total: {
    help: "Fetches of the keys of ID token issuers, by result",
    labels: ["result"],
  },
  signet_config_map_writes_total: {
    help: "ConfigMaps with the mesh's roots or revocation lists, by what came of writing them",
    labels: ["result"],
  },
  signet_signer_requests_total: {
    help: "Certificates that signers of the cluster were asked for, by what came of it",
    labels: ["result"],
  },
  signet_signer_seconds: {
    help: "Time from a request to a signer of the cluster to its certificate or failure",
    labels: [],
  },
  signet_leads: {
    help: "1 while this server writes what one of several may write",
    labels: [],
  },
  signet_token_reviews_total: {
    help: "Tokens of service accounts, by what came of them",
    labels: ["result"],
  },
  signet_join_token_uses_total: {
    help: "Join tokens that were presented, by what came of them",
    labels: ["result"],
  },
  grpc_server_started_total: { help: "RPCs started", labels: CALL_LABELS },
  grpc_server_handled_total: {
    help: "RPCs completed, by code",
    labels: [...CALL_LABELS, "grpc_code"],
  },
  grpc_server_msg_received_total: { help: "Messages received", labels: CALL_LABELS },
  grpc_server_msg_sent_total: { help: "Messages sent", labels: CALL_LABELS },
  grpc_server_handling_seconds: { help: "Time from start to end of an RPC", labels: CALL_LABELS },
  pilot_info: { help: "Version of this server", labels: ["version"] },
  istio_build: { help: "Build of this server", labels: ["component", "tag"] },
  istiod_uptime_seconds: { help: "Seconds since start", labels: [] },
  signet_connections_accepted_total: { help: "Connections accepted", labels: ["port"] },
  signet_connections_open: { help: "Connections open", labels: ["port"] },
  signet_tls_handshakes_failed_total: { help: "TLS handshakes that failed", labels: [] },
  signet_tls_peers_refused_total: {
    help: "Connections ended because of the client's certificate",
    labels: [],
  },
  signet_http2_connection_errors_total: {
    help: "Connections ended with an HTTP/2 error, by code",
    labels: ["code"],
  },
  dns_requests_total: { help: "DNS queries", labels: [] },
  signet_dns_queries_total: {
    help: "DNS answers, by type of the query, response code and where the answer came from",
    labels: ["type", "rcode", "source"],
  },
  signet_dns_answer_seconds: {
    help: "Time from the arrival of a query to its answer",
    labels: ["source"],
  },
  signet_dns_connections_closed_total: {
    help: "DNS connections that the server ended or refused, by bound",
    labels: ["reason"],
  },
  signet_dns_reads_stopped_total: {
    help: "Times that a DNS client had to wait before more of its queries were looked at, by bound",
    labels: ["reason"],
  },
  signet_dns_queued_bytes: {
    help: "Octets of answers and queries that wait for DNS clients, all together",
    labels: [],
  },
  dns_upstream_requests_total: { help: "Questions that upstream servers were asked", labels: [] },
  dns_upstream_failures_total: { help: "Questions that no upstream server answered", labels: [] },
  dns_upstream_request_duration_seconds: {
    help: "Time from a question for upstream servers to its answer or failure",
    labels: [],
  },
  signet_dns_upstream_tries_total: {
    help: "Queries sent, by upstream server; a question may take several",
    labels: ["upstream"],
  },
  signet_dns_upstreams_down: {
    help: "Upstream servers that do not reply or lead back here",
    labels: [],
  },
  signet_dns_cache_entries: { help: "Answers of upstream servers that are kept", labels: [] },
  signet_dns_cache_bytes: { help: "Octets of those answers, about", labels: [] },
  signet_dns_cache_lookups_total: {
    help: "Questions that are not the mesh's, by what was kept for them",
    labels: ["result"],
  },
  signet_dns_prefetches_total: {
    help: "Hot names that were asked for again before their time was over",
    labels: [],
  },
  pilot_xds: { help: "xDS streams of proxies that are open", labels: [] },
  pilot_xds_pushes: { help: "xDS responses, by type", labels: ["type"] },
  pilot_total_xds_rejects: {
    help: "xDS responses that a proxy refused, by type",
    labels: ["type"],
  },
  pilot_xds_expired_nonce: {
    help: "xDS requests that speak of a response before the last, by type",
    labels: ["type"],
  },
  signet_xds_streams_refused_total: { help: "xDS streams refused, by status", labels: ["status"] },
  pilot_debounce_time: {
    help: "Time from the first of some changes to the push of all of them",
    labels: [],
  },
  signet_registry_services: { help: "Services known, one for each host", labels: [] },
  signet_registry_faults: {
    help: "Faults in the documents of --configDir as they are now",
    labels: [],
  },
  process_resident_memory_bytes: { help: "Resident memory", labels: [] },
  signet_heap_used_bytes: { help: "JavaScript heap in use", labels: [] },
  signet_heap_total_bytes: { help: "JavaScript heap reserved", labels: [] },
  signet_log_lines_dropped_total: {
    help: "Log lines dropped because the output was too slow, full or gone",
    labels: [],
  },
  signet_issuance_seconds: {
    help:
      "Time from an authenticated CSR to its certificate or refusal, without the wait in the queue",
    labels: [],
  },
  signet_signing_seconds: { help: "Time of one signature with a private key", labels: [] },
  signet_authentication_seconds: {
    help: "Time that the authenticators of a CreateCertificate call took together",
    labels: ["result"],
  },
  signet_queue_seconds: { help: "Time that authenticated CSRs waited for their turn", labels: [] },
  signet_queue_waiting: { help: "Authenticated CSRs that wait for their turn", labels: [] },
  signet_limited_total: {
    help: "CSRs refused with RESOURCE_EXHAUSTED, by limit",
    labels: ["limit"],
  },
  signet_tls_handshake_seconds: {
    help: "Time from TCP accept to the end of a TLS handshake that succeeded",
    labels: [],
  },
} as const satisfies Record<MetricName, MetricDescription>;
