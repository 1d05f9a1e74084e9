/**
 * The messages of Istio's ProxyConfig, in the order of their .proto files, as `field_table.ts` reads them (istio.io/api v1.31.4). Printed by
 * `istioinject -tables`, which a test holds these tables against.
 */
export const PROXY_CONFIG_MESSAGES: Readonly<Record<string, string>> = {
  "istio.mesh.v1alpha1.PrivateKeyProvider":
    "cryptomb istio.mesh.v1alpha1.PrivateKeyProvider.CryptoMb oneof=provider, " +
    "qat istio.mesh.v1alpha1.PrivateKeyProvider.QAT oneof=provider",
  "istio.mesh.v1alpha1.PrivateKeyProvider.CryptoMb": "pollDelay Duration, fallback BoolValue",
  "istio.mesh.v1alpha1.PrivateKeyProvider.QAT": "pollDelay Duration, fallback BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig":
    "configPath string, binaryPath string, serviceCluster string oneof=cluster_name, " +
    "tracingServiceName istio.mesh.v1alpha1.ProxyConfig.TracingServiceName oneof=cluster_name, " +
    "drainDuration Duration, discoveryAddress string, discoveryRefreshDelay Duration, " +
    "zipkinAddress string, statsdUdpAddress string, envoyMetricsServiceAddress string, " +
    "proxyAdminPort int32, availabilityZone string, " +
    "controlPlaneAuthPolicy istio.mesh.v1alpha1.AuthenticationPolicy, " +
    "customConfigFile string, statNameLength int32, concurrency Int32Value, " +
    "proxyBootstrapTemplatePath string, " +
    "interceptionMode istio.mesh.v1alpha1.ProxyConfig.InboundInterceptionMode, " +
    "tracing istio.mesh.v1alpha1.Tracing, sds istio.mesh.v1alpha1.SDS, " +
    "envoyAccessLogService istio.mesh.v1alpha1.RemoteService, " +
    "envoyMetricsService istio.mesh.v1alpha1.RemoteService, proxyMetadata {}string, " +
    "runtimeValues {}string, statusPort int32, extraStatTags []string, " +
    "gatewayTopology istio.mesh.v1alpha1.Topology, terminationDrainDuration Duration, " +
    "meshId string, readinessProbe istio.networking.v1alpha3.ReadinessProbe, " +
    "proxyStatsMatcher istio.mesh.v1alpha1.ProxyConfig.ProxyStatsMatcher, " +
    "holdApplicationUntilProxyStarts BoolValue, caCertificatesPem []string, " +
    "image istio.networking.v1beta1.ProxyImage, " +
    "privateKeyProvider istio.mesh.v1alpha1.PrivateKeyProvider, " +
    "proxyHeaders istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders, fileFlushInterval Duration, " +
    "fileFlushMinSizeKb uint32, statsCompression BoolValue, " +
    "connectionSettings istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings",
  "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings":
    "profile istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.Profile, " +
    "listenerPerConnectionBufferLimitBytes Int32Value, " +
    "clusterPerConnectionBufferLimitBytes Int32Value, httpIdleTimeout Duration, " +
    "httpMaxConnectionDuration Duration, httpDrainTimeout Duration, " +
    "httpRequestTimeout Duration, httpRequestHeadersTimeout Duration, " +
    "httpStreamIdleTimeout Duration, httpMaxStreamDuration Duration, " +
    "httpMaxConcurrentStreams Int32Value, http2InitialStreamWindowSize Int32Value, " +
    "http2InitialConnectionWindowSize Int32Value, " +
    "httpHeadersWithUnderscoresAction istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.HeadersWithUnderscoresAction, " +
    "httpMergeSlashes BoolValue, " +
    "httpPathWithEscapedSlashesAction istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.PathWithEscapedSlashesAction, " +
    "listenerConnectionLimit Int32Value, globalDownstreamConnectionLimit Int32Value",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders":
    "forwardedClientCert istio.mesh.v1alpha1.ForwardClientCertDetails, " +
    "setCurrentClientCertDetails istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.SetCurrentClientCertDetails, " +
    "requestId istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.RequestId, " +
    "server istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.Server, " +
    "attemptCount istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.AttemptCount, " +
    "envoyDebugHeaders istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.EnvoyDebugHeaders, " +
    "metadataExchangeHeaders istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.MetadataExchangeHeaders, " +
    "preserveHttp1HeaderCase BoolValue, " +
    "xForwardedHost istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.XForwardedHost, " +
    "xForwardedPort istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.XForwardedPort",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.AttemptCount": "disabled BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.EnvoyDebugHeaders": "disabled BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.MetadataExchangeHeaders":
    "mode istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.MetadataExchangeMode",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.RequestId": "disabled BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.Server": "disabled BoolValue, value string",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.SetCurrentClientCertDetails":
    "subject BoolValue, cert BoolValue, chain BoolValue, dns BoolValue, uri BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.XForwardedHost": "enabled BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.XForwardedPort": "enabled BoolValue",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyStatsMatcher":
    "inclusionPrefixes []string, inclusionSuffixes []string, inclusionRegexps []string",
  "istio.mesh.v1alpha1.RemoteService":
    "address string, tlsSettings istio.networking.v1alpha3.ClientTLSSettings, " +
    "tcpKeepalive istio.networking.v1alpha3.ConnectionPoolSettings.TCPSettings.TcpKeepalive",
  "istio.mesh.v1alpha1.SDS": "enabled bool, k8sSaJwtPath string",
  "istio.mesh.v1alpha1.Topology": "numTrustedProxies uint32, " +
    "forwardClientCertDetails istio.mesh.v1alpha1.ForwardClientCertDetails, " +
    "proxyProtocol istio.mesh.v1alpha1.Topology.ProxyProtocolConfiguration",
  "istio.mesh.v1alpha1.Topology.ProxyProtocolConfiguration": "",
  "istio.mesh.v1alpha1.Tracing": "zipkin istio.mesh.v1alpha1.Tracing.Zipkin oneof=tracer, " +
    "lightstep istio.mesh.v1alpha1.Tracing.Lightstep oneof=tracer, " +
    "datadog istio.mesh.v1alpha1.Tracing.Datadog oneof=tracer, " +
    "stackdriver istio.mesh.v1alpha1.Tracing.Stackdriver oneof=tracer, " +
    "openCensusAgent istio.mesh.v1alpha1.Tracing.OpenCensusAgent oneof=tracer, " +
    "customTags {}istio.mesh.v1alpha1.Tracing.CustomTag, maxPathTagLength uint32, " +
    "sampling double, tlsSettings istio.networking.v1alpha3.ClientTLSSettings, " +
    "enableIstioTags BoolValue",
  "istio.mesh.v1alpha1.Tracing.CustomTag":
    "literal istio.mesh.v1alpha1.Tracing.Literal oneof=type, " +
    "environment istio.mesh.v1alpha1.Tracing.Environment oneof=type, " +
    "header istio.mesh.v1alpha1.Tracing.RequestHeader oneof=type",
  "istio.mesh.v1alpha1.Tracing.Datadog": "address string",
  "istio.mesh.v1alpha1.Tracing.Environment": "name string, defaultValue string",
  "istio.mesh.v1alpha1.Tracing.Lightstep": "address string, accessToken string",
  "istio.mesh.v1alpha1.Tracing.Literal": "value string",
  "istio.mesh.v1alpha1.Tracing.OpenCensusAgent":
    "address string, context []istio.mesh.v1alpha1.Tracing.OpenCensusAgent.TraceContext",
  "istio.mesh.v1alpha1.Tracing.RequestHeader": "name string, defaultValue string",
  "istio.mesh.v1alpha1.Tracing.Stackdriver":
    "debug bool, maxNumberOfAttributes Int64Value, maxNumberOfAnnotations Int64Value, " +
    "maxNumberOfMessageEvents Int64Value",
  "istio.mesh.v1alpha1.Tracing.Zipkin": "address string",
  "istio.networking.v1alpha3.ClientTLSSettings":
    "mode istio.networking.v1alpha3.ClientTLSSettings.TLSmode, clientCertificate string, " +
    "privateKey string, caCertificates string, credentialName string, " +
    "subjectAltNames []string, sni string, insecureSkipVerify BoolValue, caCrl string",
  "istio.networking.v1alpha3.ConnectionPoolSettings.TCPSettings.TcpKeepalive":
    "probes uint32, time Duration, interval Duration",
  "istio.networking.v1alpha3.ExecHealthCheckConfig": "command []string",
  "istio.networking.v1alpha3.GrpcHealthCheckConfig": "port uint32, service string",
  "istio.networking.v1alpha3.HTTPHeader": "name string, value string",
  "istio.networking.v1alpha3.HTTPHealthCheckConfig":
    "path string, port uint32, host string, scheme string, " +
    "httpHeaders []istio.networking.v1alpha3.HTTPHeader",
  "istio.networking.v1alpha3.ReadinessProbe":
    "initialDelaySeconds int32, timeoutSeconds int32, periodSeconds int32, " +
    "successThreshold int32, failureThreshold int32, " +
    "httpGet istio.networking.v1alpha3.HTTPHealthCheckConfig oneof=health_check_method, " +
    "tcpSocket istio.networking.v1alpha3.TCPHealthCheckConfig oneof=health_check_method, " +
    "exec istio.networking.v1alpha3.ExecHealthCheckConfig oneof=health_check_method, " +
    "grpc istio.networking.v1alpha3.GrpcHealthCheckConfig oneof=health_check_method",
  "istio.networking.v1alpha3.TCPHealthCheckConfig": "host string, port uint32",
  "istio.networking.v1beta1.ProxyImage": "imageType string",
};

