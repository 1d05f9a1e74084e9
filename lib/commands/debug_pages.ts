/** The pages below `/debug`: what stands on each. None shows a key, a token or a CSR. */
import type { Ca } from "../ca/mod.ts";
import type { Clock } from "../base/mod.ts";
import type { Config } from "../config/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import { type DebugEndpoint, type LogLevels, METRIC, type Metrics } from "../telemetry/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import type { ServerParts } from "./serving.ts";

/** Names of settings whose values are never shown. */
const SECRET_REGEXP = /secret|password|token$|authorization|headers$/i;
const REDACTED = "[redacted]";
/** A pod and its namespace, as istiod names a proxy; or nothing. */
const PROXY_ID_REGEXP = /^(?:[^/]+\.[^./]+)?$/;

/** What pages need that are there from the begin. */
export interface EarlyParts {
  /** The settings. */
  readonly config: Config;
  /** Levels of the log, which `PUT /debug/scopes?scope=ca&level=debug` changes. */
  readonly levels: LogLevels;
  /** Time. */
  readonly clock: Clock;
  /** Bytes in use, by kind. */
  readonly memory: () => Readonly<Record<keyof Deno.MemoryUsage, number>>;
}

/** Pages that are there while the server comes up. */
export function earlyPages(
  { config, levels, clock, memory }: EarlyParts,
): readonly DebugEndpoint[] {
  const startedMs = clock.monotonicMs();
  return [
    {
      name: "config",
      help: "settings in force, from flags, variables and files",
      read: () => redact(config),
    },
    {
      name: "memory",
      help: "memory of the process in bytes, and its uptime",
      read: () => ({
        ...memory(),
        uptimeSeconds: (clock.monotonicMs() - startedMs) / 1000,
      }),
    },
    {
      name: "scopes",
      help: "levels of the log by scope; PUT with ?scope=ca&amp;level=debug changes one",
      read: () => levels.read(),
      write: (query) => setLevel(query, levels),
    },
  ];
}

function setLevel(query: URLSearchParams, levels: LogLevels): string | undefined {
  const { scope = "", level = "" } = Object.fromEntries(query);
  return levels.set(scope, level)
    ? undefined
    : "Give a scope, and a level of none, fatal, error, warn, info, debug";
}

/** Pages of a server that is up. */
export function servingPages(
  { config, host, ca, signers, cert, grpc, dns, xds }: ServerParts,
): readonly DebugEndpoint[] {
  return [
    {
      name: "ca",
      help: "certificates of the CA in force, and of the server itself",
      read: () => ({
        ...(ca === undefined ? { origin: "none" } : describeCa(ca)),
        ...(signers?.workloads === undefined ? {} : {
          workloadSigners: signers.described,
          workloadRoots: signers.roots.map(describe),
        }),
        ownCertificate: cert.described,
        trustDomain: host.trustDomain(),
      }),
    },
    {
      name: "connections",
      help: "open gRPC connections: the client, its identities, its streams",
      read: () => grpc.connections(),
    },
    {
      name: "limits",
      help: "rate limits and the queue before signing, and whom they refused",
      read: () => ({ ...config.limits, ...limitsNow(host.metrics) }),
    },
    {
      name: "ndsz",
      help:
        "names that DNS answers for every client, with ?proxyID=NAME.NAMESPACE or ?namespace=NAMESPACE also those that are for that namespace",
      check: (query) =>
        PROXY_ID_REGEXP.test(query.get("proxyID") ?? "")
          ? undefined
          : "Give proxyID as NAME.NAMESPACE, or namespace alone",
      read: (query) => ({ table: dns.names(namespaceOf(query)) }),
    },
    {
      name: "syncz",
      help: "proxies that are connected, and what of their configuration they have accepted",
      read: () => xds.streams(),
    },
  ];
}

/** Of istiod's `proxyID`, a pod's name and its namespace with a dot between, or by its own name. */
function namespaceOf(query: URLSearchParams): string | undefined {
  const proxyId = query.get("proxyID") ?? "";
  const namespace = query.get("namespace") || proxyId.slice(proxyId.lastIndexOf(".") + 1);
  return namespace === "" ? undefined : namespace;
}

function describeCa(ca: Ca): Readonly<Record<string, unknown>> {
  return {
    origin: ca.origin,
    location: ca.location,
    generation: ca.bundle.generation,
    signing: describe(ca.bundle.caCertificate),
    roots: ca.bundle.roots.map(describe),
  };
}

function describe(certificate: Certificate): unknown {
  return {
    serialNumber: certificate.serialNumber.toHex(),
    notBefore: new Date(certificate.notBeforeMs).toISOString(),
    notAfter: new Date(certificate.notAfterMs).toISOString(),
    sha256: sha256(certificate.raw).toHex(),
  };
}

function limitsNow(metrics: Metrics): Readonly<Record<string, unknown>> {
  const samplesOf = (name: string) =>
    metrics.snapshot().find((family) => family.name === name)?.samples ?? [];
  return {
    waiting: samplesOf(METRIC.queueWaiting)[0]?.value ?? 0,
    refused: Object.fromEntries(
      samplesOf(METRIC.limited).map(({ labels, value }) => [labels["limit"], value]),
    ),
  };
}

/** The value with everything that is named like a secret taken out. */
export function redact(value: unknown, name = ""): unknown {
  if (SECRET_REGEXP.test(name) && value !== undefined) return REDACTED;
  if (Array.isArray(value)) return value.map((each) => redact(each));
  if (value instanceof Map) return redact(Object.fromEntries(value));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, inner]) => [key, redact(inner, key)]),
  );
}
