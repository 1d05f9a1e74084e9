/** The CA: its source at start, then signing, one bundle at a time. */
import { messageOf, SignetError } from "../base/mod.ts";
import { encodePrivateKeyPem, type KeySpec } from "../crypto/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import { decodePublicKey } from "../x509/mod.ts";
import { acceptCsr } from "./csr_policy.ts";
import { createIssuer, issueLeaf, type Issuer } from "./issue.ts";
import type { LoadedSet } from "./bundle.ts";
import { openPluggedIn, type PluggedInConfig } from "./plugged_in.ts";
import type {
  Ca,
  CaBundle,
  GenKeyCertRequest,
  IssuedCertificate,
  KeyCert,
  SignRequest,
} from "./port.ts";
import { grantTtl, type TtlRules } from "./profile.ts";
import { keyIdOf } from "./rotation.ts";
import type { CaHost, CaSource } from "./source.ts";
import { openStored, type StoredRootConfig } from "./stored.ts";

/** Settings of a CA; durations in milliseconds. */
export interface CaConfig extends StoredRootConfig {
  /** TTL of a leaf when none is asked for. */
  readonly defaultWorkloadTtlMs: number;
  /** Longest TTL of a leaf. */
  readonly maxWorkloadTtlMs: number;
  /** Smallest RSA key that a CSR may bring, in bits. */
  readonly minRsaBits: number;
  /** How a plugged-in CA is used, when there is one. */
  readonly pluggedIn: PluggedInConfig;
}

/**
 * Takes the plugged-in CA when there is one; else loads the root of the store, or makes and saves one when there is none.
 *
 * @throws {SignetError} `store.*`; a set that is incomplete or does not verify is an error at once, never replaced or gone past.
 */
export async function createCa(config: CaConfig, host: CaHost): Promise<Ca> {
  const source = await openPluggedIn(config.pluggedIn, host) ?? await openStored(config, host);
  const logger = host.logger.scoped("ca");
  const facts = { origin: source.origin, location: source.location };
  logger.info(EVENT.caReady, "CA is ready", facts);
  for (const remark of source.remarks) logger.warn(EVENT.caReady, remark, facts);
  return new LiveCa(config, host, source);
}

class LiveCa implements Ca {
  readonly #config: CaConfig;
  readonly #host: CaHost;
  readonly #source: CaSource;
  readonly #audit: Logger;
  #issuer: Issuer;
  /** Signatures under way, by the issuer whose key they need: a key that was replaced goes with its last one. */
  readonly #uses = new Map<Issuer, number>();
  /** Leaves that end before this need no note: one that ends as late is noted for the key that signs. */
  #notedUntilMs = 0;
  readonly #listeners = new Set<(bundle: CaBundle) => void>();

  constructor(config: CaConfig, host: CaHost, source: CaSource) {
    this.#config = config;
    this.#host = host;
    this.#source = source;
    this.#audit = host.logger.scoped("audit");
    this.#issuer = createIssuer(source.first.bundle, source.first.key);
  }

  get origin(): Ca["origin"] {
    return this.#source.origin;
  }

  get remarks(): readonly string[] {
    return this.#source.remarks;
  }

  get bundle(): CaBundle {
    return this.#issuer.bundle;
  }

  get location(): string {
    return this.#source.location;
  }

