/** The self-signed root of the store: loaded, or made when there is none. */
import { isSignetError, SignetError } from "../base/mod.ts";
import type { KeySpec } from "../crypto/mod.ts";
import type { CaSet, CaStore } from "../store/mod.ts";
import { organizationName } from "../x509/mod.ts";
import { type LoadedSet, loadSet } from "./bundle.ts";
import { createRootSet } from "./root.ts";
import { createRotator, type RotationConfig } from "./rotator.ts";
import type { CaHost, CaSource } from "./source.ts";

/** A set that could not be used is tried again after this long, in milliseconds: its files may get their right owner meanwhile. */
const RETRY_MS = 10_000;

/** What a root is to be when one has to be made. */
export interface StoredRootConfig {
  /** Becomes the `O` of a new root. */
  readonly trustDomain: string;
  /** TTL of a new root. */
  readonly selfSignedRootTtlMs: number;
  /** Key of a new root; a root that is there keeps its own. */
  readonly rootKey: KeySpec;
  /** What to do when the store has no CA: the server makes one, a command that only signs does not. */
  readonly whenMissing: "create" | "fail";
  /** When the root is rotated by the clock. */
  readonly rotation: RotationConfig;
}

/**
 * Opens the store's root.
 *
 * @throws {SignetError} `store.*`; a stored root that does not verify is an error at once, never replaced. `ca.not_ready` when there is
 * none and none may be made.
 */
export async function openStored(config: StoredRootConfig, host: CaHost): Promise<CaSource> {
  const { crypto, store, clock } = host;
  const stored = await store.load();
  if (stored === undefined && config.whenMissing === "fail") {
    throw new SignetError(
      "ca.not_ready",
      `Cannot sign: there is no CA in ${store.location}; start the server once, or name its --stateDir`,
    );
  }
  const set = stored ?? await createRootSet({
    subject: organizationName(config.trustDomain),
    ttlMs: config.selfSignedRootTtlMs,
    keySpec: config.rootKey,
  }, { crypto, nowMs: clock.nowMs() });
  const first = await loadStoredSet(set, host, 1);
  if (stored === undefined && !await saveFirst(set, store)) {
    first.key[Symbol.dispose]();
    return await openStored(config, host);
  }
  const rotator = createRotator(config.rotation, host);
  let seen = await store.revision();
  let retryMs = Infinity;
  let { rotation } = set;
  return {
    origin: stored === undefined ? "created" : "loaded",
    location: store.location,
    first,
    remarks: keyRemarks(config.rootKey, first),
    revision: () => seen,
    async next(inForce) {
      await rotator.look({ certificate: inForce.caCertificate, rotation });
      const revision = await store.revision();
      const isAgain = clock.monotonicMs() >= retryMs;
      if (revision === undefined || (revision === seen && !isAgain)) return undefined;
      seen = revision;
      retryMs = clock.monotonicMs() + RETRY_MS;
      const another = await store.load();
      if (another === undefined) return undefined;
      const loaded = await loadStoredSet(another, host, inForce.generation + 1);
      retryMs = Infinity;
      rotation = another.rotation;
      return loaded;
    },
  };
}

/** False when another server that shares the store was faster: its root is everybody's. */
async function saveFirst(set: CaSet, store: CaStore): Promise<boolean> {
  try {
    await store.save(set);
    return true;
  } catch (thrown) {
    if (isSignetError(thrown, "store.exists")) return false;
    throw thrown;
  }
}

/** Checks a set of the store. @throws {SignetError} `store.corrupt`. */
export function loadStoredSet(
  set: CaSet,
  { crypto, store, clock }: Pick<CaHost, "crypto" | "store" | "clock">,
  generation: number,
): Promise<LoadedSet> {
  const { current } = store;
  return loadSet(set, {
    crypto,
    nowMs: clock.nowMs(),
    generation,
    ownRoot: true,
    remedy: "restore it from a backup, or renew it by signet ca rotate when it has expired",
    paths: {
      caCertPem: `${current}/ca-cert.pem`,
      caKeyPem: `${current}/ca-key.pem`,
      rootCertPem: `${current}/root-cert.pem`,
      certChainPem: `${current}/cert-chain.pem`,
    },
  });
}

/** `P-256` or `RSA 4096`. */
function keyName(spec: KeySpec): string {
  return spec.type === "ec" ? spec.curve : spec.type === "rsa" ? `RSA ${spec.bits}` : "Ed25519";
}

function keyRemarks(wanted: KeySpec, { bundle }: LoadedSet): readonly string[] {
  const { kind } = bundle.caCertificate.publicKey;
  const has = kind.type === "rsa" ? `RSA ${kind.bits}` : keyName(kind);
  return has === keyName(wanted) ? [] : [
    `the root that is there has a ${has} key and keeps it; ${
      keyName(wanted)
    } (--selfSignedRootKey) is for new roots`,
  ];
}
