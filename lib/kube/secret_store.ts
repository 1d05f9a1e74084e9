/**
 * A CA that several replicas share: a {@linkcode CaStore} in a Secret.
 *
 * Whoever creates the Secret first makes the root of all: the API server lets one win, and the others load what it made. A change carries
 * the version that it was made from, so that of two at once one fails and looks again. A Secret that went away is not made anew: every
 * replica has its CA in memory, and somebody meant it or will bring it back.
 */
import { type Clock, isSignetError, SignetError, sleep } from "../base/mod.ts";
import type { CaSet, CaStore } from "../store/mod.ts";
import { CA_SECRET, fingerprintOf, newSecret, secretData, setOfSecret } from "./ca_secret.ts";
import { asObject, metaOf, refusedStatus } from "./documents.ts";
import type { KubeClient, KubeDocument } from "./port.ts";
import { createReflector, type Reflector } from "./reflector.ts";

const NOT_FOUND = 404;
const CONFLICT = 409;
/** Tries of a change that others were faster with. */
const MAX_TRIES = 10;
/** How long a start waits for an API server that does not answer, in milliseconds; a pod is then started anew. */
export const START_TIMEOUT_MS = 60_000;
const RETRY_MS = 500;
/** How long a write waits until the watch has brought it, in milliseconds: seen later, it would be loaded again for nothing. */
const SEEN_TIMEOUT_MS = 5_000;
const LOOK_MS = 20;

/** Which Secret. */
export interface SecretStoreConfig {
  /** Namespace of the Secret. */
  readonly namespace: string;
  /** True looks for `cacerts`, too, and makes it instead of `istio-ca-secret` (`USE_CACERTS_FOR_SELF_SIGNED_CA`). */
  readonly useCacerts: boolean;
}

/** What the store needs of the world. */
export interface SecretStoreHost {
  /** The API server. */
  readonly client: KubeClient;
  /** Time. */
  readonly clock: Clock;
  /** A number from 0 up to 1. */
  readonly random: () => number;
  /** The state directory's store: its CA becomes the Secret's when there is no Secret, and reports go there. */
  readonly local: CaStore;
  /** Told each failure to follow the Secret, or to read it at start. */
  readonly onFailure: (thrown: unknown) => void;
}

/** The store; disposing it ends the watch. */
export interface SecretStore extends CaStore, AsyncDisposable {}

/**
 * Opens the store, and waits for the API server for a minute when it does not answer.
 *
 * @throws {SignetError} `kube.*`.
 */
export async function openSecretStore(
  config: SecretStoreConfig,
  host: SecretStoreHost,
): Promise<SecretStore> {
  const store = new LiveSecretStore(config, host);
  try {
    await store.open();
    return store;
  } catch (thrown) {
    await store[Symbol.asyncDispose]();
    throw thrown;
  }
}

/** The CA in the Secret as it is now, and which Secret that is or would be, for commands. @throws {SignetError} `kube.*`, `store.*`. */
export async function readCaSecret(
  config: SecretStoreConfig,
  client: Pick<KubeClient, "request">,
): Promise<{ readonly set: CaSet | undefined; readonly where: string }> {
  const names = namesOf(config);
  for (const name of names) {
    const where = whereOf(config, name);
    const secret = await getSecret(config, client, name);
    const set = secret && setOfSecret(secret, where);
    if (set !== undefined) return { set, where };
  }
  return { set: undefined, where: whereOf(config, names.at(-1)!) };
}

function namesOf({ useCacerts }: SecretStoreConfig): readonly string[] {
  return useCacerts ? [CA_SECRET.own, CA_SECRET.cacerts] : [CA_SECRET.own];
}

function whereOf({ namespace }: SecretStoreConfig, name: string): string {
  return `Secret ${namespace}/${name}`;
}

function listOf({ namespace }: SecretStoreConfig): string {
  return `/api/v1/namespaces/${namespace}/secrets`;
}

async function getSecret(
  config: SecretStoreConfig,
  client: Pick<KubeClient, "request">,
  name: string,
): Promise<KubeDocument | undefined> {
  try {
    return await client.request({ path: `${listOf(config)}/${name}` });
  } catch (thrown) {
    if (refusedStatus(thrown) === NOT_FOUND) return undefined;
    throw thrown;
  }
}

interface Seen {
  readonly fingerprint: string;
  /** The version at which it had this fingerprint first. */
  readonly version: string;
}

class LiveSecretStore implements SecretStore {
  readonly #config: SecretStoreConfig;
  readonly #host: SecretStoreHost;
  readonly #names: readonly string[];
  readonly #reflectors = new Map<string, Reflector<Seen>>();
  /** What was last seen, by name. */
  readonly #seen = new Map<string, Seen>();

  constructor(config: SecretStoreConfig, host: SecretStoreHost) {
    this.#config = config;
    this.#host = host;
    this.#names = namesOf(config);
  }

  get location(): string {
    return this.#where(this.#current() ?? this.#names.at(-1)!);
  }

  get current(): string {
    return this.location;
  }

