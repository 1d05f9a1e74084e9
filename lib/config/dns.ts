/** From option values to the settings of the service registry and of DNS over TLS. */
import type { Config } from "./port.ts";
import type { OptionValues } from "./table.ts";

/** Settings of the registry. */
export function toRegistry(values: OptionValues): Config["registry"] {
  return {
    configDir: values.configDir === "" ? undefined : values.configDir,
    autoAddresses: values.ipAutoAllocate
      ? { ipv4: values.ipAutoAllocateIpv4, ipv6: values.ipAutoAllocateIpv6 }
      : undefined,
  };
}

/** Settings of DNS over TLS. */
export function toDns(values: OptionValues): Config["dns"] {
  return {
    addr: values.dnsAddr,
    tlsMinVersion: values.tlsMinVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    domain: values.domain.toLowerCase().replace(/^\.|\.$/g, ""),
    allow: values.dnsAllow,
    refuse: values.dnsRefuse,
    logOneOf: values.dnsQueryLog,
    limits: {
      maxConnections: values.dnsMaxConnections,
      maxConnectionsPerClient: values.dnsMaxConnectionsPerClient,
      maxInFlight: values.dnsMaxInFlight,
      maxQueuedBytes: values.dnsMaxQueuedBytes,
      handshakeTimeoutMs: values.dnsHandshakeTimeout,
      frameTimeoutMs: values.dnsFrameTimeout,
      idleTimeoutMs: values.dnsIdleTimeout,
    },
  };
}
