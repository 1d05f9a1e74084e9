/** Options of the service registry and of DNS over TLS. */
import { addressOption } from "./address.ts";
import {
  boolOption,
  choiceOption,
  durationOption,
  intOption,
  listOption,
  pathOption,
  textOption,
} from "./option.ts";

const HOUR_MS = 3_600_000;

/** Where services come from. */
const REGISTRY = {
  configDir: pathOption({
    flag: "configDir",
    fallback: "",
    help:
      "folder of YAML files with documents of Istio's kinds (ServiceEntry, VirtualService, ...), watched",
  }),
  domain: textOption({
    flag: "domain",
    fallback: "cluster.local",
    help: "DNS suffix of services; search domains of clients end in it",
  }),
  ipAutoAllocate: boolOption({
    variable: "PILOT_ENABLE_IP_AUTOALLOCATE",
    fallback: "true",
    help: "give ServiceEntries without addresses one IPv4 and one IPv6 of their own",
  }),
  ipAutoAllocateIpv4: textOption({
    variable: "PILOT_IP_AUTOALLOCATE_IPV4_PREFIX",
    fallback: "240.240.0.0/16",
    help: "where those IPv4 addresses come from",
  }),
  ipAutoAllocateIpv6: textOption({
    variable: "PILOT_IP_AUTOALLOCATE_IPV6_PREFIX",
    fallback: "2001:2::/48",
    help: "where those IPv6 addresses come from",
  }),
} as const;

/** The listener. */
const LISTENER = {
  dnsAddr: addressOption({
    flag: "dnsAddr",
    variable: "DNS_ADDR",
    fallback: ":15053",
    help: "DNS over TLS; empty turns it off",
  }),
  dnsAllow: listOption({
    flag: "dnsAllow",
    fallback: "127.0.0.0/8,::1",
    help: "addresses and prefixes that may ask without a client certificate",
  }),
  dnsRefuse: choiceOption({
    flag: "dnsRefuse",
    fallback: "answer",
    help: "what other clients get: an answer that says REFUSED, or no connection",
  }, ["answer", "handshake"]),
  dnsQueryLog: intOption({
    flag: "dnsQueryLog",
    fallback: "0",
    help: "log one of so many queries; 0 logs none",
  }, { min: 0, max: 1_000_000_000 }),
} as const;

/** Bounds of the listener. */
const LIMITS = {
  dnsMaxConnections: intOption({
    flag: "dnsMaxConnections",
    fallback: "10000",
    help: "DNS connections in all",
  }, { min: 1, max: 60_000 }),
  dnsMaxConnectionsPerClient: intOption({
    flag: "dnsMaxConnectionsPerClient",
    fallback: "1000",
    help: "DNS connections of one address; a gateway may stand for many clients",
  }, { min: 1, max: 60_000 }),
  dnsMaxInFlight: intOption({
    flag: "dnsMaxInFlight",
    fallback: "100",
    help: "queries of one connection that wait for upstream before no more are read",
  }, { min: 1, max: 65_535 }),
  dnsMaxQueuedBytes: intOption({
    flag: "dnsMaxQueuedBytes",
    fallback: "1048576",
    help: "bytes of answers that wait for a client before its connection ends",
  }, { min: 65_536, max: 1 << 30 }),
  dnsMaxQueuedBytesInAll: intOption({
    flag: "dnsMaxQueuedBytesInAll",
    fallback: "67108864",
    help: "bytes that wait for all clients together before those for whom most waits are ended",
  }, { min: 65_536, max: 2 ** 34 }),
  dnsHandshakeTimeout: durationOption({
    flag: "dnsHandshakeTimeout",
    fallback: "10s",
    help: "time for the TLS handshake",
  }, { minMs: 100, maxMs: HOUR_MS }),
  dnsFrameTimeout: durationOption({
    flag: "dnsFrameTimeout",
    fallback: "5s",
    help: "time from the first byte of a query to its last",
  }, { minMs: 100, maxMs: HOUR_MS }),
  dnsIdleTimeout: durationOption({
    flag: "dnsIdleTimeout",
    fallback: "30s",
    help: "time without a query before a connection ends; less when over half the slots are taken",
  }, { minMs: 500, maxMs: HOUR_MS }),
} as const;

/** Upstream servers for what is not the mesh's. */
const UPSTREAM = {
  dnsUpstream: listOption({
    flag: "dnsUpstream",
    fallback: "",
    help: "servers for other names: udp://, tcp:// or tls:// ADDRESS:PORT, tls:// with #NAME of " +
      "its certificate; none forwards nothing; empty takes those of --dnsResolvConf",
  }),
  dnsResolvConf: pathOption({
    flag: "dnsResolvConf",
    fallback: "/etc/resolv.conf",
    help: "where upstream servers are named, followed as it changes",
  }),
  dnsUpstreamCa: pathOption({
    flag: "dnsUpstreamCa",
    fallback: "",
    help: "PEM file with the roots of tls:// servers; empty takes the platform's",
  }),
  dnsUpstreamTimeout: durationOption({
    flag: "dnsUpstreamTimeout",
    fallback: "5s",
    help: "time for a question to upstream servers in all",
  }, { minMs: 100, maxMs: 60_000 }),
  dnsCacheBytes: intOption({
    flag: "dnsCacheBytes",
    fallback: "16777216",
    help: "bytes of upstream answers that are kept; 0 keeps none",
  }, { min: 0, max: 1 << 30 }),
  dnsServeStale: durationOption({
    flag: "dnsServeStale",
    fallback: "24h",
    help: "how long past its time an answer serves while no upstream server answers; 0s for never",
  }, { minMs: 0, maxMs: 72 * HOUR_MS }),
} as const;

/** The options of this file, by the names of their values. */
export const DNS_OPTIONS = { ...REGISTRY, ...LISTENER, ...LIMITS, ...UPSTREAM } as const;
