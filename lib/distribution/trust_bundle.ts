/**
 * The mesh's roots as one ClusterTrustBundle (`certificates.k8s.io`, v1 since Kubernetes 1.37 and v1beta1 before), which pods mount as a
 * projected volume: made when it is missing, mended when it was changed, followed when the roots change.
 */
import { createTaskGroup, isSignetError, sleep } from "../base/mod.ts";
import {
  asObject,
  asText,
  createReflector,
  type KubeClient,
  type Reflector,
  type ReflectorHost,
  refusedStatus,
  TRUST_BUNDLE,
} from "../kube/mod.ts";
import { createWork, type Work } from "./work.ts";

const GROUP = "/apis/certificates.k8s.io";
const RESOURCE = "clustertrustbundles";
const RETRY_MS = 3_000;
const CONFLICT = 409;

/** What it needs of the world. */
export interface TrustBundleHost extends ReflectorHost {
  /** The text now; `undefined` writes nothing. */
  readonly text: () => string | undefined;
  /** True while this server may write. */
  readonly leads: () => boolean;
  /** Told each time that it was made or mended. */
  readonly onWritten: (how: "created" | "repaired") => void;
  /** Told each failure, before the next try. */
  readonly onFailure: (thrown: unknown) => void;
}

/** A bundle that follows; disposing it ends that. */
export interface TrustBundle extends AsyncDisposable {
  /** Looks at it: after a change of the text, or of who may write. */
  refresh(): void;
}

/** Starts to write and mend. */
export function followTrustBundle(host: TrustBundleHost): TrustBundle {
  return new LiveTrustBundle(host);
}

class LiveTrustBundle implements TrustBundle {
  readonly #host: TrustBundleHost;
  readonly #work: Work;
  readonly #tasks;
  #path = "";
  #found: Reflector<string> | undefined;
  #isSynced = false;

  constructor(host: TrustBundleHost) {
    this.#host = host;
    const { clock, onFailure } = host;
    this.#work = createWork({
      clock,
      work: () => this.#write(),
      onFailure: (_key, thrown) => onFailure(thrown),
    });
    this.#tasks = createTaskGroup({ onError: (_name, thrown) => onFailure(thrown) });
    this.#tasks.run(`follow ${TRUST_BUNDLE.name}`, (signal) => this.#begin(signal));
  }

  refresh(): void {
    if (this.#isSynced && this.#host.leads()) this.#work.want(TRUST_BUNDLE.name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#tasks[Symbol.asyncDispose]();
    await this.#found?.[Symbol.asyncDispose]();
    await this.#work[Symbol.asyncDispose]();
  }

  /** Nothing is written before what is there is known. */
  async #begin(signal: AbortSignal): Promise<void> {
    this.#path = `${GROUP}/${await this.#findVersion(signal)}/${RESOURCE}`;
    this.#found = createReflector({
      path: this.#path,
      query: { fieldSelector: `metadata.name=${TRUST_BUNDLE.name}` },
      keep: (bundle) => asText(asObject(bundle["spec"])["trustBundle"]),
      onChange: () => this.refresh(),
      onFailure: this.#host.onFailure,
    }, this.#host);
    void this.#found.synced.then(() => {
      this.#isSynced = true;
      this.refresh();
    });
  }

  async #findVersion(signal: AbortSignal): Promise<"v1" | "v1beta1"> {
    for (;;) {
      try {
        const { resources } = await this.#host.client.request({ path: `${GROUP}/v1`, signal });
        const names = (Array.isArray(resources) ? resources : []).map((one) =>
          asText(asObject(one)["name"])
        );
        return names.includes(RESOURCE) ? "v1" : "v1beta1";
      } catch (thrown) {
        if (!isSignetError(thrown)) throw thrown;
        this.#host.onFailure(thrown);
        await sleep(this.#host.clock, RETRY_MS, { signal });
      }
    }
  }

  async #write(): Promise<void> {
    const trustBundle = this.#host.text();
    if (trustBundle === undefined || !this.#host.leads()) return;
    const found = this.#found?.objects.get(TRUST_BUNDLE.name);
    if (found === trustBundle) return;
    try {
      await (found === undefined
        ? this.#send("POST", this.#path, {
          metadata: { name: TRUST_BUNDLE.name, labels: { "istio.io/config": "true" } },
          spec: { signerName: TRUST_BUNDLE.signer, trustBundle },
        })
        : this.#send("PATCH", `${this.#path}/${TRUST_BUNDLE.name}`, { spec: { trustBundle } }));
      this.#host.onWritten(found === undefined ? "created" : "repaired");
    } catch (thrown) {
      // Another was faster: the watch brings what it wrote.
      if (refusedStatus(thrown) !== CONFLICT) throw thrown;
    }
  }

  #send(method: "POST" | "PATCH", path: string, body: object): ReturnType<KubeClient["request"]> {
    return this.#host.client.request({ method, path, body });
  }
}
