/** From option values to the settings of the service registry, of the xDS server and of DNS over TLS. */
import type { Config } from "./port.ts";
import type { OptionValues } from "./table.ts";

/** Settings of the registry. */
export function toRegistry(values: OptionValues): Config["registry"] {
  return {
    configDir: values.configDir === "" ? undefined : values.configDir,
    autoAddresses: values.ipAutoAllocate
      ? { ipv4: values.ipAutoAllocateIpv4, ipv6: values.ipAutoAllocateIpv6 }
      : undefined,
    domain: domainOf(values),
  };
}

function domainOf({ domain }: OptionValues): string {
  return domain.toLowerCase().replace(/^\.|\.$/g, "");
}

/** Settings of the xDS server. */
export function toXds(values: OptionValues): Config["xds"] {
  return {
    authenticates: values.xdsAuth,
    authenticatesPlaintext: values.xdsAuthPlaintext,
    checksIdentity: values.xdsIdentityCheck,
    newStreamsPerSecond: values.xdsNewStreams || undefined,
    debounceAfterMs: values.debounceAfter,
    debounceMaxMs: values.debounceMax,
    pushThrottle: values.pushThrottle || undefined,
    validatesTrustDomain: !values.skipValidateTrustDomain,
    rootNamespace: values.namespace,
  };
}

/** Settings of DNS over TLS. */
export function toDns(values: OptionValues): Config["dns"] {
  return {
    addr: values.dnsAddr,
    tlsMinVersion: values.tlsMinVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    domain: domainOf(values),
    allow: values.dnsAllow,
    refuse: values.dnsRefuse,
    logOneOf: values.dnsQueryLog,
    limits: {
      maxConnections: values.dnsMaxConnections,
      maxConnectionsPerClient: values.dnsMaxConnectionsPerClient,
      maxInFlight: values.dnsMaxInFlight,
      maxQueuedBytes: values.dnsMaxQueuedBytes,
      maxQueuedBytesInAll: values.dnsMaxQueuedBytesInAll,
      handshakeTimeoutMs: values.dnsHandshakeTimeout,
      frameTimeoutMs: values.dnsFrameTimeout,
      idleTimeoutMs: values.dnsIdleTimeout,
    },
    forward: toForward(values),
  };
}

/** The word in the place of a server that turns forwarding off. */
const NO_UPSTREAM = "none";

function toForward(values: OptionValues): Config["dns"]["forward"] {
  const upstreams = values.dnsUpstream;
  if (values.dnsAddr === undefined) return undefined;
  if (upstreams.length === 1 && upstreams[0] === NO_UPSTREAM) return undefined;
  return {
    upstreams,
    resolvConf: values.dnsResolvConf,
    rootsFile: values.dnsUpstreamCa === "" ? undefined : values.dnsUpstreamCa,
    timeoutMs: values.dnsUpstreamTimeout,
    cacheBytes: values.dnsCacheBytes,
    maxStaleMs: values.dnsServeStale,
  };
}
