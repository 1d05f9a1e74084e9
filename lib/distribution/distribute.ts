/** The mesh's roots, and the revocation lists of a plugged-in CA, in every namespace of the cluster, for Istio's agents. */
import { type Clock, messageOf } from "../base/mod.ts";
import type { Ca, Signers } from "../ca/mod.ts";
import {
  type KubeClient,
  type Leadership,
  type Namespaces,
  refusedStatus,
  TRUST_BUNDLE,
} from "../kube/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import { type ConfigMaps, followConfigMaps } from "./config_map.ts";
import { followTrustBundle } from "./trust_bundle.ts";

/** Settings. */
export interface DistributionConfig {
  /** Name of the ConfigMaps with the roots; `undefined` writes a ClusterTrustBundle instead. */
  readonly rootConfigMap: string | undefined;
  /** Name of the ConfigMaps with revocation lists, which are written when the CA has any; `undefined` writes none. */
  readonly crlConfigMap: string | undefined;
}

/** What it needs of the world. */
export interface DistributionHost {
  /** The cluster, and whether this server may write there. */
  readonly kube: {
    readonly client: KubeClient;
    readonly leadership: Leadership;
    readonly random: () => number;
    readonly namespaces: Namespaces;
  } | undefined;
  /** The CA, whose revocation lists they are. */
  readonly ca: Ca | undefined;
  /** Signers of the cluster. */
  readonly signers: Pick<Signers, "onChange"> | undefined;
  /** The server's own certificate, whose roots they are. */
  readonly cert: { readonly meshRootsPem: string | undefined };
  /** Time. */
  readonly clock: Clock;
  /** For failures, and for what was written at level debug. */
  readonly logger: Logger;
  /** For the counter of what was written. */
  readonly metrics: Metrics;
}

/** Keys of the ConfigMaps, as Istio's agents mount them. */
const KEY = { roots: "root-cert.pem", crl: "ca-crl.pem" } as const;

/** Starts to write, and goes on until disposed; without a cluster, or a CA and signers in its place, there is nothing to do. */
export function distributeRoots(
  config: DistributionConfig | undefined,
  host: DistributionHost,
): AsyncDisposable {
  const { kube, ca, signers, cert } = host;
  if (config === undefined || kube === undefined || (ca ?? signers) === undefined) {
    return new AsyncDisposableStack();
  }
  const { client, leadership, random, namespaces } = kube;
  const follow = (name: string, key: string, text: () => string | undefined): ConfigMaps =>
    followConfigMaps({ name, key, text }, {
      ...{ client, random, namespaces, clock: host.clock },
      leads: () => leadership.leads,
      ...reporter(name, host),
    });
  const roots = () => cert.meshRootsPem;
  const followed: Followed[] = [
    config.rootConfigMap === undefined
      ? followTrustBundle({
        ...{ client, random, clock: host.clock, text: roots },
        leads: () => leadership.leads,
        ...bundleReporter(host),
      })
      : follow(config.rootConfigMap, KEY.roots, roots),
  ];
  if (config.crlConfigMap !== undefined && ca?.origin === "plugged-in") {
    followed.push(follow(config.crlConfigMap, KEY.crl, () => ca.bundle.crlPem));
  }
  const refresh = () => followed.forEach((one) => one.refresh());
  const subscriptions = [
    ca?.onChange(refresh),
    signers?.onChange(refresh),
    leadership.onChange(refresh),
  ];
  return {
    async [Symbol.asyncDispose]() {
      for (const subscription of subscriptions) subscription?.[Symbol.dispose]();
      await Promise.all(followed.map((one) => one[Symbol.asyncDispose]()));
    },
  };
}

type Followed = Pick<ConfigMaps, "refresh"> & AsyncDisposable;

function bundleReporter(host: DistributionHost) {
  const logger = host.logger.scoped("kube");
  const count = (result: string) =>
    host.metrics.counter(METRIC.trustBundleWrites, { result }).inc();
  return {
    onWritten(how: "created" | "repaired") {
      count(how);
      const facts = { name: TRUST_BUNDLE.name, how };
      logger.info(EVENT.rootsDistributed, "Wrote the ClusterTrustBundle", facts);
    },
    onFailure(thrown: unknown) {
      count("failed");
      logger.warn(EVENT.distributionFailed, "Cannot write the ClusterTrustBundle yet", {
        name: TRUST_BUNDLE.name,
        reason: messageOf(thrown),
      });
    },
  };
}

function reporter(name: string, host: DistributionHost) {
  const logger = host.logger.scoped("kube");
  return {
    onWritten(namespace: string, how: "created" | "repaired") {
      host.metrics.counter(METRIC.configMapWrites, { result: how }).inc();
      logger.debug(EVENT.rootsDistributed, "Wrote a ConfigMap", { namespace, name, how });
    },
    onFailure(thrown: unknown) {
      host.metrics.counter(METRIC.configMapWrites, { result: "failed" }).inc();
      const fields = { name, reason: messageOf(thrown) };
      if (refusedStatus(thrown) === 403) {
        logger.error(EVENT.distributionFailed, "The cluster does not let signet write", fields);
      } else logger.warn(EVENT.distributionFailed, "Cannot write ConfigMaps yet", fields);
    },
  };
}
