/**
 * Signet's own certificate: issued by its CA in process, or read from the operator's files, and kept fresh.
 *
 * Long timers fire at once in Deno, so nothing is scheduled for an expiry: a periodic look at the wall clock renews at half life,
 * and so right after a clock jump in either direction. A failed renewal or reload is logged and what was served stays.
 */
import { type Clock, SignetError, type Timer } from "../base/mod.ts";
import type { Ca, CaBundle } from "../ca/mod.ts";
import { type CryptoProvider, parsePrivateKeyPem } from "../crypto/mod.ts";
import { EVENT, type Logger } from "../telemetry/mod.ts";
import type { TrustedRoots } from "../tls/mod.ts";
import { fingerprintFiles, readPemFile, writeServingFiles } from "./file.ts";
import { decodeCertificates, mergeRoots, toPem } from "./material.ts";
import type { ServerCert, ServerCertConfig, ServingMaterial } from "./port.ts";

/** Time between two looks at the wall clock, in milliseconds. */
export const LOOK_AT_CLOCK_MS = 60_000;
/** Time between two looks at files, in milliseconds. */
export const LOOK_AT_FILES_MS = 1_000;

/** What the serving certificate needs of the world. */
export interface ServerCertHost {
  /** Time. */
  readonly clock: Clock;
  /** Key operations, to check the operator's files. */
  readonly crypto: CryptoProvider;
  /** For what was issued, reloaded or failed. */
  readonly logger: Logger;
  /** Issues, and says which roots workloads have. */
  readonly ca: Ca;
}

/**
 * Gets the serving certificate and keeps it fresh until disposed.
 *
 * @throws {SignetError} `server_cert.bad_files` when the operator's files cannot be used; `ca.*` when issuing fails.
 */
export async function loadServerCert(
  config: ServerCertConfig,
  host: ServerCertHost,
): Promise<ServerCert> {
  const logger = host.logger.scoped("ca");
  const extraRoots = await readExtraRoots(config);
  const serving = await obtain(config, host);
  const cert = new LiveServerCert(config, { ...host, logger }, { serving, extraRoots });
  await cert.begin();
  return cert;
}

type Serving = Pick<ServingMaterial, "keyPem" | "certChainPem" | "notBeforeMs" | "notAfterMs">;
type Roots = ReturnType<typeof decodeCertificates>;

interface Parts {
  readonly serving: Serving;
  readonly extraRoots: Roots;
}

async function obtain(config: ServerCertConfig, host: ServerCertHost): Promise<Serving> {
  return config.files === undefined
    ? await issueOwn(config, host)
    : await readOwn(config.files, host);
}

async function issueOwn(config: ServerCertConfig, { ca }: ServerCertHost): Promise<Serving> {
  const issued = await ca.genKeyCert({
    hosts: config.names,
    ttlMs: config.ttlMs,
    checkLifetime: false,
    caller: "signet",
  });
  if (config.writeDirectory !== undefined) await writeServingFiles(config.writeDirectory, issued);
  return issued;
}

async function readOwn(
  { certFile, keyFile }: { readonly certFile: string; readonly keyFile: string },
  { crypto }: ServerCertHost,
): Promise<Serving> {
  const certChainPem = await readPemFile(certFile, "tlsCertFile");
  const keyPem = await readPemFile(keyFile, "tlsKeyFile");
  const leaf = decodeCertificates(certChainPem, `${certFile} (--tlsCertFile)`)[0]!;
  using key = await crypto.importPrivateKey(parsePrivateKeyPem(keyPem));
  if (leaf.publicKey.spki.toHex() !== key.spki.toHex()) {
    throw new SignetError(
      "server_cert.bad_files",
      `Cannot use ${certFile} (--tlsCertFile) with ${keyFile} (--tlsKeyFile): the key does not belong to the first certificate`,
    );
  }
  return { keyPem, certChainPem, notBeforeMs: leaf.notBeforeMs, notAfterMs: leaf.notAfterMs };
}

async function readExtraRoots({ caCertFile }: ServerCertConfig): Promise<Roots> {
  if (caCertFile === undefined) return [];
  return decodeCertificates(
    await readPemFile(caCertFile, "caCertFile"),
    `${caCertFile} (--caCertFile)`,
  );
}

class LiveServerCert implements ServerCert {
  readonly source: "files" | "istiod";
  readonly #config: ServerCertConfig;
  readonly #host: ServerCertHost;
  readonly #listeners = new Set<(material: ServingMaterial) => void>();
  readonly #caSubscription: Disposable;
  readonly #timers = new Set<Timer>();
  #parts: Parts;
  #current: ServingMaterial;
  #clientRoots: TrustedRoots;
  #filesSeen = "";
  #work: Promise<void> = Promise.resolve();
  #ended = false;

