/** What a server has of its Kubernetes cluster: the API server, the election among replicas, and the Secret that holds their CA. */
import { type Clock, messageOf } from "../base/mod.ts";
import type { Config } from "../config/mod.ts";
import type { AskSigner } from "../ca/mod.ts";
import { randomBytes } from "../crypto/mod.ts";
import {
  aloneLeadership,
  createSigningQueue,
  electLeader,
  followNamespaces,
  type KubeCluster,
  type Leadership,
  LEASE,
  type Namespaces,
  openCluster,
  openSecretStore,
  readCaSecret,
} from "../kube/mod.ts";
import { type CaStore, fileCaStore, memoryCaStore, type PluggedInCa } from "../store/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";

/** A cluster, and this server's part in it. */
export interface ServerCluster extends KubeCluster {
  /** Whether this server does what one of several may do. */
  readonly leadership: Leadership;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** Its namespaces, and which of them the mesh takes. */
  readonly namespaces: Namespaces;
  /** Asks a signer of the cluster for a certificate. */
  readonly askSigner: AskSigner;
}

/** What opening needs of the world. */
export interface ClusterHost {
  /** Time. */
  readonly clock: Clock;
  /** For what was found, and for failures. */
  readonly logger: Logger;
  /** For the gauge of leadership. */
  readonly metrics: Metrics;
  /** Name of this machine. */
  readonly hostname: string;
}

/** The cluster that the settings name or that this pod runs in; the election goes on until `opened` ends. */
export async function openServerCluster(
  { kube, mesh }: Config,
  host: ClusterHost,
  opened: AsyncDisposableStack,
): Promise<ServerCluster | undefined> {
  const { clock } = host;
  const logger = host.logger.scoped("kube");
  const cluster = await openCluster(kube?.access, { clock, rate: kube?.rate });
  if (kube === undefined) return undefined;
  if (cluster === undefined) {
    logger.warn(
      EVENT.kubeCluster,
      "This pod has no service account token, so that its cluster is not used; --registries Kubernetes makes that an error",
    );
    return undefined;
  }
  opened.use(cluster);
  const facts = { server: cluster.client.server, from: cluster.from };
  logger.info(EVENT.kubeCluster, "Using a Kubernetes cluster", facts);
  const { client, from } = cluster;
  const leadership = kube.electsLeader
    ? elect(kube, { ...host, client, logger })
    : aloneLeadership();
  opened.use(leadership);
  host.metrics.computedGauge(METRIC.leads, () => leadership.leads ? 1 : 0);
  const onFailure = (thrown: unknown) =>
    logger.warn(EVENT.kubeFailed, "Cannot follow the namespaces", { reason: messageOf(thrown) });
  const namespaces = opened.use(
    followNamespaces(mesh.discoverySelectors, { client, clock, random, onFailure }),
  );
  return {
    ...{ client, from, leadership, random, namespaces },
    askSigner: signerOf({ ...host, client, logger }),
    [Symbol.dispose]: () => {},
  };
}

function signerOf(
  { client, clock, logger, metrics }: ClusterHost & Pick<KubeCluster, "client">,
): AskSigner {
  const ask = createSigningQueue({
    ...{ client, clock },
    onLeftOver: (name, thrown) =>
      logger.warn(EVENT.kubeFailed, "Cannot delete a CertificateSigningRequest; the cluster will", {
        name,
        reason: messageOf(thrown),
      }),
  });
  const seconds = metrics.histogram(METRIC.signerSeconds);
  return async (request) => {
    const count = (result: "signed" | "failed") =>
      metrics.counter(METRIC.signerRequests, { result }).inc();
    const startedMs = clock.monotonicMs();
    try {
      const pem = await ask(request);
      count("signed");
      return pem;
    } catch (thrown) {
      count("failed");
      throw thrown;
    } finally {
      seconds.observe((clock.monotonicMs() - startedMs) / 1000);
    }
  };
}

function elect(
  { namespace, podName }: NonNullable<Config["kube"]>,
  { client, clock, logger, hostname }: ClusterHost & Pick<KubeCluster, "client">,
): Leadership {
  const identity = podName === "" ? `unknown-${hostname}-${randomBytes(4).toHex()}` : podName;
  const leadership = electLeader({ name: LEASE.name, namespace, identity }, {
    client,
    clock,
    onFailure: (thrown) =>
      logger.warn(EVENT.kubeFailed, "Cannot take part in the election", {
        reason: messageOf(thrown),
      }),
  });
  leadership.onChange((leads) =>
    logger.info(EVENT.kubeLeader, leads ? "Leads from now on" : "Does not lead any more", {
      lease: `${namespace}/${LEASE.name}`,
      identity,
    })
  );
  return leadership;
}

/**
 * Where the CA is kept: in the cluster's Secret, and in the state directory without a cluster or beside a plugged-in CA.
 *
 * @throws {SignetError} `kube.*`.
 */
export async function openCaStore(
  { kube, ca }: Config,
  { local, cluster, pluggedIn, clock, logger }: {
    readonly local: CaStore;
    readonly cluster: ServerCluster | undefined;
    readonly pluggedIn: PluggedInCa | undefined;
    readonly clock: Clock;
    readonly logger: Logger;
  },
  opened: AsyncDisposableStack,
): Promise<CaStore> {
  if (kube === undefined || cluster === undefined || !ca.enabled) return local;
  if (await pluggedIn?.read() !== undefined) return local;
  return opened.use(
    await openSecretStore(kube, {
      ...{ clock, local, random, client: cluster.client },
      onFailure: (thrown) =>
        logger.scoped("kube").warn(EVENT.kubeFailed, "Cannot follow the CA's Secret", {
          reason: messageOf(thrown),
        }),
    }),
  );
}

/** The CA where a server with these settings keeps it, for commands that only look at it. @throws {SignetError} `kube.*`, `store.*`. */
export async function lookAtCaStore(
  { kube, ca }: Config,
  { cluster, pluggedIn, stateDir }: {
    readonly cluster: KubeCluster | undefined;
    readonly pluggedIn: PluggedInCa | undefined;
    readonly stateDir: string;
  },
): Promise<CaStore> {
  const local = fileCaStore(stateDir);
  if (kube === undefined || cluster === undefined || !ca.enabled) return local;
  if (await pluggedIn?.read() !== undefined) return local;
  const { set, where } = await readCaSecret(kube, cluster.client);
  return { ...memoryCaStore(set ?? await local.load()), location: where, current: where };
}

function random(): number {
  const [number = 0] = new Uint32Array(randomBytes(4).buffer);
  return number / 2 ** 32;
}
