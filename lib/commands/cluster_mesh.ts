/**
 * The mesh config where there is no file: key `mesh` of ConfigMap `istio` in the cluster, over that of the ConfigMap that
 * `SHARED_MESH_CONFIG` names. Read at the start, followed after it.
 */
import { type Clock, isSignetError, SignetError, sleep } from "../base/mod.ts";
import {
  type Config,
  DEFAULT_MESH_CONFIG,
  type DiscoveryRequest,
  type MeshConfig,
  parseMeshConfig,
  readMeshConfig,
} from "../config/mod.ts";
import {
  asObject,
  createReflector,
  type KubeClient,
  type KubeDocument,
  openCluster,
  type Reflector,
  type ReflectorHost,
} from "../kube/mod.ts";

/** The key. */
const KEY = "mesh";
/** How long a start waits for an API server that does not answer, in milliseconds; a pod is then started anew. */
const START_TIMEOUT_MS = 60_000;
const RETRY_MS = 500;

/** Which ConfigMaps. */
export type MeshConfigMaps = NonNullable<Config["mesh"]["configMaps"]>;

/** A mesh config and where it was found. */
export interface FoundMesh {
  /** What it says. */
  readonly mesh: MeshConfig;
  /** The file or ConfigMap, for people; undefined when there is none. */
  readonly where: string | undefined;
  /** The settings with it. @throws {SignetError} as {@linkcode DiscoveryRequest.complete}. */
  complete(): Config;
}

/**
 * Reads the mesh config: of the file, else of the cluster, else the default one. `onWait` is told once that the API server does not answer.
 *
 * @throws {SignetError} `config.*`, `kube.*`.
 */
export async function findMesh(
  request: DiscoveryRequest,
  { clock, onWait }: { readonly clock: Clock; readonly onWait?: (thrown: SignetError) => void },
): Promise<FoundMesh> {
  const { path, isRequired } = request.meshConfig;
  const ofFile = await readMeshConfig(path, { isRequired });
  const found = (mesh: MeshConfig, where: string | undefined, isClusters = false): FoundMesh => ({
    ...{ mesh, where },
    complete: () => request.complete(mesh, { isClusters }),
  });
  if (ofFile !== DEFAULT_MESH_CONFIG) return found(ofFile, path);
  const { cluster } = request;
  using opened = cluster && await openCluster(cluster.access, { clock });
  if (cluster === undefined || opened === undefined) return found(ofFile, undefined);
  const { configMaps } = cluster;
  const texts = await patiently(() => readTexts(configMaps, opened.client), { clock, onWait });
  const mesh = meshOf(texts, configMaps);
  return found(mesh, mesh === DEFAULT_MESH_CONFIG ? undefined : whereOf(configMaps), true);
}

/**
 * The same for commands that only look: where the API server does not show its mesh config, what there is without it, and why.
 *
 * @throws {SignetError} `config.*`.
 */
export async function findMeshIfThere(
  request: DiscoveryRequest,
  host: { readonly clock: Clock },
): Promise<{ readonly found: FoundMesh; readonly unknown: SignetError | undefined }> {
  try {
    return { found: await findMesh(request, host), unknown: undefined };
  } catch (thrown) {
    if (!isSignetError(thrown) || !thrown.code.startsWith("kube.")) throw thrown;
    const { meshConfig, complete, help } = request;
    const alone = { meshConfig, complete, help, cluster: undefined };
    return { found: await findMesh(alone, host), unknown: thrown };
  }
}

/** For people. */
export function describeUnknown({ message }: SignetError): string {
  return `the mesh config of the cluster is not known: ${message}`;
}

async function patiently<T>(
  read: () => Promise<T>,
  { clock, onWait }: {
    readonly clock: Clock;
    readonly onWait: ((thrown: SignetError) => void) | undefined;
  },
): Promise<T> {
  const untilMs = clock.monotonicMs() + START_TIMEOUT_MS;
  for (let tries = 0;; tries++) {
    try {
      return await read();
    } catch (thrown) {
      const isAway = isSignetError(thrown, "kube.unavailable");
      if (!isAway || onWait === undefined || clock.monotonicMs() >= untilMs) throw thrown;
      if (tries === 0) onWait(thrown);
      await sleep(clock, RETRY_MS);
    }
  }
}

