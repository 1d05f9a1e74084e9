/** The one frozen value that the server is started with. Units are in the names; what a field means stands in the table of options. */
import type { LabelSelector } from "../kube/mod.ts";
import type { ListenAddress } from "./address.ts";
import type { JwtRule } from "./jwt_rule.ts";
import type { ScopeLevels } from "./log_options.ts";

/** The key of a new root. */
export type RootKey =
  | { readonly type: "ec"; readonly curve: "P-256" | "P-384" }
  | { readonly type: "rsa"; readonly bits: 2048 | 3072 | 4096 };

/** Settings of a server. */
export interface Config {
  /** State directory. */
  readonly stateDir: string;
  /** Which crypto to use. */
  readonly cryptoProvider: "auto" | "openssl" | "webcrypto";
  /** The CA. */
  readonly ca: {
    readonly enabled: boolean;
    readonly trustDomain: string;
    readonly defaultWorkloadTtlMs: number;
    readonly maxWorkloadTtlMs: number;
    readonly selfSignedRootTtlMs: number;
    readonly minRsaBits: number;
    readonly rootKey: RootKey;
    readonly whenMissing: "create";
    readonly rotation: {
      readonly checkIntervalMs: number;
      readonly gracePercentile: number;
      readonly jitter: boolean;
      readonly rootTtlMs: number;
    };
    readonly pluggedIn: {
      readonly directory: string | undefined;
      readonly withCrl: boolean;
      readonly reload: boolean;
      readonly multiRoot: boolean;
      readonly skipGenerated: boolean;
      readonly fromCluster: boolean;
    };
  };
  /** Signers of a cluster; `undefined` when none is asked for anything. */
  readonly signers: {
    /** How they are asked for workloads' certificates; `undefined` where the CA signs those. */
    readonly workloads: {
      readonly signerName: string;
      readonly signerDomain: string;
      readonly maxWorkloadTtlMs: number;
      readonly minRsaBits: number;
    } | undefined;
    readonly rootFiles: readonly string[];
  } | undefined;
  /** Signet's own certificate. */
  readonly cert: {
    readonly names: readonly string[];
    readonly ttlMs: number;
    readonly files: { readonly certFile: string; readonly keyFile: string } | undefined;
    readonly caCertFile: string | undefined;
    readonly provider: string;
    readonly signerName: string | undefined;
    readonly writeDirectory: string | undefined;
  };
  /** The gRPC ports. */
  readonly grpc: {
    readonly secureAddr: ListenAddress | undefined;
    readonly plainAddr: ListenAddress | undefined;
    readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
    readonly maxMessageBytes: number;
    readonly maxConcurrentStreams: number;
    /** Connections of one IPv4 address or IPv6 /64 to each port. */
    readonly maxConnectionsPerAddress: number;
    readonly keepalive: {
      readonly intervalMs: number;
      readonly timeoutMs: number;
      readonly maxConnectionAgeMs: number | undefined;
    };
  };
  /** The service registry. */
  readonly registry: {
    readonly configDir: string | undefined;
    readonly autoAddresses: { readonly ipv4: string; readonly ipv6: string } | undefined;
    readonly domain: string;
  };
  /** DNS over TLS. */
  readonly dns: {
    readonly addr: ListenAddress | undefined;
    readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
    readonly domain: string;
    readonly allow: readonly string[];
    readonly refuse: "answer" | "handshake";
    readonly logOneOf: number;
    readonly limits: {
      readonly maxConnections: number;
      readonly maxConnectionsPerClient: number;
      readonly maxInFlight: number;
      readonly maxQueuedBytes: number;
      readonly maxQueuedBytesInAll: number;
      readonly handshakeTimeoutMs: number;
      readonly frameTimeoutMs: number;
      readonly idleTimeoutMs: number;
    };
    /** Upstream servers for other names; undefined forwards nothing. */
    readonly forward: {
      readonly upstreams: readonly string[];
      readonly resolvConf: string;
      readonly rootsFile: string | undefined;
      readonly timeoutMs: number;
      readonly cacheBytes: number;
      readonly maxStaleMs: number;
    } | undefined;
  };
  /** The admission webhooks. */
  readonly webhook: {
    readonly addr: ListenAddress | undefined;
    readonly tlsMinVersion: "TLSv1.2" | "TLSv1.3";
    /** Webhook configurations of a cluster that are kept up to date; undefined without one. */
    readonly cluster: {
      readonly revision: string;
      readonly namespace: string;
      readonly patchesInjection: boolean;
      readonly patchesValidation: boolean;
    } | undefined;
  };
  /** Sidecar injection; undefined when it is turned off. */
  readonly inject: {
    readonly directory: string;
    readonly configMap: { readonly namespace: string; readonly name: string } | undefined;
    readonly builtin: { readonly image: string; readonly clusterName: string };
    readonly revision: string;
    readonly nativeSidecars: "on" | "off" | "auto";
  } | undefined;
  /** The xDS server; undefined rates are those that the processors allow. */
  readonly xds: {
    readonly authenticates: boolean;
    readonly authenticatesPlaintext: boolean;
    readonly checksIdentity: boolean;
    readonly newStreamsPerSecond: number | undefined;
    readonly debounceAfterMs: number;
    readonly debounceMaxMs: number;
    readonly pushThrottle: number | undefined;
    readonly validatesTrustDomain: boolean;
    readonly rootNamespace: string;
  };
  /** Rates of callers and the queue before signing; `undefined` is no limit. */
  readonly limits: {
    readonly perIdentity: { readonly perSecond: number; readonly burst: number } | undefined;
    readonly perAddress: { readonly perSecond: number; readonly burst: number } | undefined;
    readonly maxWaiting: number;
  };
  /** OpenTelemetry; everything is off unless an endpoint is named. */
  readonly otlp: {
    readonly traces: boolean;
    readonly sampler:
      | "always_on"
      | "always_off"
      | "traceidratio"
      | "parentbased_always_on"
      | "parentbased_always_off"
      | "parentbased_traceidratio";
    readonly samplerRatio: number;
    readonly metricsIntervalMs: number | undefined;
  };
  /** Who may ask for a certificate. */
  readonly authn: {
    readonly jwtRule: JwtRule | undefined;
    readonly outOfCluster: { readonly issuer: string; readonly audience: string } | undefined;
    readonly rootsFile: string;
    /** Tokens that a Kubernetes cluster vouches for. */
    readonly kube: {
      readonly clusterId: string;
      readonly aliases: readonly string[];
      readonly remoteAliases: Readonly<Record<string, string>>;
      readonly audiences: readonly string[];
      readonly maxAwayMs: number;
    };
    /** Namespace of the Secrets of remote clusters; `undefined` has none. */
    readonly remoteClustersNamespace: string | undefined;
    /** `namespace/name` of the service accounts that may ask for others on their node. */
    readonly trustedNodeAccounts: readonly string[];
    /** Prefixes of gateways. */
    readonly trustedGateways: readonly string[];
  };
  /** A Kubernetes cluster; `undefined` without one. */
  readonly kube: {
    readonly access:
      | { readonly kind: "kubeconfig"; readonly path: string }
      | {
        readonly kind: "in_cluster";
        readonly host: string;
        readonly port: string;
        readonly isRequired: boolean;
      };
    /** How often its API server may be asked. */
    readonly rate: { readonly perSecond: number; readonly burst: number };
    readonly namespace: string;
    readonly useCacerts: boolean;
    readonly electsLeader: boolean;
    readonly podName: string;
    /** Names of the ConfigMaps of every namespace; `undefined` when there is no CA whose roots they could hold. */
    readonly distribution: {
      /** `undefined` where the roots are in a ClusterTrustBundle. */
      readonly rootConfigMap: string | undefined;
      readonly crlConfigMap: string | undefined;
    } | undefined;
  } | undefined;
  /** The plain HTTP ports. */
  readonly http: {
    readonly addr: ListenAddress;
    readonly monitoringAddr: ListenAddress | undefined;
    readonly metricsLocalhostOnly: boolean;
    readonly debug: boolean;
  };
  /** The log. */
  readonly log: {
    readonly levels: ScopeLevels;
    readonly json: boolean;
    readonly targets: readonly string[];
  };
  /** Every address that an option names and that is not turned off, by the option's name. */
  readonly listenAddresses: readonly { readonly option: string; readonly addr: ListenAddress }[];
  /** Time for calls in flight when the server stops. */
  readonly shutdownMs: number;
  /** The mesh config's file, the trust domain that a flag puts over it, and what it said at start. */
  readonly mesh: {
    readonly path: string;
    readonly trustDomainFlag: string;
    readonly discoveryAddress: string;
    /** Roots of signers. */
    readonly caCertificates: readonly {
      readonly pem: string;
      readonly certSigners: readonly string[];
    }[];
    /** Namespaces that the mesh takes, by their labels; empty takes all. */
    readonly discoverySelectors: readonly LabelSelector[];
    /** The ConfigMaps of a cluster that are followed, as there was no file; undefined follows the file. */
    readonly configMaps: {
      readonly namespace: string;
      readonly name: string;
      readonly shared: string | undefined;
    } | undefined;
  };
  /** `--name="value"` of every flag, as istiod logs them. */
  readonly flagLines: readonly string[];
  /** What an operator should know: values that were not understood, options without effect. One sentence each. */
  readonly notices: readonly string[];
}
