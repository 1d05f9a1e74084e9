/** The signers of a cluster as the rest of signet uses them: for workloads' certificates, for its own, and whose roots are whose. */
import { createTaskGroup, isSignetError, messageOf, SignetError, sleep } from "../base/mod.ts";
import { EVENT } from "../telemetry/mod.ts";
import type { Certificate } from "../x509/mod.ts";
import type { WorkloadSigner } from "./port.ts";
import {
  type AskSigner,
  createRegistrationAuthority,
  type RegistrationConfig,
  type RegistrationHost,
} from "./registration.ts";
import {
  type MeshCaCertificates,
  openSignerRoots,
  type RootList,
  type SignerRoots,
  type SignerRootsWatch,
} from "./signer_roots.ts";

/** Time between two looks at the roots, in milliseconds. */
const LOOK_MS = 1_000;

/** Settings. */
export interface SignersConfig {
  /** How workloads' certificates are asked for; `undefined` where the built-in CA signs those. */
  readonly workloads: RegistrationConfig | undefined;
  /** Files with roots, of which the first that is there counts. */
  readonly rootFiles: readonly string[];
}

/** What it needs of the world. */
export interface SignersHost extends Pick<RegistrationHost, "clock" | "crypto" | "logger"> {
  /** The cluster. */
  readonly kube: { readonly askSigner: AskSigner } | undefined;
  /** `caCertificates` of the mesh config as they are now; the same list as long as nothing changed. */
  readonly meshCaCertificates: () => readonly MeshCaCertificates[];
}

/** Signers; disposing it ends the looks at their roots. */
export interface Signers extends AsyncDisposable {
  /** Signs workloads' certificates; `undefined` where the built-in CA does. */
  readonly workloads: WorkloadSigner | undefined;
  /** For people: which signers workloads' certificates come from. */
  readonly described: string;
  /** Asks a signer. */
  readonly ask: AskSigner;
  /** Roots of the signers that sign for workloads: those of the file, and the mesh config's of each; none where the built-in CA does. */
  readonly roots: readonly Certificate[];
  /** The roots of one signer: the mesh config's, else the file's. */
  rootsOf(signerName: string): RootList | undefined;
  /** Calls `listener` after every change of the roots. */
  onChange(listener: () => void): Disposable;
}

/**
 * Reads the roots and goes on looking at them; `undefined` without settings.
 *
 * @throws {SignetError} `store.*` for roots that cannot be used; `ca.not_ready` without a cluster.
 */
export async function openSigners(
  config: SignersConfig | undefined,
  host: SignersHost,
): Promise<Signers | undefined> {
  if (config === undefined) return undefined;
  if (host.kube === undefined) {
    throw new SignetError(
      "ca.not_ready",
      "Cannot ask signers of a cluster: there is none; run in a pod with a service account's token, or give --kubeconfig",
    );
  }
  const { rootFiles: files, workloads } = config;
  const roots = await openSignerRoots({ files, mesh: host.meshCaCertificates });
  const signers = new LiveSigners(config, host, { ask: host.kube.askSigner, watch: roots });
  if (workloads !== undefined) {
    host.logger.scoped("ca").info(EVENT.caReady, "Signers of the cluster sign for workloads", {
      signers: signers.described,
      roots: signers.roots.length.toString(),
    });
  }
  return signers;
}

class LiveSigners implements Signers {
  readonly #config: SignersConfig;
  readonly #watch: SignerRootsWatch;
  readonly #tasks;
  readonly #listeners = new Set<() => void>();
  readonly ask: AskSigner;
  readonly workloads: WorkloadSigner | undefined;
  readonly described: string;

  constructor(
    config: SignersConfig,
    host: SignersHost,
    { ask, watch }: { readonly ask: AskSigner; readonly watch: SignerRootsWatch },
  ) {
    const { workloads } = config;
    this.#config = config;
    this.#watch = watch;
    this.ask = ask;
    const roots = () => watch.current;
    this.workloads = workloads && createRegistrationAuthority(workloads, { ...host, ask, roots });
    this.described = workloads === undefined ? "none" : describe(workloads);
    this.#tasks = createTaskGroup({
      onError: (_name, thrown) => this.#failed(host, thrown),
    });
    this.#tasks.run("look at the roots of signers", (signal) => this.#follow(host, signal));
  }

  get roots(): readonly Certificate[] {
    const { workloads } = this.#config;
    return workloads === undefined ? [] : rootsFor(workloads, this.#watch.current);
  }

  rootsOf(signerName: string): RootList | undefined {
    const { file, mesh } = this.#watch.current;
    return mesh.get(signerName) ?? file;
  }

  onChange(listener: () => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async #follow(host: SignersHost, signal: AbortSignal): Promise<void> {
    for (;;) {
      await sleep(host.clock, LOOK_MS, { signal });
      try {
        if (!await this.#watch.look()) continue;
      } catch (thrown) {
        if (!isSignetError(thrown)) throw thrown;
        this.#failed(host, thrown);
        continue;
      }
      host.logger.scoped("ca").info(EVENT.caReloaded, "Roots of signers changed");
      for (const listener of this.#listeners) listener();
    }
  }

  #failed({ logger }: SignersHost, thrown: unknown): void {
    const reason = messageOf(thrown);
    const message = "Cannot use the changed roots of signers; those before stay";
    logger.scoped("ca").error(EVENT.caReloadFailed, message, { reason });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#listeners.clear();
    await this.#tasks[Symbol.asyncDispose]();
  }
}

function describe({ signerName, signerDomain }: RegistrationConfig): string {
  const chosen = signerDomain === "" ? [] : [`${signerDomain}/...`];
  return [...(signerName === "" ? [] : [signerName]), ...chosen].join(", ");
}

function rootsFor(
  { signerName, signerDomain }: RegistrationConfig,
  { file, mesh }: SignerRoots,
): readonly Certificate[] {
  const isAsked = (name: string) =>
    name === signerName || (signerDomain !== "" && name.startsWith(`${signerDomain}/`));
  const ofMesh = [...mesh].filter(([name]) => isAsked(name)).map(([, list]) => list);
  const lists = [...(file === undefined ? [] : [file]), ...ofMesh];
  const byOctets = new Map(
    lists.flatMap(({ certificates }) => certificates).map((root) => [root.raw.toHex(), root]),
  );
  return [...byOctets.values()];
}