  async sign(request: SignRequest): Promise<IssuedCertificate> {
    const csr = await acceptCsr(request.csrPem, this.#host.crypto, this.#config);
    const ttlMs = grantTtl(request.requestedTtlSeconds, this.#ttlRules());
    const issuer = this.#issuer;
    using _inUse = this.#use(issuer);
    const leaf = await issueLeaf(issuer, {
      publicKey: csr.publicKey,
      identities: request.identities,
      ttlMs,
      withCommonName: csr.subjectHasCommonName,
      caller: request.caller,
      ...(request.beforeSigning && { beforeSigning: request.beforeSigning }),
    }, this.#issueOptions());
    if (leaf.notAfterMs > this.#notedUntilMs || issuer !== this.#issuer) {
      await this.#note(issuer, leaf);
    }
    return leaf;
  }

  async signWithCertChain(request: SignRequest): Promise<string> {
    const { certificatePem, bundle } = await this.sign(request);
    return certificatePem + bundle.chainPems.join("");
  }

  async genKeyCert(request: GenKeyCertRequest): Promise<KeyCert> {
    const { hosts, caller } = request;
    const rules = this.#ttlRules();
    const ttlMs = grantTtl(
      BigInt(Math.ceil(request.ttlMs / 1000)),
      request.checkLifetime ? rules : { ...rules, maxTtlMs: Number.MAX_SAFE_INTEGER },
    );
    const { pkcs8, spki } = await this.#host.crypto.generateKey(ownKeySpec(this.#issuer));
    const issuer = this.#issuer;
    using _inUse = this.#use(issuer);
    const leaf = await issueLeaf(issuer, {
      publicKey: decodePublicKey(spki),
      identities: hosts,
      ttlMs,
      // A server certificate without a subject is refused by clients that print it (kdig 3.2); its own names come first.
      withCommonName: true,
      commonName: hosts.find((host) => /^[a-z]/i.test(host) && host.includes(".")) ?? hosts[0],
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
    const before = this.#source.revision();
    try {
      const next = await this.#source.next(this.bundle);
      if (next === undefined) {
        // What was refused is gone, and what is in force is back in its place.
        if (this.#source.revision() !== before) await this.#report();
        return false;
      }
      this.#take(next);
    } catch (thrown) {
      if (this.#source.revision() !== before) await this.#report(messageOf(thrown));
      throw thrown;
    }
    await this.#report();
    return true;
  }

  /** Tells commands what is in force; a server does so when it begins to serve. */
  async announce(): Promise<void> {
    await this.#report();
  }

  async #report(refused?: string): Promise<void> {
    const revision = this.#source.revision();
    await this.#host.store.report.write({
      origin: this.origin,
      location: this.location,
      ...(revision === undefined ? {} : { revision }),
      ...(refused === undefined ? {} : { refused }),
    });
  }

  #take(next: LoadedSet): void {
    const before = this.#issuer;
    this.#issuer = createIssuer(next.bundle, next.key);
    if (!this.#uses.has(before)) before.key[Symbol.dispose]();
    this.#notedUntilMs = 0;
    for (const listener of this.#listeners) listener(next.bundle);
  }

  /** Keeps an issuer's key until what is returned is disposed. */
  #use(issuer: Issuer): Disposable {
    this.#uses.set(issuer, (this.#uses.get(issuer) ?? 0) + 1);
    return {
      [Symbol.dispose]: () => {
        const left = this.#uses.get(issuer)! - 1;
        if (left > 0) return void this.#uses.set(issuer, left);
        this.#uses.delete(issuer);
        if (issuer !== this.#issuer) issuer.key[Symbol.dispose]();
      },
    };
  }

  onChange(listener: (bundle: CaBundle) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  [Symbol.dispose](): void {
    this.#listeners.clear();
    this.#issuer.key[Symbol.dispose]();
  }

  /** Keeps how long leaves of a self-signed root's key live: its old root is withdrawn after the last of them. */
  async #note({ bundle }: Issuer, { notAfterMs }: IssuedCertificate): Promise<void> {
    if (this.origin === "plugged-in") {
      this.#notedUntilMs = Infinity;
      return;
    }
    const until = await this.#host.store.leafEnds.note(keyIdOf(bundle.caCertificate), notAfterMs);
    if (bundle === this.bundle) this.#notedUntilMs = until;
  }

  /** The default is cut at what is left of the chain's first certificate, as in istiod; there it stays as it was at start. */
  #ttlRules(): TtlRules {
    const { defaultWorkloadTtlMs, maxWorkloadTtlMs } = this.#config;
    const rules = { defaultTtlMs: defaultWorkloadTtlMs, maxTtlMs: maxWorkloadTtlMs };
    const [first] = this.bundle.chain;
    if (first === undefined) return rules;
    const leftMs = first.notAfterMs - this.#host.clock.nowMs();
    if (leftMs > 0) return { ...rules, defaultTtlMs: Math.min(defaultWorkloadTtlMs, leftMs) };
    throw new SignetError("ca.cert_gen_error", "Cannot issue certificate: cert chain has expired");
  }

  #issueOptions(): Parameters<typeof issueLeaf>[2] {
    const { clock, crypto } = this.#host;
    return { nowMs: clock.nowMs(), audit: this.#audit, hasher: crypto };
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