/** Texts of the key in the shared ConfigMap and in the own one; undefined for one that is missing. */
type Texts = Readonly<Record<"shared" | "own", string | undefined>>;

async function readTexts(
  { namespace, name, shared }: MeshConfigMaps,
  client: KubeClient,
): Promise<Texts> {
  const read = async (name: string) => {
    const { items } = await client.request(listOf(namespace, name));
    return Array.isArray(items) ? textOf(asObject(items[0])) : undefined;
  };
  return { own: await read(name), shared: shared === undefined ? undefined : await read(shared) };
}

/** What may be granted by name: RBAC lets a list of one name through. */
function listOf(namespace: string, name: string) {
  return {
    path: `/api/v1/namespaces/${namespace}/configmaps`,
    query: { fieldSelector: `metadata.name=${name}` },
  };
}

function textOf(configMap: KubeDocument): string | undefined {
  const text = asObject(configMap["data"])[KEY];
  return typeof text === "string" ? text : undefined;
}

function whereOf({ namespace, name, shared }: MeshConfigMaps): string {
  return `ConfigMap ${namespace}/${name}${shared === undefined ? "" : ` over ${shared}`}`;
}

/** @throws {SignetError} `config.bad_value`. */
function meshOf({ own, shared }: Texts, configMaps: MeshConfigMaps): MeshConfig {
  const { namespace, name } = configMaps;
  const base = shared === undefined
    ? DEFAULT_MESH_CONFIG
    : parseMeshConfig(shared, `of ConfigMap ${namespace}/${configMaps.shared}`);
  return own === undefined ? base : parseMeshConfig(own, `of ConfigMap ${namespace}/${name}`, base);
}

/** What following needs. */
export interface ClusterMeshHost extends ReflectorHost {
  /** Called with every new content. */
  readonly onChange: (mesh: MeshConfig) => void;
  /** Called once for each content that cannot be used, and when it is taken away; what was in force stays. */
  readonly onError: (thrown: unknown) => void;
  /** Told each failure to look, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** Follows the ConfigMaps until disposed. */
export function followClusterMesh(
  configMaps: MeshConfigMaps,
  host: ClusterMeshHost,
): AsyncDisposable {
  const { namespace, name, shared } = configMaps;
  const { client, clock, random, onFailure } = host;
  const follow = (name: string | undefined): Reflector<string | undefined> | undefined =>
    name === undefined ? undefined : createReflector<string | undefined>({
      ...listOf(namespace, name),
      keep: textOf,
      onChange: () => changed(),
      onFailure,
    }, { client, clock, random });
  const [own, common] = [follow(name), follow(shared)];
  let last: string | undefined;
  let isWhole = false;
  const changed = () => {
    if (!isWhole) return;
    const read = (list: typeof own, name = "") => list?.objects.get(`${namespace}/${name}`);
    const texts = { own: read(own, name), shared: read(common, shared) };
    const content = JSON.stringify(texts);
    if (content === last) return;
    const isFirst = last === undefined;
    last = content;
    try {
      if (texts.own === undefined && texts.shared === undefined) {
        // A server that began without one goes on without one.
        if (!isFirst) throw isGone(configMaps);
      } else host.onChange(meshOf(texts, configMaps));
    } catch (thrown) {
      host.onError(thrown);
    }
  };
  const lists = [own, common].filter((list) => list !== undefined);
  void Promise.all(lists.map(({ synced }) => synced)).then(() => {
    isWhole = true;
    changed();
  });
  return {
    async [Symbol.asyncDispose]() {
      await Promise.all(lists.map((list) => list[Symbol.asyncDispose]()));
    },
  };
}

function isGone(configMaps: MeshConfigMaps): SignetError {
  return new SignetError(
    "config.unreadable",
    `Cannot find ${whereOf(configMaps)} any more: make it again, or restart signet without it`,
  );
}
