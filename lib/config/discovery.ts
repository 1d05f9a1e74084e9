/** The command line, environment and mesh config of the server to one frozen {@linkcode Config}; every fault is told at once. */
import { isSignetError, quote, SignetError } from "../base/mod.ts";
import { parseTrustDomain, sanitizeTrustDomain } from "../spiffe/mod.ts";
import type { ListenAddress } from "./address.ts";
import { type OptionTable, parseFlags } from "./flags.ts";
import type { MeshConfig } from "./mesh_config.ts";
import { toDns, toRegistry, toXds } from "./dns.ts";
import { toInject } from "./inject.ts";
import {
  type ClusterOfMesh,
  clusterOfMesh,
  kubeFaults,
  kubeNotices,
  toKube,
  toKubeTokens,
  toTrustedCallers,
} from "./kube.ts";
import type { Config } from "./port.ts";
import { rootKey, rootKeyFaults } from "./root_key.ts";
import { isInCluster, serverNames } from "./server_names.ts";
import { hasBuiltInCa, ownSigner, signerFaults, signerNotices, toSigners } from "./signers.ts";
import { type OptionName, OPTIONS, type OptionValues } from "./table.ts";
import { OPTIONS_WITHOUT_EFFECT } from "./table_later.ts";
import { toWebhook } from "./webhook.ts";
import { type Environment, nameOf, type ResolvedValues, resolveValues } from "./values.ts";

