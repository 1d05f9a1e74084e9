/**
 * A plugged-in CA (istiod's `ROOT_CA_DIR`): loaded at start, and taken again when its files have other contents.
 *
 * A set goes into force as a whole or not at all. It has to lie still for a moment, verify, belong together, and keep the roots that
 * workloads trust, unless the mesh may have several. Contents are compared, so that swapped links and overwritten files are one case.
 */
import { messageOf, SignetError, sleep } from "../base/mod.ts";
import { sha256 } from "../crypto/mod.ts";
import type { PluggedInCa, PluggedInSet } from "../store/mod.ts";
import { type Certificate, decodeCertificate, decodeFirstPem } from "../x509/mod.ts";
import { type LoadedSet, loadSet } from "./bundle.ts";
import type { CaBundle } from "./port.ts";
import type { CaHost, CaSource } from "./source.ts";

/** A changed set must stay as it is for this long, in milliseconds. */
export const SETTLE_MS = 100;
/** Looks at a set that keeps changing, before the next round of looking begins. */
const MAX_SETTLE_LOOKS = 10;
const REMEDY = "correct it, or name another ROOT_CA_DIR";

/** How a plugged-in CA is used. */
export interface PluggedInConfig {
  /** False never looks at the files again. */
  readonly reload: boolean;
  /** True allows other roots, as long as one set of roots holds the other. */
  readonly multiRoot: boolean;
}

/**
 * Opens the plugged-in CA; `undefined` when there is none.
 *
 * @throws {SignetError} `store.*`, naming the file and the reason. Nothing is written, here or anywhere else.
 */
export async function openPluggedIn(
  config: PluggedInConfig,
  host: CaHost,
): Promise<CaSource | undefined> {
  const { pluggedIn } = host;
  const set = await pluggedIn?.read();
  if (pluggedIn === undefined || set === undefined) return undefined;
  const first = await loadPluggedInSet(set, host, 1);
  const watch = new PluggedInWatch(pluggedIn, { ...host, multiRoot: config.multiRoot }, set);
  return {
    origin: "plugged-in",
    location: pluggedIn.location,
    first,
    remarks: [...wholeRemarks(set, first), ...await storeRemarks(first.bundle, host)],
    revision: () => watch.seen,
    next: (inForce) => config.reload ? watch.next(inForce) : Promise.resolve(undefined),
  };
}

/**
 * Checks a plugged-in CA, when there is one, without using it.
 *
 * @throws {SignetError} as {@linkcode openPluggedIn}.
 */
export async function checkPluggedIn(
  pluggedIn: PluggedInCa,
  host: Pick<CaHost, "crypto" | "clock">,
): Promise<void> {
  const set = await pluggedIn.read();
  if (set === undefined) return;
  using _key = (await loadPluggedInSet(set, host, 1)).key;
}

/** Checks a set of a plugged-in directory. @throws {SignetError} `store.corrupt`. */
export async function loadPluggedInSet(
  set: PluggedInSet,
  { crypto, clock }: Pick<CaHost, "crypto" | "clock">,
  generation: number,
): Promise<LoadedSet> {
  const nowMs = clock.nowMs();
  const { crlPem, crlPath, paths } = set;
  const loaded = await loadSet(set, {
    crypto,
    nowMs,
    generation,
    paths,
    remedy: REMEDY,
    ownRoot: false,
    crl: crlPem === undefined ? undefined : { pem: crlPem, path: crlPath },
  });
  const [first] = loaded.bundle.chain;
  if (first !== undefined && first.notAfterMs < nowMs) {
    loaded.key[Symbol.dispose]();
    throw new SignetError(
      "store.corrupt",
      `Cannot use ${paths.certChainPem}: cert chain has expired at ${
        new Date(first.notAfterMs).toISOString()
      }; ${REMEDY}`,
    );
  }
  return loaded;
}

class PluggedInWatch {
  readonly #pluggedIn: PluggedInCa;
  readonly #host: CaHost & { readonly multiRoot: boolean };
  #seen: string;
  #inForce: string;
  #chainWasWhole: boolean | undefined;
  #crlPem: string | undefined;

  constructor(
    pluggedIn: PluggedInCa,
    host: CaHost & { readonly multiRoot: boolean },
    set: PluggedInSet,
  ) {
    this.#pluggedIn = pluggedIn;
    this.#host = host;
    this.#seen = this.#inForce = contentOf(set);
    this.#crlPem = set.crlPem;
  }

  /** The state that was looked at last. */
  get seen(): string {
    return this.#seen;
  }

