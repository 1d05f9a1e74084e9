/** The CA: its root at start, then signing, one bundle at a time. */
import { type Clock, SignetError } from "../base/mod.ts";
import { type CryptoProvider, encodePrivateKeyPem, type KeySpec } from "../crypto/mod.ts";
import type { CaSet, CaStore } from "../store/mod.ts";
import type { Logger } from "../telemetry/mod.ts";
import { decodePublicKey } from "../x509/mod.ts";
import { acceptCsr } from "./csr_policy.ts";
import { createIssuer, issueLeaf, type Issuer } from "./issue.ts";
import type {
  Ca,
  CaBundle,
  GenKeyCertRequest,
  IssuedCertificate,
  KeyCert,
  SignRequest,
} from "./port.ts";
import { grantTtl } from "./profile.ts";
import { createRootSet, loadSet } from "./root.ts";

/** Settings of a CA; durations in milliseconds. */
export interface CaConfig {
  /** Becomes the `O` of a new root. */
  readonly trustDomain: string;
  /** TTL of a leaf when none is asked for. */
  readonly defaultWorkloadTtlMs: number;
  /** Longest TTL of a leaf. */
  readonly maxWorkloadTtlMs: number;
  /** TTL of a new root. */
  readonly selfSignedRootTtlMs: number;
  /** Smallest RSA key that a CSR may bring, in bits. */
  readonly minRsaBits: number;
  /** What to do when the store has no CA: the server makes one, a command that only signs does not. */
  readonly whenMissing: "create" | "fail";
}

/** What a CA needs of the world. */
export interface CaHost {
  /** Time. */
  readonly clock: Clock;
  /** Key operations. */
  readonly crypto: CryptoProvider;
  /** Where the root is kept. */
  readonly store: CaStore;
  /** For audit records. */
  readonly logger: Logger;
}

const ROOT_KEY: KeySpec = { type: "ec", curve: "P-256" };

/**
 * Loads the root, or makes and saves one when there is none.
 *
 * @throws {SignetError} `store.*`; a stored root that does not verify is an error at once, never replaced.
 */
export async function createCa(config: CaConfig, host: CaHost): Promise<Ca> {
  const { crypto, store, clock } = host;
  const stored = await store.load();
  if (stored === undefined && config.whenMissing === "fail") {
    throw new SignetError(
      "ca.not_ready",
      `Cannot sign: there is no CA in ${store.location}; start the server once, or name its --stateDir`,
    );
  }
  const set = stored ?? await createRootSet(
    { organization: config.trustDomain, ttlMs: config.selfSignedRootTtlMs, keySpec: ROOT_KEY },
    crypto,
    clock.nowMs(),
  );
  const issuer = await checkedIssuer(set, host, 1);
  if (stored === undefined) await store.save(set);
  const revision = await store.revision();
  return new LiveCa(config, host, {
    issuer,
    revision,
    origin: stored === undefined ? "created" : "loaded",
  });
}

async function checkedIssuer(
  set: CaSet,
  { crypto, store, clock }: CaHost,
  generation: number,
): Promise<Issuer> {
  const where = `${store.location}/current`;
  const { bundle, key } = await loadSet(set, { crypto, nowMs: clock.nowMs(), where, generation });
  return createIssuer(bundle, key);
}

interface Beginning {
  readonly issuer: Issuer;
  readonly revision: string | undefined;
  readonly origin: "created" | "loaded";
}

class LiveCa implements Ca {
  readonly #config: CaConfig;
  readonly #host: CaHost;
  readonly #audit: Logger;
  #issuer: Issuer;
  #revision: string | undefined;
  readonly #listeners = new Set<(bundle: CaBundle) => void>();
  readonly origin: "created" | "loaded";

  constructor(config: CaConfig, host: CaHost, { issuer, revision, origin }: Beginning) {
    this.#config = config;
    this.#host = host;
    this.#audit = host.logger.scoped("audit");
    this.#issuer = issuer;
    this.#revision = revision;
    this.origin = origin;
  }

  get bundle(): CaBundle {
    return this.#issuer.bundle;
  }

  get location(): string {
    return this.#host.store.location;
  }

  async sign(request: SignRequest): Promise<IssuedCertificate> {
    const csr = await acceptCsr(request.csrPem, this.#host.crypto, this.#config);
    const ttlMs = grantTtl(request.requestedTtlSeconds, {
      defaultTtlMs: this.#config.defaultWorkloadTtlMs,
      maxTtlMs: this.#config.maxWorkloadTtlMs,
    });
    return await issueLeaf(this.#issuer, {
      publicKey: csr.publicKey,
      identities: request.identities,
      ttlMs,
      withCommonName: csr.subjectHasCommonName,
      caller: request.caller,
      ...(request.beforeSigning && { beforeSigning: request.beforeSigning }),
    }, this.#issueOptions());
  }

  async signWithCertChain(request: SignRequest): Promise<string> {
    const { certificatePem, bundle } = await this.sign(request);
    return certificatePem + bundle.chainPems.join("");
  }

  async genKeyCert(request: GenKeyCertRequest): Promise<KeyCert> {
    const { hosts, caller } = request;
    const ttlMs = request.checkLifetime
      ? grantTtl(BigInt(Math.ceil(request.ttlMs / 1000)), {
        defaultTtlMs: this.#config.defaultWorkloadTtlMs,
        maxTtlMs: this.#config.maxWorkloadTtlMs,
      })
      : request.ttlMs;
    const { pkcs8, spki } = await this.#host.crypto.generateKey(ownKeySpec(this.#issuer));
    const leaf = await issueLeaf(this.#issuer, {
      publicKey: decodePublicKey(spki),
      identities: hosts,
      ttlMs,
      withCommonName: false,
      caller,
    }, this.#issueOptions());
    return {
      notBeforeMs: leaf.notBeforeMs,
      notAfterMs: leaf.notAfterMs,
      keyPem: encodePrivateKeyPem(pkcs8),
      certChainPem: leaf.certificatePem + leaf.bundle.chainPems.join(""),
    };
  }

  async reload(): Promise<boolean> {
    const { store } = this.#host;
    const revision = await store.revision();
    if (revision === undefined || revision === this.#revision) return false;
    const set = await store.load();
    if (set === undefined) return false;
    this.#revision = revision;
    const before = this.#issuer;
    this.#issuer = await checkedIssuer(set, this.#host, before.bundle.generation + 1);
    before.key[Symbol.dispose]();
    for (const listener of this.#listeners) listener(this.#issuer.bundle);
    return true;
  }

  onChange(listener: (bundle: CaBundle) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    this.#issuer.key[Symbol.dispose]();
  }

  #issueOptions(): { readonly nowMs: number; readonly audit: Logger } {
    return { nowMs: this.#host.clock.nowMs(), audit: this.#audit };
  }
}

/** istiod's rule for keys that the CA makes itself. */
function ownKeySpec({ key }: Issuer): KeySpec {
  if (key.kind.type === "rsa") return { type: "rsa", bits: 2048 };
  return {
    type: "ec",
    curve: key.kind.type === "ec" && key.kind.curve === "P-384" ? "P-384" : "P-256",
  };
}