/** Where istiod 1.7 wrote its own certificate, relative to the working directory. */
export const SERVER_CERT_DIRECTORY = "./var/run/secrets/istio-dns";
/** A root's `O` is the trust domain, and RFC 5280 appendix A ends `O` at 64 characters. */
const MAX_ORGANIZATION_CHARS = 64;
/** A label of a DNS name in lower case (RFC 1123 section 2.1). */
const DNS_LABEL_REGEXP = /^[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?$/;
/** Go's `time.Duration` at its end, istiod's way to say never; anything beyond a century is never, too. */
const NEVER_MS = 100 * 365 * 86_400_000;

const TABLE: OptionTable = {
  ...OPTIONS,
  ...Object.fromEntries(
    OPTIONS_WITHOUT_EFFECT.map((option) => [option.flag ?? option.variable!, option]),
  ),
};

/** What the command line and the environment said. */
export interface DiscoveryRequest {
  /** True when help is wanted, and nothing else matters. */
  readonly help: boolean;
  /** Path of the mesh config, and whether it was asked for: a default path may be missing. */
  readonly meshConfig: { readonly path: string; readonly isRequired: boolean };
  /** The cluster that holds the mesh config where there is no file; undefined without one. */
  readonly cluster: ClusterOfMesh | undefined;
  /**
   * The settings, once the mesh config is known. `isClusters` says that it was looked for in the cluster.
   *
   * @throws {SignetError} `config.bad_value` with every fault of the command line and the environment.
   */
  complete(mesh: MeshConfig, options?: { readonly isClusters?: boolean }): Config;
}

/** Reads the server's command line. */
export function readDiscovery(args: readonly string[], env: Environment): DiscoveryRequest {
  const flags = parseFlags(args, TABLE, { unknown: "warn" });
  const resolved = resolveValues(TABLE, flags, env);
  const values = Object.fromEntries(
    Object.keys(OPTIONS).map((key) => [key, resolved.values.get(key)?.value]),
  ) as OptionValues;
  const faults = [
    ...resolved.faults,
    ...flags.positionals.map((word) => `unexpected argument ${JSON.stringify(word)}`),
    ...faultsOf(values, resolved),
    ...rootKeyFaults(values, resolved),
    ...kubeFaults(values, resolved),
    ...signerFaults(values, resolved),
  ];
  return {
    help: flags.help,
    meshConfig: {
      path: values.meshConfig,
      isRequired: resolved.values.get("meshConfig")?.source !== "default",
    },
    cluster: faults.length > 0 ? undefined : clusterOfMesh(values, resolved),
    complete(mesh, { isClusters = false } = {}) {
      if (faults.length > 0) {
        throw new SignetError("config.bad_value", `Cannot start: ${faults.join("; ")}`);
      }
      const notices = [
        ...resolved.warnings,
        ...flags.unknown.map((flag) => `unknown flag ${flag} is ignored`),
        ...noticesOf(resolved),
        ...authnNotices(values, env),
        ...kubeNotices(values, resolved),
        ...signerNotices(values, resolved),
        ...meshNotices(mesh, values),
      ];
      return deepFreeze({
        ...toConfig(values, mesh, { env, resolved, isClusters }),
        listenAddresses: listenAddresses(resolved),
        flagLines: flagLines(resolved),
        notices,
      });
    },
  };
}

/**
 * The mesh's trust domain: a flag over the mesh config over `cluster.local`, with `@` made `.` as istiod does.
 *
 * @throws {SignetError} `config.bad_value`.
 */
export function effectiveTrustDomain(flag: string, mesh: MeshConfig): string {
  const text = sanitizeTrustDomain(flag || mesh.trustDomain || "cluster.local");
  const where = flag ? "--trust-domain" : "trustDomain of the mesh config";
  if (text.length > MAX_ORGANIZATION_CHARS) {
    throw new SignetError(
      "config.bad_value",
      `Cannot use ${where}: it has ${text.length} characters, at most ${MAX_ORGANIZATION_CHARS} fit into a root's O`,
    );
  }
  // Stricter than SPIFFE's rule, as istiod is: the trust domain is a DNS name, and a last dot is no part of it.
  const name = text.endsWith(".") ? text.slice(0, -1) : text;
  if (!name.split(".").every((label) => DNS_LABEL_REGEXP.test(label))) {
    throw new SignetError(
      "config.bad_value",
      `Cannot use ${where}: ${quote(text)} should be a DNS name such as cluster.local`,
    );
  }
  try {
    return parseTrustDomain(name);
  } catch (thrown) {
    if (!isSignetError(thrown)) throw thrown;
    throw new SignetError("config.bad_value", `Cannot use ${where}: ${thrown.message}`, {
      cause: thrown,
    });
  }
}

/** Faults that lie between options, or in a value that this version cannot honour. */
function faultsOf(values: OptionValues, { values: resolved }: ResolvedValues): readonly string[] {
  const faults: string[] = [];
  if (values.httpAddr === undefined && resolved.has("httpAddr")) {
    faults.push("--httpAddr: it cannot be empty, give host:port");
  }
  if ((values.tlsCertFile === "") !== (values.tlsKeyFile === "")) {
    faults.push("--tlsCertFile and --tlsKeyFile go together: give both or neither");
  }
  if (values.maxWorkloadCertTtl < values.defaultWorkloadCertTtl) {
    faults.push("DEFAULT_WORKLOAD_CERT_TTL is above MAX_WORKLOAD_CERT_TTL");
  }
  if (values.compliancePolicy !== "") {
    faults.push(
      `COMPLIANCE_POLICY: ${
        JSON.stringify(values.compliancePolicy)
      } cannot be enforced, as the runtime's TLS takes no list of suites or curves; unset it`,
    );
  }
  return faults;
}

function noticesOf({ values }: ResolvedValues): readonly string[] {
  return Object.entries(TABLE).flatMap(([key, option]) => {
    const source = values.get(key)?.source ?? "default";
    if (source === "default" || (option.effect ?? "used") === "used") return [];
    const why = option.effect === "later" ? "in this version" : "any more";
    return [`${nameOf(option, source)} is accepted and has no effect ${why}: ${option.help}`];
  });
}

/** What of the mesh config policies may count on in vain: one that denies by it would not. */
function meshNotices(
  { rootNamespace, unheeded }: MeshConfig,
  { namespace }: OptionValues,
): readonly string[] {
  const isElsewhere = rootNamespace !== undefined && rootNamespace !== namespace;
  return [
    ...(isElsewhere
      ? [
        `mesh config: rootNamespace ${
          quote(rootNamespace)
        } has no effect: policies of the whole mesh are those of ${quote(namespace)} (--namespace)`,
      ]
      : []),
    ...unheeded.map((field) =>
      `mesh config: ${field} has no effect: a policy that counts on it denies less than in istiod`
    ),
  ];
}

/** What of the settings of authentication does less than it seems to. */
function authnNotices({ jwtRule, tokenIssuer, audience }: OptionValues, env: Environment) {
  const notices: string[] = [];
  for (const field of jwtRule?.unknownFields ?? []) {
    notices.push(`JWT_RULE: field ${JSON.stringify(field)} has no effect`);
  }
  if (jwtRule?.audiences.length === 0) {
    notices.push("JWT_RULE: audiences is empty, so that no token is accepted");
  }
  const keysFrom = jwtRule?.jwksUri ?? jwtRule?.issuer ?? "";
  if (keysFrom.startsWith("http:")) {
    notices.push(
      `JWT_RULE: keys come from ${keysFrom} over plain HTTP: whoever is on the way can replace them`,
    );
  }
  if (isInCluster(env) && (tokenIssuer !== "" || audience !== "")) {
    notices.push("TOKEN_ISSUER and AUDIENCE have no effect in a cluster");
  }
  return notices;
}

/** Found by the kind of the option, so that a new port is among them. */
function listenAddresses({ values }: ResolvedValues): Config["listenAddresses"] {
  return Object.entries(OPTIONS).flatMap(([key, option]) => {
    const addr = values.get(key)?.value as ListenAddress | undefined;
    if (option.kind !== "address" || addr === undefined) return [];
    return [{ option: nameOf(option, "default"), addr }];
  });
}

type Settings = Omit<Config, "listenAddresses" | "flagLines" | "notices">;

function toConfig(
  values: OptionValues,
  mesh: MeshConfig,
  { env, resolved, isClusters }: {
    readonly env: Environment;
    readonly resolved: ResolvedValues;
    readonly isClusters: boolean;
  },
): Settings {
  return {
    stateDir: values.stateDir,
    cryptoProvider: values.cryptoProvider,
    ca: toCa(values, mesh, resolved),
    signers: toSigners(values),
    cert: toCert(values, mesh, isInCluster(env)),
    grpc: toGrpc(values),
    registry: toRegistry(values),
    xds: toXds(values),
    dns: toDns(values),
    webhook: toWebhook(values, toKube(values, resolved) !== undefined),
    inject: toInject(values, toKube(values, resolved)),
    limits: {
      perIdentity: rateLimit(values.ratePerIdentity, values.burstPerIdentity),
      perAddress: rateLimit(values.ratePerAddress, values.burstPerAddress),
      maxWaiting: values.maxWaiting,
    },
    otlp: toOtlp(values),
    authn: {
      jwtRule: values.jwtRule,
      outOfCluster: isInCluster(env)
        ? undefined
        : { issuer: values.tokenIssuer, audience: values.audience },
      rootsFile: values.sslCertFile,
      kube: toKubeTokens(values),
      ...toTrustedCallers(values),
    },
    kube: toKube(values, resolved),
    http: {
      addr: values.httpAddr!,
      monitoringAddr: values.monitoringAddr,
      metricsLocalhostOnly: values.metricsLocalhostOnly,
      debug: values.debugOnHttp,
    },
    log: { levels: values.logOutputLevel, json: values.logAsJson, targets: values.logTarget },
    shutdownMs: values.shutdownDuration,
    mesh: {
      path: values.meshConfig,
      trustDomainFlag: values.trustDomain,
      caCertificates: mesh.caCertificates,
      discoverySelectors: mesh.discoverySelectors,
      discoveryAddress: mesh.discoveryAddress,
      configMaps: isClusters ? clusterOfMesh(values, resolved)?.configMaps : undefined,
    },
  };
}

function toOtlp(values: OptionValues): Config["otlp"] {
  const isOn = (own: string, exporter: "otlp" | "none") =>
    !values.otelDisabled && exporter === "otlp" && (own !== "" || values.otlpEndpoint !== "");
  const metrics = isOn(values.otlpMetricsEndpoint, values.otelMetricsExporter);
  return {
    traces: isOn(values.otlpTracesEndpoint, values.otelTracesExporter),
    sampler: values.otelSampler,
    samplerRatio: values.otelSamplerArg,
    metricsIntervalMs: metrics ? values.otelMetricInterval : undefined,
  };
}

function rateLimit(perSecond: number, burst: number): Config["limits"]["perIdentity"] {
  return perSecond === 0 ? undefined : { perSecond, burst };
}

function toCa(values: OptionValues, mesh: MeshConfig, resolved: ResolvedValues): Config["ca"] {
  return {
    enabled: hasBuiltInCa(values),
    trustDomain: effectiveTrustDomain(values.trustDomain, mesh),
    defaultWorkloadTtlMs: values.defaultWorkloadCertTtl,
    maxWorkloadTtlMs: values.maxWorkloadCertTtl,
    selfSignedRootTtlMs: values.selfSignedCaCertTtl,
    minRsaBits: values.minRsaBits,
    rootKey: rootKey(values, resolved),
    whenMissing: "create",
    rotation: {
      checkIntervalMs: values.rootCheckInterval,
      gracePercentile: values.rootGracePercentile,
      jitter: values.rootRotationJitter,
      rootTtlMs: values.selfSignedCaCertTtl,
    },
    pluggedIn: {
      directory: values.rootCaDir === "" ? undefined : values.rootCaDir,
      withCrl: values.enableCaCrl,
      reload: values.autoReloadPluginCerts,
      multiRoot: values.multiRootMesh,
      skipGenerated: values.useCacerts && toKube(values, resolved) !== undefined,
      fromCluster: values.useRemoteCerts && values.rootCaDir !== "" && hasBuiltInCa(values) &&
        toKube(values, resolved) !== undefined,
    },
  };
}

function toCert(values: OptionValues, mesh: MeshConfig, inCluster: boolean): Config["cert"] {
  const { tlsCertFile, tlsKeyFile, caCertFile } = values;
  const writes = (values.writeServerCertFiles as boolean | undefined) ?? !inCluster;
  return {
    names: serverNames({
      discoveryAddress: mesh.discoveryAddress,
      customHost: values.istiodCustomHost,
      istiodAddr: values.istiodAddr,
      namespace: values.namespace,
      revision: values.revision,
      inCluster,
    }),
    ttlMs: values.selfSignedCaCertTtl,
    files: tlsCertFile === "" ? undefined : { certFile: tlsCertFile, keyFile: tlsKeyFile },
    caCertFile: caCertFile === "" ? undefined : caCertFile,
    provider: values.pilotCertProvider,
    signerName: ownSigner(values),
    writeDirectory: writes ? SERVER_CERT_DIRECTORY : undefined,
  };
}

function toGrpc(values: OptionValues): Config["grpc"] {
  const ageMs = values.keepaliveMaxServerConnectionAge;
  return {
    secureAddr: values.secureGrpcAddr,
    plainAddr: values.grpcAddr,
    tlsMinVersion: values.tlsMinVersion === "1.3" ? "TLSv1.3" : "TLSv1.2",
    maxMessageBytes: values.maxRecvMsgSize,
    maxConcurrentStreams: values.maxStreams,
    maxConnectionsPerAddress: values.maxConnectionsPerAddress,
    keepalive: {
      intervalMs: values.keepaliveInterval,
      timeoutMs: values.keepaliveTimeout,
      maxConnectionAgeMs: ageMs === 0 || ageMs > NEVER_MS ? undefined : ageMs,
    },
  };
}

function flagLines({ values }: ResolvedValues): readonly string[] {
  return Object.entries(TABLE).flatMap(([key, { flag }]) =>
    flag === undefined ? [] : [`FLAG: --${flag}=${JSON.stringify(values.get(key)?.text ?? "")}`]
  ).sort();
}

function deepFreeze<T>(value: T): T {
  if (typeof value === "object" && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** Every variable that the server reads: the executable is allowed these. */
export function variableNames(): readonly string[] {
  return Object.values(TABLE).flatMap(({ variable }) => variable === undefined ? [] : [variable])
    .sort();
}

/** The options, in the order of help and of the README. */
export function documentedOptions(): readonly (OptionTable[string] & {
  readonly name: OptionName | undefined;
})[] {
  return Object.entries(TABLE).map(([key, option]) => ({
    ...option,
    name: key in OPTIONS ? key as OptionName : undefined,
  }));
}