  async next(inForce: CaBundle): Promise<LoadedSet | undefined> {
    const looked = await this.#look();
    if (looked.content === this.#seen) return undefined;
    const settled = await this.#settle(looked.content);
    if (settled === undefined || settled.content === this.#seen) return undefined;
    this.#seen = settled.content;
    if (settled.content === this.#inForce) return undefined;
    if ("thrown" in settled) throw settled.thrown;
    const { set } = settled;
    if (set === undefined) {
      throw new SignetError(
        "store.refused",
        `Cannot reload ${this.#pluggedIn.location}: its files are gone; the CA before stays in force until the next start`,
      );
    }
    // A list that was taken away stays with relying parties until the next start, as in istiod.
    const loaded = await loadPluggedInSet(set, this.#host, inForce.generation + 1);
    try {
      this.#checkRoots(inForce.roots, loaded.bundle.roots);
      this.#checkWhole(inForce, loaded, set);
    } catch (thrown) {
      loaded.key[Symbol.dispose]();
      throw thrown;
    }
    this.#inForce = settled.content;
    this.#chainWasWhole = loaded.chainWasWhole;
    this.#crlPem = set.crlPem ?? this.#crlPem;
    return { ...loaded, bundle: { ...loaded.bundle, crlPem: this.#crlPem } };
  }

  async #look(): Promise<Looked> {
    try {
      const set = await this.#pluggedIn.read();
      return { content: set === undefined ? "gone" : contentOf(set), set };
    } catch (thrown) {
      return { content: `unusable: ${messageOf(thrown)}`, thrown };
    }
  }

  /** The first state that two looks in a row agree on; `undefined` when files kept changing. */
  async #settle(before: string): Promise<Looked | undefined> {
    let content = before;
    for (let looks = 0; looks < MAX_SETTLE_LOOKS; looks++) {
      await sleep(this.#host.clock, SETTLE_MS);
      const looked = await this.#look();
      if (looked.content === content) return looked;
      content = looked.content;
    }
    return undefined;
  }

  #checkRoots(before: readonly Certificate[], after: readonly Certificate[]): void {
    const old = new Set(before.map(({ raw }) => raw.toHex()));
    const fresh = new Set(after.map(({ raw }) => raw.toHex()));
    if (old.size === fresh.size && old.isSubsetOf(fresh)) return;
    const { location } = this.#pluggedIn;
    if (!this.#host.multiRoot) {
      throw new SignetError(
        "store.refused",
        `Cannot reload ${location}: its roots have changed, which breaks workloads that have the old ones; restart signet to take them all the same, or set ISTIO_MULTIROOT_MESH=true and keep the old roots beside the new`,
      );
    }
    if (old.isSubsetOf(fresh) || fresh.isSubsetOf(old)) return;
    throw new SignetError(
      "store.refused",
      `Cannot reload ${location}: neither the old roots nor the new hold all of the others; keep the old roots beside the new until every workload has both`,
    );
  }

  /** A new certificate beside the chain of the old one would verify, and its leaves would not. */
  #checkWhole(inForce: CaBundle, loaded: LoadedSet, set: PluggedInSet): void {
    if (loaded.chainWasWhole || this.#chainWasWhole === false) return;
    const old = inForce.chain.some(({ raw }) => raw.toHex() === inForce.caCertificate.raw.toHex());
    if (!old) return;
    throw new SignetError(
      "store.refused",
      `Cannot reload ${this.#pluggedIn.location}: ${set.paths.certChainPem} does not hold the certificate of ${set.paths.caCertPem}, as it did before: the set is half written or wrong`,
    );
  }
}

type Looked =
  | { readonly content: string; readonly set: PluggedInSet | undefined }
  | { readonly content: string; readonly thrown: unknown };

const KEYS = ["caCertPem", "caKeyPem", "rootCertPem", "certChainPem"] as const;

/** The revision of a plugged-in set: a digest of all contents, so that the key's text is not kept. */
export function contentOf(set: PluggedInSet): string {
  const texts = [set.form, ...KEYS.map((key) => set[key]), set.crlPem ?? null];
  return sha256(new TextEncoder().encode(JSON.stringify(texts))).toHex();
}

function wholeRemarks(set: PluggedInSet, { chainWasWhole }: LoadedSet): readonly string[] {
  return chainWasWhole ? [] : [
    `${set.paths.certChainPem} does not hold the certificate of ${set.paths.caCertPem}: it is sent before that chain`,
  ];
}

/** What the store has beside a plugged-in CA, without using or changing it. */
async function storeRemarks(bundle: CaBundle, { store }: CaHost): Promise<readonly string[]> {
  let stored: Certificate | undefined;
  try {
    const pem = decodeFirstPem((await store.load())?.caCertPem ?? "", { label: "CERTIFICATE" });
    if (pem === undefined) return [];
    stored = decodeCertificate(pem.der);
  } catch (thrown) {
    return [
      `${store.location} holds a CA that is left alone and could not be used: ${messageOf(thrown)}`,
    ];
  }
  const same = bundle.roots.some(({ raw }) => raw.toHex() === stored.raw.toHex());
  return [
    same
      ? `${store.location} holds a CA of the same root, which is left alone`
      : `${store.location} holds another CA, which is left alone: its root is SHA-256 ${
        sha256(stored.raw).toHex()
      }, and workloads that trust it alone do not trust the plugged-in CA`,
  ];
}
