/** The mesh config in force while the server runs: what of a change takes effect, and what waits for the next start. */
import { type Clock, createTaskGroup, messageOf } from "../base/mod.ts";
import {
  type Config,
  effectiveTrustDomain,
  type MeshConfig,
  watchMeshConfig,
} from "../config/mod.ts";
import type { KubeClient, Namespaces } from "../kube/mod.ts";
import type { StateDatabase } from "../store/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import { followClusterMesh } from "./cluster_mesh.ts";

/** What following needs of the world. */
export interface FollowMeshHost {
  /** Time. */
  readonly clock: Clock;
  /** For changes and faults. */
  readonly logger: Logger;
  /** Where commands find the trust domain. */
  readonly database: Pick<StateDatabase, "recordTrustDomain">;
  /** The cluster, when there is one. */
  readonly kube: {
    readonly client: KubeClient;
    readonly random: () => number;
    /** Told which of them the mesh takes. */
    readonly namespaces: Pick<Namespaces, "select">;
  } | undefined;
}

/** What of the mesh config is in force. */
export interface MeshInForce {
  /** The trust domain; commands find it in the database. */
  readonly trustDomain: () => string;
  /** Roots of the cluster's signers. */
  readonly meshCaCertificates: () => MeshConfig["caCertificates"];
}

/** What is in force by the mesh config's file or ConfigMap as it is now. */
export async function followMesh(
  config: Config,
  host: FollowMeshHost,
  opened: AsyncDisposableStack,
): Promise<MeshInForce> {
  const { clock, logger, database, kube } = host;
  const { path, configMaps } = config.mesh;
  const inForce = await createInForce(config, { logger, database, kube });
  const onError = (thrown: unknown) =>
    logger.error(
      EVENT.configWarning,
      "Cannot use the changed mesh config; what was in force stays",
      {},
      thrown,
    );
  const tasks = opened.use(createTaskGroup({ onError: (_name, thrown) => onError(thrown) }));
  if (configMaps === undefined || kube === undefined) {
    tasks.run(
      "follow the mesh config",
      (signal) => watchMeshConfig(path, { clock, signal, onError, onChange: inForce.change }),
    );
    return inForce.now;
  }
  opened.use(followClusterMesh(configMaps, {
    ...{ client: kube.client, clock, random: kube.random, onError },
    onChange: (mesh) =>
      tasks.run("take up the mesh config", () => inForce.change(mesh).catch(onError)),
    onFailure: (thrown) =>
      logger.warn(EVENT.kubeFailed, "Cannot follow the mesh config", {
        reason: messageOf(thrown),
      }),
  }));
  return inForce.now;
}

async function createInForce(
  config: Config,
  { logger, database, kube }: Pick<FollowMeshHost, "logger" | "database" | "kube">,
): Promise<{
  readonly now: MeshInForce;
  readonly change: (mesh: MeshConfig) => Promise<void>;
}> {
  let { trustDomain } = config.ca;
  let { discoveryAddress, caCertificates } = config.mesh;
  await database.recordTrustDomain(trustDomain);
  return {
    now: { trustDomain: () => trustDomain, meshCaCertificates: () => caCertificates },
    async change(mesh) {
      const changed = effectiveTrustDomain(config.mesh.trustDomainFlag, mesh);
      if (mesh.discoveryAddress !== discoveryAddress) {
        discoveryAddress = mesh.discoveryAddress;
        logger.warn(
          EVENT.configNotice,
          "defaultConfig.discoveryAddress changed: its name is in signet's own certificate after the next start",
          { discovery_address: discoveryAddress },
        );
      }
      const isOther = changed !== trustDomain;
      ({ caCertificates } = mesh);
      if (isOther) await database.recordTrustDomain(changed);
      trustDomain = changed;
      kube?.namespaces.select(mesh.discoverySelectors);
      logger.info(EVENT.configNotice, "Mesh config changed", {
        trust_domain: trustDomain,
        discovery_selectors: mesh.discoverySelectors.length,
      });
      if (!isOther) return;
      logger.warn(
        EVENT.configNotice,
        "The trust domain changed: certificates are of the new one from now on; the root keeps its name, and workloads theirs until they renew. Restart signet and the workloads to have one trust domain everywhere",
        { trust_domain: trustDomain },
      );
    },
  };
}
