/**
 * One ConfigMap with one key in every namespace (istiod's namespace controller): made where it is missing, mended where it was changed,
 * followed when its text changes. Other keys in it are left alone.
 */
import {
  asObject,
  createReflector,
  type KubeClient,
  type KubeDocument,
  type Namespaces,
  type Reflector,
  type ReflectorHost,
  refusedStatus,
} from "../kube/mod.ts";
import { createWork, type Work } from "./work.ts";

/** Namespaces that hold nothing that wants it, as in istiod. */
const IGNORED: readonly string[] = ["kube-public", "kube-node-lease", "local-path-storage"];
/** Istio's own objects carry it. */
const LABEL = { name: "istio.io/config", value: "true" } as const;
/** What is gone, and what another was faster with: the watch brings either. A namespace that ends says 403, until it is known to end. */
const PASSED_OVER: readonly (number | undefined)[] = [404, 409];

/** What is written where. */
export interface ConfigMapConfig {
  /** Name of the ConfigMaps. */
  readonly name: string;
  /** The key. */
  readonly key: string;
  /** The text now; `undefined` writes nothing. */
  readonly text: () => string | undefined;
}

/** What it needs of the world. */
export interface ConfigMapHost extends ReflectorHost {
  /** The namespaces; in those that are not selected a ConfigMap that is there is left as it is. */
  readonly namespaces: Namespaces;
  /** True while this server may write. */
  readonly leads: () => boolean;
  /** Told each ConfigMap that was made or mended. */
  readonly onWritten: (namespace: string, how: "created" | "repaired") => void;
  /** Told each failure, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** ConfigMaps that follow; disposing it ends that. */
export interface ConfigMaps extends AsyncDisposable {
  /** Resolves when what is there is known. */
  readonly synced: Promise<void>;
  /** Looks at every namespace: after a change of the text, or of who may write. */
  refresh(): void;
}

/** What of a ConfigMap is compared. */
interface Found {
  readonly text: string | undefined;
  readonly labelled: boolean;
}

/** Starts to write and mend. */
export function followConfigMaps(config: ConfigMapConfig, host: ConfigMapHost): ConfigMaps {
  return new LiveConfigMaps(config, host);
}

class LiveConfigMaps implements ConfigMaps {
  readonly #config: ConfigMapConfig;
  readonly #host: ConfigMapHost;
  readonly #changes: Disposable;
  readonly #found: Reflector<Found>;
  readonly #work: Work;
  #isSynced = false;
  readonly synced: Promise<void>;

  constructor(config: ConfigMapConfig, host: ConfigMapHost) {
    this.#config = config;
    this.#host = host;
    const { onFailure } = host;
    this.#work = createWork({
      clock: host.clock,
      work: (namespace) => this.#write(namespace),
      onFailure: (_namespace, thrown) => onFailure(thrown),
    });
    this.#changes = host.namespaces.onChange((namespace) => this.#want(namespace));
    this.#found = createReflector({
      path: "/api/v1/configmaps",
      query: { fieldSelector: `metadata.name=${config.name}` },
      keep: (object) => this.#read(object),
      onChange: (key) => this.#want(key.slice(0, key.indexOf("/"))),
      onFailure,
    }, host);
    this.synced = this.#begin();
  }

  refresh(): void {
    if (!this.#isSynced || !this.#host.leads()) return;
    for (const namespace of this.#host.namespaces.objects.keys()) this.#want(namespace);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#changes[Symbol.dispose]();
    await this.#found[Symbol.asyncDispose]();
    await this.#work[Symbol.asyncDispose]();
  }

  /** Nothing is written before both copies are whole: a ConfigMap that is not known yet is not missing. */
  async #begin(): Promise<void> {
    await Promise.all([this.#host.namespaces.whole(), this.#found.synced]);
    this.#isSynced = true;
    this.refresh();
  }

  #read(object: KubeDocument): Found {
    const labels = asObject(asObject(object["metadata"])["labels"]);
    const text = asObject(object["data"])[this.#config.key];
    return {
      text: typeof text === "string" ? text : undefined,
      labelled: labels[LABEL.name] === LABEL.value,
    };
  }

  #want(namespace: string): void {
    if (this.#isSynced && this.#mayWrite(namespace)) this.#work.want(namespace);
  }

  #mayWrite(namespace: string): boolean {
    const { leads, namespaces } = this.#host;
    return leads() && !IGNORED.includes(namespace) && namespaces.isSelected(namespace) &&
      namespaces.objects.get(namespace)?.isActive === true;
  }

  async #write(namespace: string): Promise<void> {
    const text = this.#config.text();
    if (text === undefined || !this.#mayWrite(namespace)) return;
    const { name, key } = this.#config;
    const found = this.#found.objects.get(`${namespace}/${name}`);
    if (found?.text === text && found.labelled) return;
    try {
      const list = `/api/v1/namespaces/${namespace}/configmaps`;
      const metadata = { labels: { [LABEL.name]: LABEL.value } };
      const data = { [key]: text };
      await (found === undefined
        ? this.#send("POST", list, { metadata: { name, ...metadata }, data })
        : this.#send("PATCH", `${list}/${name}`, { metadata, data }));
      this.#host.onWritten(namespace, found === undefined ? "created" : "repaired");
    } catch (thrown) {
      if (!PASSED_OVER.includes(refusedStatus(thrown))) throw thrown;
    }
  }

  #send(method: "POST" | "PATCH", path: string, body: object): ReturnType<KubeClient["request"]> {
    return this.#host.client.request({ method, path, body });
  }
}