/** The enums of those messages: names of values with their numbers. */
export const PROXY_CONFIG_ENUMS: Readonly<Record<string, string>> = {
  "istio.mesh.v1alpha1.AuthenticationPolicy": "NONE=0 MUTUAL_TLS=1 INHERIT=1000",
  "istio.mesh.v1alpha1.ForwardClientCertDetails": "" +
    "UNDEFINED=0 SANITIZE=1 FORWARD_ONLY=2 APPEND_FORWARD=3 SANITIZE_SET=4 ALWAYS_FORWARD_ONLY=5",
  "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.HeadersWithUnderscoresAction": "" +
    "HEADERS_WITH_UNDERSCORES_UNSPECIFIED=0 HEADERS_WITH_UNDERSCORES_ALLOW=1 HEADERS_WITH_UNDERSCORES_REJECT_REQUEST=2 HEADERS_WITH_UNDERSCORES_DROP_HEADER=3",
  "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.PathWithEscapedSlashesAction": "" +
    "PATH_WITH_ESCAPED_SLASHES_UNSPECIFIED=0 KEEP_UNCHANGED=1 REJECT_REQUEST=2 UNESCAPE_AND_REDIRECT=3 UNESCAPE_AND_FORWARD=4",
  "istio.mesh.v1alpha1.ProxyConfig.ConnectionSettings.Profile": "SIDECAR=0 EDGE=1",
  "istio.mesh.v1alpha1.ProxyConfig.InboundInterceptionMode": "REDIRECT=0 TPROXY=1 NONE=2",
  "istio.mesh.v1alpha1.ProxyConfig.ProxyHeaders.MetadataExchangeMode": "UNDEFINED=0 IN_MESH=1",
  "istio.mesh.v1alpha1.ProxyConfig.TracingServiceName":
    "APP_LABEL_AND_NAMESPACE=0 CANONICAL_NAME_ONLY=1 CANONICAL_NAME_AND_NAMESPACE=2",
  "istio.mesh.v1alpha1.Tracing.OpenCensusAgent.TraceContext":
    "UNSPECIFIED=0 W3C_TRACE_CONTEXT=1 GRPC_BIN=2 CLOUD_TRACE_CONTEXT=3 B3=4",
  "istio.networking.v1alpha3.ClientTLSSettings.TLSmode":
    "DISABLE=0 SIMPLE=1 MUTUAL=2 ISTIO_MUTUAL=3",
};