  constructor(config: ServerCertConfig, host: ServerCertHost, parts: Parts) {
    this.source = config.files === undefined ? "istiod" : "files";
    this.#config = config;
    this.#host = host;
    this.#parts = parts;
    this.#clientRoots = {
      generation: 1,
      certificates: mergeRoots(host.ca.bundle.roots, parts.extraRoots),
    };
    this.#current = { ...parts.serving, clientRootsPem: toPem(this.#clientRoots.certificates) };
    this.#caSubscription = host.ca.onChange((bundle) =>
      this.#enqueue(() => this.#followRoots(bundle))
    );
  }

  get current(): ServingMaterial {
    return this.#current;
  }

  get clientRoots(): TrustedRoots {
    return this.#clientRoots;
  }

  onChange(listener: (material: ServingMaterial) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  async begin(): Promise<void> {
    this.#every(LOOK_AT_CLOCK_MS, () => this.#lookAtClock());
    if (this.#files.length === 0) return;
    this.#filesSeen = await fingerprintFiles(this.#files);
    this.#every(LOOK_AT_FILES_MS, () => this.#enqueue(() => this.#lookAtFiles()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#ended = true;
    this.#caSubscription[Symbol.dispose]();
    for (const timer of this.#timers) timer.cancel();
    this.#listeners.clear();
    await this.#work;
  }

  get #files(): readonly string[] {
    const { files, caCertFile } = this.#config;
    return [files?.certFile, files?.keyFile, caCertFile].filter((path) => path !== undefined);
  }

  #every(periodMs: number, look: () => void): void {
    const arm = () => {
      const timer = this.#host.clock.setTimer(periodMs, () => {
        this.#timers.delete(timer);
        if (this.#ended) return;
        look();
        arm();
      });
      this.#timers.add(timer);
    };
    arm();
  }

  /** One piece of work at a time; a failure is logged and leaves what is served. */
  #enqueue(work: () => Promise<void>): void {
    this.#work = this.#work.then(async () => {
      if (this.#ended) return;
      try {
        await work();
      } catch (thrown) {
        this.#host.logger.error(
          EVENT.serverCertFailed,
          "Cannot refresh the serving certificate; the one before stays",
          {},
          thrown,
        );
      }
    });
  }

  #lookAtClock(): void {
    if (this.source === "istiod" && this.#isDue()) this.#enqueue(() => this.#renewIfDue());
  }

  /** Half of the lifetime is over, or the clock went back before its start; and a new one could live longer. */
  #isDue(): boolean {
    const { notBeforeMs, notAfterMs } = this.#current;
    const nowMs = this.#host.clock.nowMs();
    if (nowMs < notBeforeMs) return true;
    const half = notBeforeMs + (notAfterMs - notBeforeMs) / 2;
    return nowMs >= half && notAfterMs < this.#host.ca.bundle.caCertificate.notAfterMs;
  }

  async #renewIfDue(): Promise<void> {
    if (this.#isDue()) {
      this.#swap({ ...this.#parts, serving: await issueOwn(this.#config, this.#host) }, "renewed");
    }
  }

  async #followRoots(_bundle: CaBundle): Promise<void> {
    const serving = this.source === "istiod"
      ? await issueOwn(this.#config, this.#host)
      : this.#parts.serving;
    this.#swap({ ...this.#parts, serving }, "the CA changed");
  }

  async #lookAtFiles(): Promise<void> {
    const seen = await fingerprintFiles(this.#files);
    if (seen === this.#filesSeen) return;
    this.#filesSeen = seen;
    const serving = this.#config.files === undefined
      ? this.#parts.serving
      : await readOwn(this.#config.files, this.#host);
    this.#swap({ serving, extraRoots: await readExtraRoots(this.#config) }, "files changed");
  }

  #swap(parts: Parts, reason: string): void {
    this.#parts = parts;
    const certificates = mergeRoots(this.#host.ca.bundle.roots, parts.extraRoots);
    this.#clientRoots = { generation: this.#clientRoots.generation + 1, certificates };
    this.#current = { ...parts.serving, clientRootsPem: toPem(certificates) };
    this.#host.logger.info(EVENT.serverCertChanged, "Serving certificate changed", {
      reason,
      not_after: new Date(this.#current.notAfterMs).toISOString(),
    });
    for (const listener of this.#listeners) listener(this.#current);
  }
}
