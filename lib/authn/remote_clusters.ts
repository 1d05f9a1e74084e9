/**
 * Clusters beside the server's own (istiod's multicluster secrets): a Secret with label `istio/multiCluster=true` holds kubeconfigs, each under
 * the name of its cluster. They are followed, so that one that is added, changed or removed counts so at once.
 *
 * Such a kubeconfig is somebody else's text: it may start no program, as every kubeconfig here, and name no file of this machine.
 */
import { isSignetError, messageOf, quote } from "../base/mod.ts";
import {
  asObject,
  asText,
  createReflector,
  followPods,
  type KubeCluster,
  type KubeDocument,
  openForeignCluster,
  type PodIndex,
  type Reflector,
  type ReflectorHost,
} from "../kube/mod.ts";
import { EVENT, type Logger, METRIC, type Metrics } from "../telemetry/mod.ts";
import { followClusterKeys } from "./cluster_keys.ts";
import { createTokenJudge, type JudgeToken, type TokenRules } from "./token_judge.ts";

/** Clusters that are followed; each costs a few connections. */
export const MAX_REMOTE_CLUSTERS = 64;
const LABEL = "istio/multiCluster=true";

/** Which clusters, and what of them. */
export interface RemoteClustersConfig {
  /** Namespace of the Secrets. */
  readonly namespace: string;
  /** Name of the server's own cluster, which no Secret can take. */
  readonly ownClusterId: string;
  /** How tokens are judged. */
  readonly rules: TokenRules;
  /** True follows their pods, too. */
  readonly followsPods: boolean;
}

/** What following needs of the world. */
export interface RemoteClustersHost extends ReflectorHost {
  /** For what was found and what could not be used. */
  readonly logger: Logger;
  /** For counters. */
  readonly metrics: Metrics;
}

/** One of them. */
export interface RemoteCluster {
  /** Judges its service accounts' tokens. */
  readonly judge: JudgeToken;
  /** Its pods, where they are followed. */
  readonly pods: PodIndex | undefined;
}

/** All of them as they are now; disposing ends following. */
export interface RemoteClusters extends AsyncDisposable {
  /** Their names. */
  readonly ids: readonly string[];
  /** The one of this name. */
  find(clusterId: string): RemoteCluster | undefined;
}

interface Wanted {
  readonly text: string;
  readonly from: string;
}

interface Opened extends RemoteCluster, AsyncDisposable {
  readonly text: string;
}

/** Starts to follow the Secrets. */
export function followRemoteClusters(
  config: RemoteClustersConfig,
  host: RemoteClustersHost,
): RemoteClusters {
  return new LiveRemoteClusters(config, host);
}

class LiveRemoteClusters implements RemoteClusters {
  readonly #config: RemoteClustersConfig;
  readonly #host: RemoteClustersHost;
  readonly #logger: Logger;
  readonly #secrets: Reflector<ReadonlyMap<string, string>>;
  readonly #opened = new Map<string, Opened>();
  /** What was said of clusters that are not used, so that it is said once. */
  #said: ReadonlySet<string> = new Set();
  #work: Promise<void> = Promise.resolve();