  async open(): Promise<void> {
    const { clock, onFailure } = this.#host;
    const from = clock.monotonicMs();
    for (;;) {
      try {
        for (const name of this.#names) await getSecret(this.#config, this.#host.client, name);
        break;
      } catch (thrown) {
        if (!isSignetError(thrown, "kube.unavailable")) throw explained(thrown);
        if (clock.monotonicMs() - from > START_TIMEOUT_MS) throw thrown;
        onFailure(thrown);
        await sleep(clock, RETRY_MS);
      }
    }
    for (const name of this.#names) this.#reflectors.set(name, this.#follow(name));
    await Promise.all([...this.#reflectors.values()].map(({ synced }) => synced));
  }

  async load(): Promise<CaSet | undefined> {
    for (const name of this.#names) {
      const secret = await getSecret(this.#config, this.#host.client, name);
      const set = secret && setOfSecret(secret, this.#where(name));
      if (set !== undefined) return set;
      if (secret !== undefined) throw pluggedIn(this.#where(name));
    }
    const local = await this.#host.local.load();
    if (local === undefined) return undefined;
    try {
      await this.save(local);
    } catch (thrown) {
      if (!isSignetError(thrown, "store.exists")) throw thrown;
    }
    return await this.load();
  }

  revision(): Promise<string | undefined> {
    const name = this.#current();
    const seen = name && this.#seen.get(name);
    return Promise.resolve(seen && `${name}@${seen.version}`);
  }

  /** Creates the Secret. @throws {SignetError} `store.exists` when another was faster. */
  async save(set: CaSet): Promise<void> {
    const name = this.#names.at(-1)!;
    try {
      const body = newSecret(set, name, this.#config.namespace);
      await this.#host.client.request({ method: "POST", path: listOf(this.#config), body });
    } catch (thrown) {
      if (refusedStatus(thrown) !== CONFLICT) throw explained(thrown);
      throw new SignetError("store.exists", `Cannot create ${this.#where(name)}: it is there`, {
        cause: thrown,
      });
    }
    await this.#untilSeen(name, fingerprintOf(newSecret(set, name, "")));
  }

  async update(change: (current: CaSet) => Promise<CaSet | undefined>): Promise<string> {
    for (let tries = 1;; tries++) {
      const { name, secret, set } = await this.#find();
      const changed = await change(set);
      if (changed === undefined) return await this.revision() ?? "";
      const body = {
        ...secret,
        data: { ...asObject(secret["data"]), ...secretData(changed) },
      };
      try {
        const path = `${listOf(this.#config)}/${name}`;
        await this.#host.client.request({ method: "PUT", path, body });
        await this.#untilSeen(name, fingerprintOf(body));
        return await this.revision() ?? "";
      } catch (thrown) {
        if (refusedStatus(thrown) !== CONFLICT || tries === MAX_TRIES) {
          throw new SignetError(
            "store.write_failed",
            `Cannot change ${this.#where(name)}: ${(thrown as Error).message}`,
            { cause: thrown },
          );
        }
      }
    }
  }

  /** In a cluster a root is renewed with its key, so that no root has to wait for the last leaf of another. */
  readonly leafEnds: CaStore["leafEnds"] = {
    note: () => Promise.resolve(Infinity),
    last: () => Promise.resolve(undefined),
  };

  get report(): CaStore["report"] {
    return this.#host.local.report;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const reflector of this.#reflectors.values()) await reflector[Symbol.asyncDispose]();
  }

  /** The first Secret that is there, by what was seen. */
  #current(): string | undefined {
    return this.#names.find((name) => this.#seen.has(name));
  }

  #where(name: string): string {
    return whereOf(this.#config, name);
  }

  #follow(name: string): Reflector<Seen> {
    return createReflector({
      path: listOf(this.#config),
      query: { fieldSelector: `metadata.name=${name}` },
      keep: (secret): Seen => ({
        fingerprint: fingerprintOf(secret),
        version: metaOf(secret).resourceVersion,
      }),
      onChange: (_key, seen) => {
        if (seen === undefined) this.#seen.delete(name);
        else if (this.#seen.get(name)?.fingerprint !== seen.fingerprint) this.#seen.set(name, seen);
      },
      onFailure: this.#host.onFailure,
    }, this.#host);
  }

  async #find(): Promise<{ name: string; secret: KubeDocument; set: CaSet }> {
    for (const name of this.#names) {
      const secret = await getSecret(this.#config, this.#host.client, name);
      const set = secret && setOfSecret(secret, this.#where(name));
      if (secret !== undefined && set !== undefined) return { name, secret, set };
    }
    throw new SignetError("store.incomplete", `Cannot change CA: ${this.location} is not there`);
  }

  /** Another's later change is as good: then the watch has gone past. */
  async #untilSeen(name: string, fingerprint: string): Promise<void> {
    const { clock } = this.#host;
    const before = this.#seen.get(name);
    const from = clock.monotonicMs();
    while (clock.monotonicMs() - from < SEEN_TIMEOUT_MS) {
      const seen = this.#seen.get(name);
      if (seen?.fingerprint === fingerprint || seen !== before) return;
      await sleep(clock, LOOK_MS);
    }
  }
}

function pluggedIn(where: string): SignetError {
  return new SignetError(
    "store.refused",
    `Cannot use ${where}: it is a plugged-in CA, not one that a server made; mount it at ROOT_CA_DIR, or unset USE_CACERTS_FOR_SELF_SIGNED_CA`,
  );
}

/** A refusal at start says what to do. */
function explained(thrown: unknown): unknown {
  const status = refusedStatus(thrown);
  if (status !== 403 && status !== 401) return thrown;
  return new SignetError(
    "kube.refused",
    `${
      (thrown as Error).message
    }; grant it (see the manifests), or keep the CA in the state directory by --registries=""`,
    { cause: thrown, fields: { status } },
  );
}