  constructor(config: RemoteClustersConfig, host: RemoteClustersHost) {
    this.#config = config;
    this.#host = host;
    this.#logger = host.logger.scoped("kube");
    host.metrics.computedGauge(METRIC.remoteClusters, () => this.#opened.size);
    this.#secrets = createReflector({
      path: `/api/v1/namespaces/${config.namespace}/secrets`,
      query: { labelSelector: LABEL },
      keep: kubeconfigsOf,
      onChange: () => void (this.#work = this.#work.then(() => this.#reconcile())),
      onFailure: (thrown) =>
        this.#logger.warn(EVENT.kubeFailed, "Cannot follow the Secrets of remote clusters", {
          reason: messageOf(thrown),
        }),
    }, host);
  }

  get ids(): readonly string[] {
    return [...this.#opened.keys()];
  }

  find(clusterId: string): RemoteCluster | undefined {
    return this.#opened.get(clusterId);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#secrets[Symbol.asyncDispose]();
    await this.#work;
    for (const [id, cluster] of this.#opened) {
      this.#opened.delete(id);
      await cluster[Symbol.asyncDispose]();
    }
  }

  async #reconcile(): Promise<void> {
    const said = new Set<string>();
    const wanted = this.#wanted((what) => void said.add(what));
    for (const [id, cluster] of this.#opened) {
      if (wanted.get(id)?.text === cluster.text) continue;
      this.#opened.delete(id);
      await cluster[Symbol.asyncDispose]();
      if (!wanted.has(id)) {
        this.#logger.info(EVENT.remoteCluster, "A remote cluster is gone", { id });
      }
    }
    for (const [id, one] of wanted) {
      if (this.#opened.has(id)) continue;
      try {
        this.#opened.set(id, this.#open(id, one));
      } catch (thrown) {
        if (!isSignetError(thrown)) throw thrown;
        said.add(thrown.message);
      }
    }
    for (const what of said) {
      if (!this.#said.has(what)) this.#logger.error(EVENT.remoteCluster, what);
    }
    this.#said = said;
  }

  /** The clusters of all Secrets; of two with one name that of the first Secret by name. */
  #wanted(complain: (what: string) => void): ReadonlyMap<string, Wanted> {
    const wanted = new Map<string, Wanted>();
    for (const [key, kubeconfigs] of [...this.#secrets.objects].sort()) {
      for (const [id, text] of kubeconfigs) {
        const what = `Cannot use cluster ${quote(id)} of Secret ${key}`;
        if (id === this.#config.ownClusterId) complain(`${what}: it is this server's own`);
        else if (wanted.has(id)) complain(`${what}: ${wanted.get(id)!.from} has one of that name`);
        else if (wanted.size === MAX_REMOTE_CLUSTERS) {
          complain(`${what}: there are more than ${MAX_REMOTE_CLUSTERS}`);
        } else wanted.set(id, { text, from: `Secret ${key}` });
      }
    }
    return wanted;
  }

  #open(id: string, { text, from }: Wanted): Opened {
    const { clock, metrics, random } = this.#host;
    const cluster = openForeignCluster(text, `${from}, ${id}`, { clock });
    const { client } = cluster;
    const keys = followClusterKeys({
      ...{ client, clock },
      onAway: (thrown) => this.#warn("A remote cluster's API server does not answer", id, thrown),
      onBack: () =>
        this.#logger.info(EVENT.apiServerBack, "A remote cluster's API server answers again", {
          id,
        }),
    });
    const pods = this.#config.followsPods
      ? followPods({
        ...{ client, clock, random },
        onFailure: (thrown) => this.#warn("Cannot follow a remote cluster's pods", id, thrown),
      })
      : undefined;
    const facts = { id, server: client.server, from };
    this.#logger.info(EVENT.remoteCluster, "Taking tokens of a remote cluster", facts);
    return {
      ...{ text, pods },
      judge: createTokenJudge(this.#config.rules, { client, keys, clock, metrics }),
      [Symbol.asyncDispose]: () => close(cluster, [keys, pods]),
    };
  }

  #warn(message: string, id: string, thrown: unknown): void {
    this.#logger.warn(EVENT.apiServerAway, message, { id, reason: messageOf(thrown) });
  }
}

async function close(
  cluster: KubeCluster,
  parts: readonly (AsyncDisposable | undefined)[],
): Promise<void> {
  for (const part of parts) await part?.[Symbol.asyncDispose]();
  cluster[Symbol.dispose]();
}

/** Kubeconfigs by the names of their clusters; what is no base64 is an empty text, which is no kubeconfig. */
function kubeconfigsOf(secret: KubeDocument): ReadonlyMap<string, string> {
  const entries = Object.entries(asObject(secret["data"])).slice(0, MAX_REMOTE_CLUSTERS);
  return new Map(entries.map(([id, data]) => [id, decodeBase64(asText(data))]));
}

function decodeBase64(data: string): string {
  try {
    return new TextDecoder().decode(Uint8Array.fromBase64(data));
  } catch (thrown) {
    if (thrown instanceof SyntaxError) return "";
    throw thrown;
  }
}
